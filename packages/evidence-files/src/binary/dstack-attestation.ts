import type { RuntimeEvent } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { readDer } from '../der/read-der.ts';
import { brokenFile } from '../evidence-files-error.ts';
import type { Part } from '../part.ts';
import { readPemBlocks } from '../text/pem.ts';
import { readIntelQuote } from './intel-quote.ts';
import { hasBytes } from './little-endian.ts';
import { readNitroDocument } from './nitro.ts';
import { ScaleReader } from './scale-reader.ts';
import { readSnpReport } from './snp-report.ts';

const WHAT = 'dstack attestation';
const MAX_EVENTS = 4096;
const MAX_CERTIFICATES = 16;
const TDX = 0;
const NITRO = 2;
const SNP = 3;

function readEvents(reader: ScaleReader): RuntimeEvent[] {
  const count = reader.compact();
  if (count > MAX_EVENTS) throw brokenFile(WHAT, `has ${count} events, more than ${MAX_EVENTS}`);
  return Array.from({ length: count }, () => ({
    imr: reader.u32(),
    eventType: reader.u32(),
    digest: toHex(reader.counted()),
    event: new TextDecoder().decode(reader.counted()),
    eventPayload: toHex(reader.counted()),
  }));
}

function readCertificates(reader: ScaleReader): Part[] {
  const count = reader.compact();
  if (count > MAX_CERTIFICATES)
    throw brokenFile(WHAT, `has ${count} certificates, more than ${MAX_CERTIFICATES}`);
  return Array.from({ length: count }, () => reader.counted()).flatMap((bytes) => {
    const text = new TextDecoder().decode(bytes);
    const ders = text.startsWith('-----') ? readPemBlocks(text).map((block) => block.bytes) : [bytes];
    return ders.map((der) => {
      const part = readDer(der);
      if (part === undefined) throw brokenFile(WHAT, 'has a certificate that is none');
      return part;
    });
  });
}

/**
 * The container that dstack's guest agent calls `attestation`: version 0, the platform, its evidence and what explains
 * it. What the guest says about its own configuration stands after that and proves nothing, so it is not read.
 */
export function readDstackAttestation(bytes: Uint8Array): Part[] | undefined {
  const platform = bytes[1];
  if (!hasBytes(bytes, 0, [0]) || platform === undefined || ![TDX, NITRO, SNP].includes(platform))
    return undefined;
  // The count of a quote, report or document needs two or four bytes.
  if (![1, 2].includes((bytes[2] ?? 0) & 3)) return undefined;
  const reader = new ScaleReader(bytes.subarray(2), WHAT);
  const length = reader.compact();
  if (length < 1000 || length > reader.remaining) return undefined;
  const inner = reader.bytes(length);
  if (platform === NITRO) {
    const document = readNitroDocument(inner);
    return document && [document];
  }
  if (platform === SNP) {
    const report = readSnpReport(inner);
    return report && [...report, ...readCertificates(reader)];
  }
  const quote = readIntelQuote(inner);
  return quote && [quote, { type: 'runtime-events', events: readEvents(reader) }];
}
