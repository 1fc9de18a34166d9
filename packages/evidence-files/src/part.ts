import type { NvidiaDeviceEvidence, RuntimeEvent, TpmQuote } from '@dcml/attest';
import type { CertificateOutline, CrlOutline } from './der/outline.ts';

/** What a TEE made. */
export type EvidencePart =
  | {
      readonly type: 'intel-quote';
      readonly tee: 'tdx' | 'sgx';
      readonly version: number;
      readonly quote: Uint8Array;
    }
  | { readonly type: 'snp-report'; readonly report: Uint8Array }
  /** Azure's paravisor report: a hardware report and the runtime data that it binds. */
  | { readonly type: 'hcl-report'; readonly hardware: 'snp' | 'tdx'; readonly report: Uint8Array }
  | { readonly type: 'nitro-document'; readonly document: Uint8Array }
  /** TPMS_ATTEST alone, without signature and register values. */
  | { readonly type: 'tpm-message'; readonly message: Uint8Array }
  | { readonly type: 'tpm-quote'; readonly quote: TpmQuote }
  | {
      readonly type: 'nvidia-device';
      readonly role: NvidiaDeviceEvidence['role'];
      readonly report: Uint8Array;
      /** DER from the attestation key's certificate on; empty if the file has none. */
      readonly chain: readonly Uint8Array[];
    }
  | { readonly type: 'nras-token'; readonly token: string };

/** What explains evidence, and means nothing without it. */
export type AccompanyingPart =
  | { readonly type: 'runtime-events'; readonly events: readonly RuntimeEvent[] }
  | { readonly type: 'app-compose'; readonly text: string }
  /** TCG or CC event log, binary. */
  | { readonly type: 'measured-log'; readonly log: Uint8Array };

/** What vendors publish about their hardware. */
export type CollateralPart =
  | ({ readonly type: 'certificate' } & CertificateOutline)
  | ({ readonly type: 'crl' } & CrlOutline)
  | { readonly type: 'ocsp-response'; readonly der: Uint8Array }
  /** Text exactly as signed. */
  | { readonly type: 'tcb-info'; readonly text: string; readonly signatureHex: string }
  | { readonly type: 'qe-identity'; readonly text: string; readonly signatureHex: string }
  | { readonly type: 'rim'; readonly xml: string }
  | { readonly type: 'jwks'; readonly text: string };

export type Part = EvidencePart | AccompanyingPart | CollateralPart;
export type PartType = Part['type'];
export type PartOf<Type extends PartType> = Extract<Part, { readonly type: Type }>;

const evidenceTypes: readonly PartType[] = [
  'intel-quote',
  'snp-report',
  'hcl-report',
  'nitro-document',
  'tpm-message',
  'tpm-quote',
  'nvidia-device',
  'nras-token',
];

export function isEvidencePart(part: Part): part is EvidencePart {
  return evidenceTypes.includes(part.type);
}

/** The parts of one type, in order. */
export function partsOf<Type extends PartType>(parts: readonly Part[], type: Type): PartOf<Type>[] {
  return parts.filter((part): part is PartOf<Type> => part.type === type);
}

/** How evidence of a file carries its user's nonce in the slot for report data. */
export type NonceScheme =
  /** The nonce, then zeros up to the size of the slot. */
  | { readonly type: 'padded' }
  /** 32 bytes over the service's key, then the nonce of 32 bytes (NEAR AI, private-ml). */
  | { readonly type: 'key-then-nonce'; readonly head: Uint8Array }
  /** SHA-256 of the ACI statement over keyset digest and nonce, then 32 zeros. */
  | { readonly type: 'aci-statement'; readonly keysetDigest: string };

/** What one machine shows. */
export interface Subject {
  /** Which of several in the file; empty if there is one. */
  readonly label: string;
  readonly parts: readonly Part[];
  readonly nonceScheme: NonceScheme;
}

/** A file that was recognized. */
export interface FileContents {
  /** For people: the form, for example `Intel TDX quote v4 (hex)`. */
  readonly description: string;
  readonly subjects: readonly Subject[];
}

/** Contents of a file about one machine. */
export function oneSubject(description: string, ...parts: readonly Part[]): FileContents {
  return { description, subjects: [{ label: '', parts, nonceScheme: { type: 'padded' } }] };
}
