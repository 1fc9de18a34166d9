export type AmdProduct = 'milan' | 'genoa' | 'turin';

export const amdProducts: readonly AmdProduct[] = ['milan', 'genoa', 'turin'];

/** Security versions, 0 to 255 each; `fmc` exists on Turin only. */
export interface AmdTcb {
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
  readonly fmc?: number;
}

/** What is accepted of SEV-SNP. */
export interface AmdPolicy {
  /** Milan is left out by default: its secrets were extracted from hardware. */
  readonly products: readonly AmdProduct[];
  /** Which key may have signed: the chip's own, or one loaded for a provider, which names no chip. */
  readonly endorsements: readonly ('vcek' | 'vlek')[];
  /** The least reported and committed TCB of each product; absent accepts any. */
  readonly minTcb: Readonly<Partial<Record<AmdProduct, AmdTcb>>>;
  /** Lowercase hex, 48 bytes; `null` accepts any launch digest. */
  readonly launchDigests: readonly string[] | null;
  /** Lowercase hex, 32 bytes; `null` accepts any host data. */
  readonly hostData: readonly string[] | null;
  /** A report from a higher (less privileged) level is refused. */
  readonly maxVmpl: number;
  readonly allowSmt: boolean;
  readonly allowMigrationAgent: boolean;
}
