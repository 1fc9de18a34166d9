import { derEnumerated, derInteger, derOctetString, derOid, derSequence } from './der-writer.ts';

const SGX = '1.2.840.113741.1.13.1';

/** What a PCK certificate says about its platform. */
export interface PlatformIdentity {
  /** 16 bytes. */
  readonly ppid: Uint8Array;
  /** 16 component SVNs. */
  readonly cpuSvn: Uint8Array;
  readonly pceSvn: number;
  /** 2 bytes. */
  readonly pceId: Uint8Array;
  /** 6 bytes. */
  readonly fmspc: Uint8Array;
}

/** Value of the SGX extension (Intel, SGX PCK Certificate and CRL Profile Specification, section 1.3.5). */
export function writeSgxExtension(platform: PlatformIdentity): Uint8Array<ArrayBuffer> {
  const field = (suffix: string, value: Uint8Array): Uint8Array =>
    derSequence(derOid(`${SGX}.${suffix}`), value);
  const components = Array.from(platform.cpuSvn, (svn, i) => field(`2.${i + 1}`, derInteger(svn)));
  const tcb = derSequence(
    ...components,
    field('2.17', derInteger(platform.pceSvn)),
    field('2.18', derOctetString(platform.cpuSvn)),
  );
  return derSequence(
    field('1', derOctetString(platform.ppid)),
    field('2', tcb),
    field('3', derOctetString(platform.pceId)),
    field('4', derOctetString(platform.fmspc)),
    field('5', derEnumerated(0)),
  );
}
