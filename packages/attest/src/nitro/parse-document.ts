import { CborReader } from '../cbor/cbor-reader.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { type CoseSign1, parseCoseSign1 } from './cose-sign1.ts';

const WHAT = 'Nitro document';
const MAX_CERTIFICATE_BYTES = 1024;
const MAX_CA_CERTIFICATES = 8;
const MAX_PCR = 31;
const PCR_BYTES: readonly number[] = [32, 48, 64];

const required = ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'] as const;
const optional = ['public_key', 'user_data', 'nonce'] as const;
type Member = (typeof required)[number] | (typeof optional)[number];
const members: readonly string[] = [...required, ...optional];

/** A value that the enclave chose, and where it begins in the document. */
export interface EnclaveValue {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** An attestation document of the Nitro hypervisor, read and not yet believed. */
export interface NitroDocument {
  readonly moduleId: string;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly timestampOffset: number;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** Of the key that signs the document. */
  readonly certificate: Certificate;
  /** Root first. */
  readonly caBundle: readonly Certificate[];
  readonly publicKey: EnclaveValue | undefined;
  readonly userData: EnclaveValue | undefined;
  readonly nonce: EnclaveValue | undefined;
  readonly envelope: CoseSign1;
}

function readPcrs(reader: CborReader): Map<number, Uint8Array> {
  const pcrs = new Map<number, Uint8Array>();
  const start = reader.offset;
  const readIndex = (): number => reader.unsigned('PCR number', MAX_PCR);
  reader.map('pcrs', MAX_PCR + 1, readIndex, (index) => {
    const { offset } = reader;
    const value = reader.bytes(`PCR${index}`, 32, 64);
    if (!PCR_BYTES.includes(value.length)) reader.fail(`PCR${index} has ${value.length} bytes`, offset);
    pcrs.set(index, value);
  });
  if (pcrs.size === 0) reader.fail('pcrs is empty', start);
  return pcrs;
}

function readCertificate(reader: CborReader, field: string): Certificate {
  return parseCertificate(reader.bytes(field, 1, MAX_CERTIFICATE_BYTES), `${WHAT} ${field}`);
}

/** AWS documents absent members; real documents carry null for them. */
function readOptional(reader: CborReader, field: string, min: number, max: number): EnclaveValue | undefined {
  if (reader.takeNull()) return undefined;
  const bytes = reader.bytes(field, min, max);
  return { bytes, offset: reader.offset - bytes.length };
}

/** Bounds as in AWS's specification of the document (aws-nitro-enclaves-nsm-api, attestation process, section 3.2.2). */
function readMember(reader: CborReader, member: Member, draft: Partial<Draft>): void {
  switch (member) {
    case 'module_id':
      draft.moduleId = reader.text(member, 1, 256);
      break;
    case 'digest': {
      const { offset } = reader;
      if (reader.text(member, 1, 16) !== 'SHA384') reader.fail('digest is not SHA384', offset);
      break;
    }
    case 'timestamp':
      draft.timestampOffset = reader.offset;
      draft.timestampMs = reader.unsigned(member, Number.MAX_SAFE_INTEGER);
      if (draft.timestampMs === 0) reader.fail('timestamp is zero', draft.timestampOffset);
      break;
    case 'pcrs':
      draft.pcrs = readPcrs(reader);
      break;
    case 'certificate':
      draft.certificate = readCertificate(reader, member);
      break;
    case 'cabundle': {
      const count = reader.array(member, 1, MAX_CA_CERTIFICATES);
      draft.caBundle = Array.from({ length: count }, () => readCertificate(reader, 'CA certificate'));
      break;
    }
    case 'public_key':
      draft.publicKey = readOptional(reader, member, 1, 1024);
      break;
    case 'user_data':
      draft.userData = readOptional(reader, member, 0, 512);
      break;
    case 'nonce':
      draft.nonce = readOptional(reader, member, 0, 512);
      break;
  }
}

type Draft = { -readonly [Name in keyof Omit<NitroDocument, 'envelope'>]: NitroDocument[Name] };

/**
 * Reads an attestation document in its COSE_Sign1. The outermost map may have an indefinite length, as the hypervisor
 * has written it since 2025. Throws `ATTEST_FORMAT`.
 */
export function parseNitroDocument(bytes: Uint8Array): NitroDocument {
  const envelope = parseCoseSign1(bytes, WHAT);
  const reader = new CborReader(envelope.payload, WHAT, envelope.payloadOffset);
  const draft: Partial<Draft> = { publicKey: undefined, userData: undefined, nonce: undefined };
  const seen = new Set<string>();
  const readKey = (): Member => {
    const { offset } = reader;
    const key = reader.text('member name', 1, 16);
    if (!members.includes(key)) reader.fail(`member ${JSON.stringify(key)} is unknown`, offset);
    seen.add(key);
    return key as Member;
  };
  reader.map('payload', members.length, readKey, (member) => readMember(reader, member, draft), true);
  reader.end();
  const missing = required.find((member) => !seen.has(member));
  if (missing !== undefined) reader.fail(`member ${missing} is missing`);
  return { ...(draft as Draft), envelope };
}
