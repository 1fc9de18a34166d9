import {
  canonicalizeJson,
  decodeUtf8,
  digestText,
  encodeUtf8,
  fromHex,
  type JsonObject,
  parseJson,
  sha256,
} from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  encodeArchive,
  maxArchiveBytes,
  parseArchive,
  type ReceiptArchive,
  verifyArchive,
} from '../src/index.ts';
import { charge, events, requestBody, responseBody, servedAt, signed } from './fixtures.ts';
import { collateral, nonce, nowMs, policy, reportFor, stubVerifyEvidence } from './report-fixtures.ts';

vi.mock('@dcml/attest', async (original) => ({
  ...(await original<typeof import('@dcml/attest')>()),
  // Lazily: the factory runs before this file's imports.
  verifyEvidence: (...args: Parameters<typeof stubVerifyEvidence>) => stubVerifyEvidence(...args),
}));

const archive: ReceiptArchive = {
  receipt: (await signed()).receipt,
  report: reportFor(),
  nonce,
  collateral,
  verifiedAt: servedAt - 10,
  requestBody,
  responseBody,
};
const options = { policy, nowMs };
const bytes = encodeArchive(archive);
const refused = expect.objectContaining({ code: expect.stringMatching(/^RECEIPT_/) });

/** The same content with a digest that fits: what a forger would write. */
function reforged(change: (document: Record<string, unknown>) => void): Uint8Array {
  const { digest: _, ...content } = parseJson(decodeUtf8(bytes)) as JsonObject;
  const copy = structuredClone(content) as Record<string, unknown>;
  change(copy);
  const digest = digestText(sha256(encodeUtf8(canonicalizeJson(copy as JsonObject))));
  return encodeUtf8(`${canonicalizeJson({ ...copy, digest } as JsonObject)}\n`);
}

async function failed(file: Uint8Array, change = {}): Promise<string[]> {
  const verdict = await verifyArchive(file, { ...options, ...change });
  return verdict.claims.filter((claim) => claim.outcome === 'fail').map((claim) => claim.name);
}

describe('receipt archive', () => {
  it('round trips, with and without bodies and nonce', () => {
    for (const one of [archive, { ...archive, requestBody: null, responseBody: null, nonce: null }]) {
      expect(parseArchive(encodeArchive(one))).toEqual(one);
    }
  });

  it('is canonical JSON and one newline', () => {
    const text = decodeUtf8(bytes);
    expect(text).toBe(`${canonicalizeJson(parseJson(text))}\n`);
  });

  it('any changed byte is refused: RECEIPT_ARCHIVE', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const changed = bytes.slice();
        changed[at]! ^= difference;
        expect(() => parseArchive(changed)).toThrow(refused);
      }),
      { numRuns: 400 },
    );
  });

  it('cut, extended or reformatted files are refused: RECEIPT_ARCHIVE', () => {
    const text = decodeUtf8(bytes);
    for (const other of [
      '',
      text.slice(0, -1),
      text.slice(0, -2),
      `${text}\n`,
      ` ${text}`,
      text.replace('{', '{ '),
      text.replace('"version":1', '"version":1.0'),
      text.replace('"version":1', '"version":1,"version":1'),
      text.replace('{', '{"surprise":1,'),
    ]) {
      expect(() => parseArchive(encodeUtf8(other))).toThrow(refused);
    }
    expect(() => parseArchive(fromHex('ff'))).toThrow(expect.objectContaining({ code: 'RECEIPT_ARCHIVE' }));
    expect(() => parseArchive(new Uint8Array(maxArchiveBytes + 1).fill(32))).toThrow(refused);
  });

  it('members that the reader would not keep are refused although the digest fits', () => {
    const hidden: readonly ((document: Record<string, unknown>) => void)[] = [
      (document) => {
        document['surprise'] = 1;
      },
      (document) => {
        (document['report'] as Record<string, unknown>)['surprise'] = 1;
      },
      (document) => {
        document['verified_at'] = '1';
      },
      (document) => {
        document['nonce'] = 'x';
      },
      (document) => {
        document['request_body_b64'] = 'AB==';
      },
    ];
    for (const change of hidden) expect(() => parseArchive(reforged(change))).toThrow(refused);
  });

  it('too large to be read again is not written: RECEIPT_ARCHIVE', () => {
    for (const length of [maxArchiveBytes + 1, (maxArchiveBytes >> 2) * 3]) {
      const large = { ...archive, requestBody: new Uint8Array(length) };
      expect(() => encodeArchive(large)).toThrow(expect.objectContaining({ code: 'RECEIPT_ARCHIVE' }));
    }
  });
});

describe('verifyArchive', () => {
  it('passes a good archive, lists every check, and says that it is simulated', async () => {
    const verdict = await verifyArchive(bytes, options);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    const names = verdict.claims.map((claim) => claim.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining([
        'archive_intact',
        'report_data_bound',
        'nonce_fresh',
        'receipt_signature',
        'model_measured',
      ]),
    );
    const open = verdict.claims.filter((claim) => claim.outcome === 'unknown');
    expect(open.every((claim) => claim.optional === true)).toBe(true);
  });

  it('judges the evidence as of its verification, not as of today', async () => {
    expect((await verifyArchive(bytes, { ...options, nowMs: nowMs + 400 * 86_400_000 })).outcome).toBe(
      'pass',
    );
    const expired = encodeArchive({ ...archive, verifiedAt: archive.report.keyset.notAfter });
    expect(await failed(expired, { nowMs: nowMs + 400 * 86_400_000 })).toContain('keyset_not_expired');
  });

  it('an archive from the future fails', async () => {
    expect(await failed(encodeArchive({ ...archive, verifiedAt: servedAt + 1 }))).toContain('archive_time');
    expect(await failed(bytes, { nowMs: nowMs - 5000 })).toContain('archive_time');
  });

  it('forged parts with a fitting digest fail', async () => {
    const other = encodeUtf8('other');
    expect(await failed(encodeArchive({ ...archive, requestBody: other }))).toEqual(['request_bytes']);
    expect(await failed(encodeArchive({ ...archive, responseBody: other }))).toEqual(['response_bytes']);
    expect(await failed(encodeArchive({ ...archive, nonce: '00'.repeat(32) }))).toContain(
      'report_data_bound',
    );
    const cheaper = reforged((document) => {
      const receipt = document['receipt'] as { event_log: Record<string, unknown>[] };
      receipt.event_log[4]!['authorized'] = '2000';
    });
    expect(await failed(cheaper)).toEqual(['receipt_signature']);
  });

  it('a receipt of another chain, contract or model than the measured one fails', async () => {
    const of = async (change: Partial<typeof charge>): Promise<string[]> =>
      failed(
        encodeArchive({
          ...archive,
          receipt: (await signed({ events: events({ charge: { ...charge, ...change } }) })).receipt,
        }),
      );
    expect(await of({ chainId: 1 })).toEqual(['charge_chain']);
    expect(await of({ contract: `0x${'00'.repeat(20)}` as typeof charge.contract })).toEqual([
      'charge_contract',
    ]);
    const swapped = events().map((event) =>
      event.type === 'dcml.model' ? { ...event, model: `0x${'00'.repeat(32)}` as typeof event.model } : event,
    );
    const { receipt } = await signed({ events: swapped });
    expect(await failed(encodeArchive({ ...archive, receipt }))).toEqual(['model_measured']);
  });

  it('a receipt that hides the simulation fails', async () => {
    const hiding = events().map((event) =>
      event.type === 'dcml.platform' ? { ...event, simulated: false } : event,
    );
    const { receipt } = await signed({ events: hiding });
    const file = encodeArchive({ ...archive, receipt });
    expect(await failed(file)).toEqual(['platform']);
    expect((await verifyArchive(file, options)).simulated).toBe(true);
  });

  it('without bodies the verdict is unknown', async () => {
    const bare = encodeArchive({ ...archive, requestBody: null, responseBody: null });
    expect((await verifyArchive(bare, options)).outcome).toBe('unknown');
  });

  it('a compose that nobody accepts leaves the verdict unknown', async () => {
    const open = { ...policy, composeHashes: ['00'.repeat(32)] };
    expect((await verifyArchive(bytes, { ...options, policy: open })).outcome).toBe('unknown');
  });
});
