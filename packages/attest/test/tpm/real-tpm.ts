import type { PcrBank, TpmQuote } from '@dcml/attest';
import { fromBase64, fromHex } from '@dcml/core';
import { readSample } from '../real-samples.ts';

const banks: ReadonlyMap<number, PcrBank> = new Map([
  [4, 'sha1'],
  [11, 'sha256'],
  [12, 'sha384'],
]);

export const sampleText = (name: string): string => new TextDecoder().decode(readSample(name));

/** Bytes of all PEM blocks of a label, whatever their line ends. */
export function pemBlocks(name: string, label: string): Uint8Array[] {
  const blocks = sampleText(name).matchAll(
    new RegExp(`-----BEGIN ${label}-----([^-]+)-----END ${label}-----`, 'g'),
  );
  return [...blocks].map(([, body = '']) => fromBase64(body.replace(/\s/g, '')));
}

/** Values of all 24 PCRs in order. */
export const allPcrs = (values: readonly Uint8Array[]): Map<number, Uint8Array> => new Map(values.entries());

type ProtoField = readonly [field: number, value: number | Uint8Array];

/** Reads one protobuf message of varints and byte strings. */
function readProto(bytes: Uint8Array): ProtoField[] {
  const fields: ProtoField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) {
      fields.push([tag >>> 3, varint()]);
    } else {
      const length = varint();
      fields.push([tag >>> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

const members = (fields: readonly ProtoField[], number: number): Uint8Array[] =>
  fields.flatMap(([field, value]) => (field === number && value instanceof Uint8Array ? [value] : []));
const scalar = (fields: readonly ProtoField[], number: number): number =>
  fields.flatMap(([field, value]) => (field === number && typeof value === 'number' ? [value] : []))[0] ?? 0;

/** An `attest.Attestation` of go-tpm-tools: 1 public area, 2 quotes (1 message, 2 signature, 3 registers), 3 event log. */
export function goTpmAttestation(name: string): {
  publicArea: Uint8Array;
  quotes: TpmQuote[];
  eventLog: Uint8Array;
} {
  const fields = readProto(readSample(name));
  return {
    publicArea: members(fields, 1)[0]!,
    eventLog: members(fields, 3)[0]!,
    quotes: members(fields, 2).map((bytes) => {
      const quote = readProto(bytes);
      const registers = readProto(members(quote, 3)[0]!);
      const entries = members(registers, 2).map((entry) => readProto(entry));
      return {
        message: members(quote, 1)[0]!,
        signature: members(quote, 2)[0]!,
        bank: banks.get(scalar(registers, 1))!,
        pcrs: new Map(entries.map((entry) => [scalar(entry, 1), members(entry, 2)[0]!])),
      };
    }),
  };
}

/** Trustee's TPM evidence: base64 of a SubjectPublicKeyInfo, of TPMS_ATTEST and TPMT_SIGNATURE, hex of registers. */
export function trusteeEvidence(): { spki: Uint8Array; quote: TpmQuote } {
  const sample = JSON.parse(sampleText('vtpm/coco-tpm_evidence.json')) as {
    ak_public: string;
    tpm_quote: { message: string; signature: string; pcrs: string[] };
  };
  const { message, signature, pcrs } = sample.tpm_quote;
  return {
    spki: fromBase64(sample.ak_public),
    quote: {
      message: fromBase64(message),
      signature: fromBase64(signature),
      bank: 'sha256',
      pcrs: allPcrs(pcrs.map((value) => fromHex(value))),
    },
  };
}
