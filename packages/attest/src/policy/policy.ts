import type { EvidenceKind } from '../evidence.ts';
import type { AmdPolicy } from './amd-policy.ts';
import type { IntelPolicy } from './intel-policy.ts';
import type { NitroPolicy, TpmPolicy } from './measured-boot-policy.ts';
import type { NvidiaPolicy } from './nvidia-policy.ts';

/** Which PKI a root anchors; a root counts for evidence of its own kind only. */
export type RootKind = 'intel' | 'amd' | 'nvidia-device' | 'nvidia-rim' | 'nras' | 'aws' | 'tpm';

export const rootKinds: readonly RootKind[] = [
  'intel',
  'amd',
  'nvidia-device',
  'nvidia-rim',
  'nras',
  'aws',
  'tpm',
];

/** A trust anchor that a policy names. Only the vendors' own certificates, known to the code, count as hardware. */
export interface PolicyRoot {
  /** For people, for example `Intel SGX Root CA`. */
  readonly name: string;
  readonly kind: RootKind;
  readonly certificatePem: string;
}

/** Particular machines, by the `platformId` of the measurements (PPID, chip id, device serial …), lowercase hex. */
export interface PlatformPolicy {
  /** Only these; `null` accepts any. */
  readonly allow: readonly string[] | null;
  /** Never these, whatever `allow` says. */
  readonly deny: readonly string[];
}

/** What a relying party accepts, as data. `defaultPolicy` is strict. */
export interface EvidencePolicy {
  readonly version: 1;
  /** Evidence of another kind is refused before anything else is looked at. */
  readonly kinds: readonly EvidenceKind[];
  readonly roots: readonly PolicyRoot[];
  readonly platforms: PlatformPolicy;
  /** Lowercase hex SHA-256 of accepted application composes; `null` accepts any and leaves the claim unknown. */
  readonly composeHashes: readonly string[] | null;
  /** Take the compose hashes that the model's creator registered on chain as accepted too. */
  readonly acceptRegisteredComposeHashes: boolean;
  /** Lowercase hex SHA-256 of accepted guest images, where the evidence measures one; `null` accepts any. */
  readonly imageDigests: readonly string[] | null;
  /** A keyset that lives longer than this is refused. */
  readonly maxKeysetLifetimeSeconds: number;
  /** Evidence that states its own time (Nitro documents, EAT tokens, OCSP answers) may not be older than this. */
  readonly maxEvidenceAgeSeconds: number;
  readonly intel: IntelPolicy;
  readonly amd: AmdPolicy;
  readonly nvidia: NvidiaPolicy;
  readonly nitro: NitroPolicy;
  readonly tpm: TpmPolicy;
}
