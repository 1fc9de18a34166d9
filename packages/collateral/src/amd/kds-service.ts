import { type AmdProduct, type AmdTcb, productNames } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { parseServiceUrl, serviceUrl } from '../http/service-url.ts';

/** AMD's key distribution service, or a mirror of it with the same paths. */
export interface KdsService {
  /** Default: `https://kdsintf.amd.com`. */
  readonly url?: string;
  /** PEM of the CA of a mirror's TLS certificate, where that is no public one. */
  readonly caPem?: string;
}

export const amdKdsUrl = 'https://kdsintf.amd.com';

export type EndorsementKey = 'vcek' | 'vlek';

/** A chip's key at one TCB. */
export interface ChipKey {
  readonly product: AmdProduct;
  /** 64 bytes, as in the report. */
  readonly chipId: Uint8Array;
  readonly tcb: AmdTcb;
}

/** What the service calls a chip: on Turin only the first 8 bytes of the id mean something. */
export function hardwareId({ product, chipId }: ChipKey): string {
  if (chipId.every((byte) => byte === 0)) {
    throw new CollateralError(
      'COLLATERAL_INPUT',
      'report: its chip id is masked, so that no VCEK can be found',
    );
  }
  if (product !== 'turin') return toHex(chipId);
  if (chipId.subarray(8).some((byte) => byte !== 0)) {
    throw new CollateralError('COLLATERAL_INPUT', 'report: a Turin chip id has 8 bytes');
  }
  return toHex(chipId.subarray(0, 8));
}

/** Security patch levels in the service's words (VCEK Certificate and KDS Interface Specification, chapter 4). */
export function tcbQuery({ bootloader, tee, snp, microcode, fmc }: AmdTcb): Readonly<Record<string, string>> {
  const level = (value: number): string => String(value).padStart(2, '0');
  return {
    ...(fmc === undefined ? {} : { fmcSPL: level(fmc) }),
    blSPL: level(bootloader),
    teeSPL: level(tee),
    snpSPL: level(snp),
    ucodeSPL: level(microcode),
  };
}

/** The address of a document about a product. Throws `COLLATERAL_INPUT`. */
export function kdsUrl(
  service: KdsService,
  key: EndorsementKey,
  product: AmdProduct,
  document: string,
  query: Readonly<Record<string, string>> = {},
): URL {
  const base = parseServiceUrl(service.url ?? amdKdsUrl);
  return serviceUrl(base, `/${key}/v1/${productNames[product]}/${document}`, query);
}

export function kdsTls({ caPem }: KdsService): { caPem?: string } {
  return caPem === undefined ? {} : { caPem };
}
