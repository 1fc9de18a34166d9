import type { IntelCollateral } from '@dcml/attest';
import { systemRandom } from '@dcml/core';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  type SimulatedVendor,
  simulatedChainPem,
  toPem,
  type VendorOptions,
} from '@dcml/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fetchIntelCollateral } from '../../src/index.ts';
import { type FakeService, startFakeService } from '../fake-service.ts';
import { fakeIntelRoute } from './fake-intel.ts';
import { fmspc, issue, NOW_MS, policy, policyOf, vendor } from './intel-setup.ts';

// Each of these documents is right but for one thing, which no other check sees.

const other = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
const otherCollateral = issueSimulatedCollateral(other);
const sound = issue();
/** A certificate of the other vendor in front of the trusted root. */
const foreignUnderRoot = (role: 'tcbSigning' | 'pckCa'): string =>
  toPem(other.certificates[role]) + simulatedChainPem(vendor, 'root');
const variant = (certificates: VendorOptions['certificates']): SimulatedVendor =>
  createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS, ...(certificates && { certificates }) });

let published: IntelCollateral = sound;
let ca: 'platform' | 'processor' = 'platform';
let pcs: FakeService;
beforeAll(async () => {
  pcs = await startFakeService(fakeIntelRoute(() => ({ collateral: published, fmspc, ca })));
});
afterAll(() => pcs.close());

function fetchPublished(collateral: IntelCollateral, by = vendor): Promise<unknown> {
  published = collateral;
  return fetchIntelCollateral(
    { tee: 'tdx', fmspc, ca },
    {
      policy: by === vendor ? policy : policyOf({ rootPem: simulatedChainPem(by, 'root') }),
      nowMs: NOW_MS,
      signal: new AbortController().signal,
      service: { kind: 'intel-pcs', url: pcs.url, rootCrlUrl: `${pcs.url}/root.der` },
      timeoutMs: 5000,
    },
  );
}

const cases: readonly (readonly [string, RegExp, IntelCollateral, SimulatedVendor?])[] = [
  [
    'TCB info of a signer that names the trusted root and was not issued by it',
    /TCB info.*signature of/,
    {
      ...sound,
      tcbInfo: otherCollateral.tcbInfo,
      tcbInfoSignatureHex: otherCollateral.tcbInfoSignatureHex,
      tcbInfoIssuerChainPem: foreignUnderRoot('tcbSigning'),
    },
  ],
  [
    'a PCK CRL of a CA that names the trusted root and was not issued by it',
    /PCK CRL.*is no CA of the root/,
    { ...sound, pckCrlHex: otherCollateral.pckCrlHex, pckCrlIssuerChainPem: foreignUnderRoot('pckCa') },
  ],
  [
    'a right signer with another certificate in place of the root',
    /TCB info.*not one certificate under the trusted root/,
    { ...sound, tcbInfoIssuerChainPem: simulatedChainPem(vendor, 'tcbSigning', 'pckCa') },
  ],
  [
    'a right PCK CA with another certificate in place of the root',
    /PCK CRL.*not one CA under the trusted root/,
    { ...sound, pckCrlIssuerChainPem: simulatedChainPem(vendor, 'pckCa', 'tcbSigning') },
  ],
];
for (const [name, problem, collateral] of cases) {
  it(`${name} is COLLATERAL_UNAUTHENTIC`, async () => {
    await expect(fetchPublished(collateral)).rejects.toMatchObject({
      code: 'COLLATERAL_UNAUTHENTIC',
      message: expect.stringMatching(problem),
    });
  });
}

it('a signer of the root that is for something else may not sign TCB info', async () => {
  const by = variant({ tcbSigning: { subject: 'SIMULATED something' } });
  await expect(fetchPublished(issueSimulatedCollateral(by), by)).rejects.toMatchObject({
    code: 'COLLATERAL_UNAUTHENTIC',
    message: expect.stringContaining('was not signed by TCB signing'),
  });
});

it('a signer that has run out is COLLATERAL_EXPIRED', async () => {
  const by = variant({ tcbSigning: { notAfterMs: NOW_MS - 1000 } });
  await expect(fetchPublished(issueSimulatedCollateral(by), by)).rejects.toMatchObject({
    code: 'COLLATERAL_EXPIRED',
    message: expect.stringContaining('TCB Signing'),
  });
});

it('the CRL of the Platform CA is none of the Processor CA', async () => {
  ca = 'processor';
  await expect(fetchPublished(sound)).rejects.toMatchObject({
    code: 'COLLATERAL_UNAUTHENTIC',
    message: expect.stringContaining('is another CA'),
  });
  ca = 'platform';
});
