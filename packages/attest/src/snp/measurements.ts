import { toHex } from '@dcml/core';
import type { CommonMeasurements } from '../measurements.ts';
import type { AmdProduct, AmdTcb } from '../policy/amd-policy.ts';
import type { EndorsementKind } from './endorsement.ts';
import type { AuthenticSnpReport } from './judge-snp.ts';

/** What an authentic SNP report says about processor and guest. Byte strings as lowercase hex. */
export interface SnpFacts {
  readonly product: AmdProduct;
  readonly endorsement: EndorsementKind;
  /** The provider of a VLEK, as AMD certified it. */
  readonly providerId: string | null;
  /** 48 bytes. */
  readonly launchDigest: string;
  /** 32 bytes. */
  readonly hostData: string;
  readonly guestSvn: number;
  readonly vmpl: number;
  readonly familyId: string;
  readonly imageId: string;
  /** Digest of the key that signed the guest's id block; null without one. */
  readonly idKeyDigest: string | null;
  readonly authorKeyDigest: string | null;
  /** Null if the report's TCB versions contradict each other. */
  readonly reportedTcb: AmdTcb | null;
  readonly committedTcb: AmdTcb | null;
}

export interface SnpMeasurements extends CommonMeasurements, SnpFacts {
  readonly kind: 'snp';
}

function digest(bytes: Uint8Array): string | null {
  return bytes.some((byte) => byte !== 0) ? toHex(bytes) : null;
}

export function measureSnp({ report, endorsement, tcbs }: AuthenticSnpReport): SnpFacts {
  return {
    product: endorsement.product,
    endorsement: endorsement.kind,
    providerId: endorsement.providerId ?? null,
    launchDigest: toHex(report.measurement),
    hostData: toHex(report.hostData),
    guestSvn: report.guestSvn,
    vmpl: report.vmpl,
    familyId: toHex(report.familyId),
    imageId: toHex(report.imageId),
    idKeyDigest: digest(report.idKeyDigest),
    authorKeyDigest: digest(report.authorKeyDigest),
    reportedTcb: tcbs?.reported ?? null,
    committedTcb: tcbs?.committed ?? null,
  };
}
