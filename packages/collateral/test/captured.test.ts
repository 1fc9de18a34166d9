import {
  defaultPolicy,
  intelSgxRootCaPem,
  parseCertificate,
  parsePemCertificates,
  verifyEvidence,
} from '@dcml/attest';
import { fromBase64, toHex } from '@dcml/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fetchIntelCollateral,
  fetchSnpCollateral,
  openCollateralCache,
  readIntelPlatform,
} from '../src/index.ts';
import { rootCrlUrl } from '../src/intel/intel-service.ts';
import { hasSamples, readBundle, readSample, readSampleText } from './captured-collateral.ts';
import { type FakeService, startFakeService } from './fake-service.ts';
import { fakeIntelRoute } from './intel/fake-intel.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const signal = (): AbortSignal => new AbortController().signal;

it('the root CRL is where Intel’s root certificate says', () => {
  const [der] = parsePemCertificates(intelSgxRootCaPem, 'root', 1);
  const url = rootCrlUrl({ kind: 'intel-pcs' }, parseCertificate(der!));
  expect(url.href).toBe('https://certificates.trustedservices.intel.com/IntelSGXRootCA.der');
});

describe.skipIf(!hasSamples)('captured documents', () => {
  let service: FakeService;
  beforeAll(async () => {
    service = await startFakeService(() => undefined);
  });
  afterAll(() => service.close());

  const intel = [
    ['tdx/phala-tdx_quote.bin', 'tdx/phala-tdx_quote.collateral.json', 'b0c06f000000', '2025-06-25'],
    ['tdx/phala-near-gas.bin', 'tdx/phala-near-gas.collateral.json', '20a06f000000', '2025-09-10'],
    [
      'tdx/phala-tdx_quote_outdated.bin',
      'tdx/phala-tdx_quote_outdated.collateral.json',
      '90c06f000000',
      '2026-02-25',
    ],
    ['sgx/phala-sgx_quote.bin', 'sgx/phala-sgx_quote.collateral.json', '00a067110000', '2025-06-25'],
  ] as const;
  for (const [quoteFile, bundle, fmspc, day] of intel) {
    it(`${quoteFile}: what Intel signed comes through unchanged, from the service and from the cache`, async () => {
      const quote = readSample(quoteFile);
      const nowMs = Date.parse(day);
      const { tee, ca } = readIntelPlatform(quote);
      const collateral = readBundle(bundle);
      service.route = fakeIntelRoute(() => ({ collateral, fmspc, tee, ca }));
      const cache = await openCollateralCache(temporaryDirectory());
      const options = {
        policy: defaultPolicy,
        nowMs,
        signal: signal(),
        cache,
        service: { kind: 'intel-pcs', url: service.url, rootCrlUrl: `${service.url}/root.der` },
      } as const;
      const fetched = await fetchIntelCollateral(quote, options);
      const { pckCrlIssuerChainPem, tcbInfoIssuerChainPem, qeIdentityIssuerChainPem, ...rest } =
        fetched.collateral;
      expect(rest).toEqual({
        rootCaCrlHex: collateral.rootCaCrlHex,
        pckCrlHex: collateral.pckCrlHex,
        tcbInfo: collateral.tcbInfo,
        tcbInfoSignatureHex: collateral.tcbInfoSignatureHex,
        qeIdentity: collateral.qeIdentity,
        qeIdentitySignatureHex: collateral.qeIdentitySignatureHex,
      });
      for (const pem of [pckCrlIssuerChainPem, tcbInfoIssuerChainPem, qeIdentityIssuerChainPem]) {
        expect(parsePemCertificates(pem, 'chain', 2)).toHaveLength(2);
      }
      service.route = () => undefined;
      expect((await fetchIntelCollateral(quote, options)).collateral).toEqual(fetched.collateral);
      if (tee !== 'tdx') return;
      const verdict = await verifyEvidence(
        { kind: 'tdx', quote, collateral: fetched.collateral },
        { policy: defaultPolicy, nowMs },
      );
      for (const name of ['root_crl', 'pck_crl', 'tcb_info', 'qe_identity']) {
        expect(verdict.claims.find((claim) => claim.name === name)?.outcome, name).toBe('pass');
      }
    });
  }

  const vceks = [
    ['sev-snp/google-attestation-milan.bin', 'sev-snp/google-vcek-milan.der', '2025-06-25'],
    ['sev-snp/coco-test-report.bin', 'sev-snp/coco-test-vcek.der', '2025-06-25'],
  ] as const;
  for (const [reportFile, vcekFile, day] of vceks) {
    it(`${reportFile}: the VCEK of its chip and TCB is taken, by a report of version 2`, async () => {
      const vcek = readSample(vcekFile);
      const chain = readSampleText('sev-snp/amd-ask_ark_milan.pem');
      const crl = readMilanCrl();
      service.asked.length = 0;
      service.route = ({ url }) => {
        if (url.pathname === '/vcek/v1/Milan/cert_chain') return { body: chain };
        if (url.pathname === '/vcek/v1/Milan/crl') return { body: crl };
        return url.pathname.startsWith('/vcek/v1/Milan/') ? { body: vcek } : undefined;
      };
      const nowMs = Date.parse(day);
      const fetching = fetchSnpCollateral(readSample(reportFile), {
        policy: defaultPolicy,
        nowMs,
        signal: signal(),
        service: { url: service.url },
      });
      const fetched = await fetching;
      expect(fetched.product).toBe('milan');
      expect(fetched.collateral.endorsementCertificateHex).toBe(toHex(vcek));
      expect(service.asked[1]).toMatch(
        /^GET \/vcek\/v1\/Milan\/[0-9a-f]{128}\?blSPL=\d\d&teeSPL=\d\d&snpSPL=\d\d&ucodeSPL=\d\d\d?$/,
      );
    });
  }
});

/** The CRL under AMD's Milan root: the second of its file. */
function readMilanCrl(): Uint8Array {
  const text = readSampleText('sev-snp/openpcc-sev_certificates.txt');
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)];
  return fromBase64((blocks[1]?.[1] ?? '').replaceAll(/\s/g, ''));
}
