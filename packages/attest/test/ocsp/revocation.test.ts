import {
  createOcspDelegate,
  createSigningKey,
  derOid,
  derSequence,
  type OcspFields,
  writeOcspResponse,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { parseOcspResponse } from '../../src/ocsp/ocsp-response.ts';
import { chainRevocation } from '../../src/ocsp/revocation.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { verifySignature } from '../../src/x509/verify-signature.ts';
import { DAY_MS, HOUR_MS, hopper, makeDevice, NOW_MS, ocsp, vendor } from '../nvidia/simulated-devices.ts';

const chain: readonly Certificate[] = hopper.chain.map((der) => parseCertificate(der));
const issuer = vendor.provisioners.hopper;
const serial = hopper.serials[1];
const rules = { nowMs: NOW_MS, maxAgeMs: DAY_MS, verify: verifySignature };

const judge = (...responses: readonly Uint8Array[]) => chainRevocation(chain, responses, rules);
const judgeOne = async (fields: Partial<OcspFields>) => {
  const { problem, uncovered } = await judge(ocsp(issuer, serial, fields));
  return { problem, covers: !uncovered.includes(chain[1]!) };
};

describe('OCSP response', () => {
  it.each([
    ['by the issuer', {}],
    ['by the issuer, named', { responderId: 'name' as const }],
    ['by a delegate', { delegate: createOcspDelegate(issuer, NOW_MS) }],
    ['by a delegate, named', { delegate: createOcspDelegate(issuer, NOW_MS), responderId: 'name' as const }],
    ['with SHA-256', { hash: 'sha256' as const }],
    ['with SHA-384', { hash: 'sha384' as const }],
    ['with SHA-512', { hash: 'sha512' as const }],
    ['without a next update', { nextUpdateMs: null }],
    ['made now', { thisUpdateMs: NOW_MS }],
    ['as old as it may be', { thisUpdateMs: NOW_MS - DAY_MS, nextUpdateMs: NOW_MS }],
  ])('says good: %s', async (_, fields) => {
    expect(await judgeOne(fields)).toEqual({ problem: undefined, covers: true });
  });

  it.each([
    ['a key compromise', 1, '(key compromise)'],
    ['a hold', 6, '(certificate hold)'],
    ['removal from the CRL', 8, '(removed from CRL)'],
    ['a reason that is not known', 42, '(other)'],
    ['no reason', null, 'is revoked since 2026-11-01T11:00:00.000Z'],
  ])('says revoked: %s', async (_, revoked, text) => {
    const { problem, covers } = await judgeOne({ status: { revoked } });
    expect(problem).toContain('is revoked since');
    expect(problem).toContain(text);
    expect(covers).toBe(false);
  });

  const stranger = createSigningKey('ecdsa-sha384');
  const delegate = createOcspDelegate(issuer, NOW_MS);
  const purpose = (oid: string) => ({
    extraExtensions: [{ oid: '2.5.29.37', value: derSequence(derOid(oid)) }],
  });
  it.each([
    ['status unknown', { status: 'unknown' as const }, 'does not know'],
    ['past its next update', { nextUpdateMs: NOW_MS - 1000 }, 'is valid from'],
    ['of the future', { thisUpdateMs: NOW_MS + HOUR_MS }, 'after now'],
    ['valid only later', { thisUpdateMs: NOW_MS + HOUR_MS, producedAtMs: NOW_MS }, 'is valid from'],
    ['older than the policy permits', { thisUpdateMs: NOW_MS - DAY_MS - 1000 }, 'is valid from'],
    [
      'older than the policy permits, without an end',
      { thisUpdateMs: NOW_MS - 2 * DAY_MS, nextUpdateMs: null },
      'is valid from',
    ],
    ['made after now', { producedAtMs: NOW_MS + 1000 }, 'after now'],
    ['signed by somebody else', { signingKey: stranger }, 'signature of the OCSP response is wrong'],
    [
      'signed by somebody else in the name of the delegate',
      { delegate, signingKey: stranger },
      'signature of the OCSP response is wrong',
    ],
    [
      'without its delegate',
      { delegate, omitCertificates: true },
      'does not carry the certificate of its responder',
    ],
    [
      'by a delegate of another issuer',
      { delegate: createOcspDelegate(vendor.ca, NOW_MS) },
      'is not under the issuer',
    ],
    [
      'by a delegate that names the issuer',
      { delegate: createOcspDelegate(issuer, NOW_MS, {}, stranger) },
      'signature of OCSP responder',
    ],
    [
      'by a delegate without the purpose',
      { delegate: createOcspDelegate(issuer, NOW_MS, { extraExtensions: [] }) },
      'may not sign OCSP responses',
    ],
    [
      'by a delegate for another purpose',
      { delegate: createOcspDelegate(issuer, NOW_MS, purpose('1.3.6.1.5.5.7.3.1')) },
      'may not sign OCSP responses',
    ],
    [
      'by a delegate that is a CA',
      { delegate: createOcspDelegate(issuer, NOW_MS, { pathLength: 0 }) },
      'may not sign OCSP responses',
    ],
    [
      'by an expired delegate',
      { delegate: createOcspDelegate(issuer, NOW_MS, { notAfterMs: NOW_MS - 1000 }) },
      'is valid from',
    ],
    [
      'by a delegate of the future',
      { delegate: createOcspDelegate(issuer, NOW_MS, { notBeforeMs: NOW_MS + 1000 }) },
      'is valid from',
    ],
    ['that is an error', { responseStatus: 6 }, 'the responder refused to answer (status 6)'],
  ])('is refused: %s', async (_, fields, reason) => {
    const { problem, covers } = await judgeOne(fields);
    expect(problem).toContain(reason);
    expect(covers).toBe(false);
  });

  it('speaks only about the certificate with this serial number of this issuer', async () => {
    const other = makeDevice({});
    const aboutOther = ocsp(issuer, other.serials[1]);
    const ofOtherIssuer = ocsp(vendor.ca, serial);
    const { problem, uncovered } = await judge(aboutOther, ofOtherIssuer);
    expect(problem).toBeUndefined();
    expect(uncovered).toEqual(chain.slice(0, -1));
  });

  it('is not outweighed by a better one', async () => {
    const good = ocsp(issuer, serial);
    const revoked = ocsp(issuer, serial, { status: { revoked: 6 } });
    for (const responses of [
      [good, revoked],
      [revoked, good],
    ]) {
      expect((await judge(...responses)).problem).toContain('(certificate hold)');
    }
    expect((await judge(good, ocsp(issuer, serial, { nextUpdateMs: NOW_MS - 1000 }))).problem).toContain(
      'is valid from',
    );
  });

  it('is refused in numbers that nobody needs', async () => {
    const good = ocsp(issuer, serial);
    expect((await judge(...Array.from({ length: 17 }, () => good))).problem).toBe(
      'more than 16 OCSP responses',
    );
    expect(() => parseOcspResponse(new Uint8Array(32_769))).toThrow('is longer than 32768 bytes');
  });

  it('is refused at every truncation, and after any change of a byte', async () => {
    const response = writeOcspResponse({
      issuer,
      serial,
      thisUpdateMs: NOW_MS - HOUR_MS,
      nextUpdateMs: NOW_MS + HOUR_MS,
      delegate: createOcspDelegate(issuer, NOW_MS),
    });
    for (let length = 0; length < response.length; length++) {
      expect(() => parseOcspResponse(response.subarray(0, length))).toThrow(/offset \d+/);
    }
    let covered = 0;
    for (let at = 0; at < response.length; at++) {
      const flipped = Uint8Array.from(response);
      flipped[at]! ^= 1 << (at % 8);
      const { problem, uncovered } = await judge(flipped);
      if (problem === undefined && !uncovered.includes(chain[1]!)) covered++;
    }
    expect(covered).toBe(0);
  });
});
