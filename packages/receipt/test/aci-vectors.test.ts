import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalizeJson, decodeUtf8, digestText, encodeUtf8, parseJson, sha256, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import {
  attestationStatement,
  encodeKeyset,
  findEvent,
  keysetDigest,
  parseKeyset,
  parseReceipt,
  receiptSigningBytes,
  reportData,
  signReceipt,
  verifyReceipt,
} from '../src/index.ts';
import { ed25519Signer } from './fixtures.ts';

interface Vectors {
  readonly receiptSeedHex: string;
  readonly keyset: { jcs: string; digest: string };
  readonly statement: Record<
    'nonce' | 'text' | 'slot' | 'textWithoutNonce' | 'reportDataWithoutNonce',
    string
  >;
  readonly receipt: Record<
    | 'requestBody'
    | 'requestHash'
    | 'responseBody'
    | 'responseHash'
    | 'signingInput'
    | 'signingInputSha256'
    | 'signature',
    string
  >;
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/aci.json'), 'utf8')) as Vectors;
const keyset = parseKeyset(parseJson(vectors.keyset.jcs));
const { receipt: v, statement } = vectors;
const document = `${v.signingInput.slice(0, -1)},"signature":"${v.signature}"}`;

describe('published ACI vectors (aci/1)', () => {
  it('1: keyset and digest', () => {
    expect(canonicalizeJson(encodeKeyset(keyset))).toBe(vectors.keyset.jcs);
    expect(keysetDigest(keyset)).toBe(vectors.keyset.digest);
  });

  it('2: statement and report data, with and without a nonce', () => {
    const withNonce = attestationStatement(keysetDigest(keyset), statement.nonce);
    expect(decodeUtf8(withNonce)).toBe(statement.text);
    expect(toHex(reportData(withNonce))).toBe(statement.slot);
    const without = attestationStatement(keysetDigest(keyset), null);
    expect(decodeUtf8(without)).toBe(statement.textWithoutNonce);
    expect(toHex(reportData(without)).slice(0, 64)).toBe(statement.reportDataWithoutNonce);
  });

  it('4: receipt document, signing input and signature', async () => {
    expect(digestText(sha256(encodeUtf8(v.requestBody)))).toBe(v.requestHash);
    const receipt = parseReceipt(document);
    expect(findEvent(receipt, 'request.received')?.bodyHash).toBe(v.requestHash);
    expect(findEvent(receipt, 'response.returned')?.bodyHash).toBe(v.responseHash);
    expect(decodeUtf8(receiptSigningBytes(receipt.document))).toBe(v.signingInput);
    expect(toHex(sha256(receiptSigningBytes(receipt.document)))).toBe(v.signingInputSha256);
    const { sign, publicKeyHex } = ed25519Signer(vectors.receiptSeedHex);
    expect(publicKeyHex).toBe(keyset.receiptSigningKeys[0]?.publicKey);
    const { signature: _, ...unsigned } = receipt.document;
    expect((await signReceipt(unsigned, sign)).receipt.signature).toBe(v.signature);
  });

  it('4: verifies, in any JSON encoding of the document', async () => {
    const pretty = JSON.stringify(JSON.parse(document), null, 2).replace('demo-model', '\\u0064emo-model');
    for (const text of [document, pretty]) {
      const verdict = await verifyReceipt(parseReceipt(text), {
        keyset,
        requestBody: encodeUtf8(v.requestBody),
        responseBody: encodeUtf8(v.responseBody),
      });
      const passed = verdict.claims.filter((claim) => claim.outcome === 'pass').map((claim) => claim.name);
      expect(passed).toEqual(
        expect.arrayContaining([
          'receipt_key',
          'receipt_signature',
          'receipt_keyset',
          'request_bytes',
          'request_unchanged',
          'response_bytes',
        ]),
      );
      // It says nothing of models and money, so it is never more than unknown here.
      expect(verdict.outcome).toBe('unknown');
    }
  });
});
