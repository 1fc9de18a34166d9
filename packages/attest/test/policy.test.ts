import {
  attestErrors,
  defaultPolicy,
  encodeIntelCollateral,
  encodePolicy,
  parseIntelCollateral,
  parsePolicy,
  vendorRoots,
} from '@dcml/attest';
import { type JsonObject, parseJson } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { makeEvidence, platform } from './simulated-evidence.ts';

describe('policy files', () => {
  const change = (members: JsonObject): string =>
    JSON.stringify({ ...(parseJson(encodePolicy(defaultPolicy)) as JsonObject), ...members });
  const changeIntel = (members: JsonObject): string =>
    change({
      intel: { ...(parseJson(encodePolicy(defaultPolicy)) as { intel: JsonObject }).intel, ...members },
    });

  it('round-trip', () => {
    const others = {
      composeHashes: null,
      intel: { ...defaultPolicy.intel, mrTds: ['ab'.repeat(48)], allowedAdvisories: ['INTEL-SA-00837'] },
    };
    for (const policy of [defaultPolicy, platform.policy, { ...defaultPolicy, ...others }]) {
      expect(parsePolicy(encodePolicy(policy))).toEqual(policy);
    }
    const { minTcbEvaluationDataNumber: _, ...intel } = defaultPolicy.intel;
    expect(parsePolicy(encodePolicy({ ...defaultPolicy, intel })).intel).toEqual(intel);
  });

  it('the default is strict', () => {
    expect(defaultPolicy.intel.allowedTcbStatuses).toEqual(['UpToDate']);
    expect(defaultPolicy.intel.allowedAdvisories).toEqual([]);
    expect(defaultPolicy.composeHashes).toEqual([]);
    expect(defaultPolicy.roots).toEqual(vendorRoots);
  });

  it.each([
    ['no JSON', '{', 'JSON:'],
    ['an unknown member', change({ debug: true }), 'policy.debug: is not a known field'],
    ['a missing member', change({}).replace('"mr_tds":null', '"x":1'), 'policy.intel.mr_tds: is missing'],
    ['another version', change({ version: 2 }), 'policy.version'],
    ['no root', change({ roots: [] }), 'policy.roots: a policy without a root'],
    [
      'a root without certificate',
      change({ roots: [{ name: 'x', kind: 'intel', certificate_pem: '' }] }),
      'policy.roots[0].certificate_pem',
    ],
    [
      'a leaf as root',
      change({
        roots: [
          {
            name: 'x',
            kind: 'intel',
            certificate_pem:
              makeEvidence().collateral.tcbInfoIssuerChainPem.split(/(?<=END CERTIFICATE-----\n)/)[0]!,
          },
        ],
      }),
      'is not the certificate of a CA',
    ],
    [
      'a root of another vendor',
      change({ roots: [{ name: 'x', kind: 'acme', certificate_pem: '' }] }),
      'policy.roots[0].kind: expected one of intel',
    ],
    [
      'an unknown status',
      changeIntel({ allowed_tcb_statuses: ['Fine'] }),
      'policy.intel.allowed_tcb_statuses[0]: expected one of UpToDate',
    ],
    ['Revoked', changeIntel({ allowed_tcb_statuses: ['Revoked'] }), 'a revoked platform cannot be accepted'],
    [
      'capital hex',
      change({ compose_hashes: ['AB'.repeat(32)] }),
      'policy.compose_hashes[0]: expected 64 lowercase hex',
    ],
    ['a short MRTD', changeIntel({ mr_tds: ['ab'] }), 'policy.intel.mr_tds[0]: expected 96 lowercase hex'],
    [
      'an advisory that is none',
      changeIntel({ allowed_advisories: [1] }),
      'policy.intel.allowed_advisories[0]',
    ],
    ['a fraction', change({ max_keyset_lifetime_seconds: 1.5 }), 'policy.max_keyset_lifetime_seconds'],
  ])('explain %s', (_what, text, message) => {
    const parse = (): unknown => parsePolicy(text);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: 'ATTEST_POLICY', advice: 'fix-input' }));
  });
});

describe('collateral as JSON', () => {
  const { collateral } = makeEvidence();

  it('round-trips', () => {
    const text = JSON.stringify(encodeIntelCollateral(collateral));
    expect(parseIntelCollateral(parseJson(text))).toEqual(collateral);
  });

  it('refuses missing, unknown and wrong members', () => {
    const encoded = encodeIntelCollateral(collateral);
    for (const name of Object.keys(encoded)) {
      const { [name]: _, ...rest } = encoded;
      expect(() => parseIntelCollateral(rest)).toThrow(`collateral.${name}: is missing`);
      expect(() => parseIntelCollateral({ ...encoded, [name]: 1 })).toThrow(
        `collateral.${name}: expected a string`,
      );
    }
    expect(() => parseIntelCollateral({ ...encoded, x: '' })).toThrow('collateral.x: is not a known field');
    expect(() => parseIntelCollateral([])).toThrow('collateral: expected an object');
  });
});

describe('error catalogue', () => {
  it('has an entry with advice for each code', () => {
    expect(Object.keys(attestErrors).sort()).toEqual([
      'ATTEST_FORMAT',
      'ATTEST_NO_WEBCRYPTO',
      'ATTEST_POLICY',
      'ATTEST_REFUSED',
    ]);
  });
});
