import {
  type AzureSnpEvidence,
  type AzureTdxEvidence,
  defaultPolicy,
  type EvidencePolicy,
  type EvidenceVerdict,
  parseTpmAttest,
  verifyEvidence,
} from '@dcml/attest';
import { encodeUtf8, toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { collateralSet, hasSamples, readSample } from '../real-samples.ts';
import { issuerChain, realCrl } from '../snp/real-snp.ts';
import { type AzureSample, azureEvidence, azureFiles } from './real-azure.ts';
import { failures } from './simulated-evidence.ts';

const anyApplication: EvidencePolicy = { ...defaultPolicy, composeHashes: null };
const withMilan: EvidencePolicy = {
  ...anyApplication,
  amd: { ...defaultPolicy.amd, products: ['milan', 'genoa', 'turin'] },
};
const challenge = encodeUtf8('challenge');

function snpEvidence(sample: AzureSample, product: 'milan' | 'genoa'): AzureSnpEvidence {
  const issuerChainPem = issuerChain(`amd-ask_ark_${product}.pem`);
  const collateral = { endorsementCertificateHex: sample.vcekHex, issuerChainPem, crlHex: realCrl(product) };
  return { kind: 'azure-snp', hclReport: sample.hclReport, tpmQuote: sample.tpmQuote, collateral };
}

const verify = (
  evidence: AzureSnpEvidence | AzureTdxEvidence,
  policy: EvidencePolicy,
  day: string,
  expectedReportData: Uint8Array = challenge,
): Promise<EvidenceVerdict> =>
  verifyEvidence(evidence, { policy, expectedReportData, nowMs: Date.parse(day) });

describe.skipIf(!hasSamples)('captured Azure evidence on SEV-SNP', () => {
  it('coco-evidence-genoa.json passes under the strict policy, as hardware', async () => {
    const sample = azureEvidence('az-snp-vtpm/coco-evidence-genoa.json');
    const { extraData } = parseTpmAttest(sample.tpmQuote.message);
    const verdict = await verify(snpEvidence(sample, 'genoa'), anyApplication, '2025-10-01', extraData);
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({
      outcome: 'pass',
      simulated: false,
      measured: {
        kind: 'azure-snp',
        reportData: toHex(extraData),
        snp: { product: 'genoa', vmpl: 0 },
        tpm: { resetCount: 53 },
        vmConfiguration: {
          'secure-boot': true,
          'tpm-enabled': true,
          'console-enabled': true,
          'tpm-persisted': true,
        },
      },
    });
    expect(failures(await verify(snpEvidence(sample, 'genoa'), anyApplication, '2025-10-01'))[0]).toMatch(
      /^report_data_bound/,
    );
  });

  const milan = [
    ['coco-evidence-v0.json', () => azureEvidence('az-snp-vtpm/coco-evidence-v0.json')],
    ['coco-evidence-v1.json', () => azureEvidence('az-snp-vtpm/coco-evidence-v1.json')],
    ['coco-hcl-report.bin with coco-tpm-quote-v1.json', () => azureFiles('az-snp-vtpm')],
  ] as const;

  it.each(milan)('%s passes where Milan is accepted, and is refused by default', async (_, read) => {
    const evidence = snpEvidence(read(), 'milan');
    const verdict = await verify(evidence, withMilan, '2025-10-01');
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({
      outcome: 'pass',
      simulated: false,
      measured: { snp: { product: 'milan', vmpl: 0 } },
    });
    const strict = await verify(evidence, anyApplication, '2025-10-01');
    expect(failures(strict).map((reason) => reason.split(':')[0])).toEqual(['product_accepted']);
  });

  it('parts of two machines do not go together', async () => {
    const [a, b] = [azureEvidence('az-snp-vtpm/coco-evidence-v1.json'), azureFiles('az-snp-vtpm')];
    const quote = await verify(snpEvidence({ ...a, tpmQuote: b.tpmQuote }, 'milan'), withMilan, '2025-10-01');
    expect(failures(quote)[0]).toMatch(/^tpm_quote_signature/);
    const vcek = await verify(snpEvidence({ ...a, vcekHex: b.vcekHex }, 'milan'), withMilan, '2025-10-01');
    expect(vcek.outcome).toBe('fail');
    expect(vcek.measured).toBeNull();
    const hclReport = Uint8Array.from(a.hclReport);
    hclReport.set(b.hclReport.subarray(1216), 1216);
    const runtime = await verify(snpEvidence({ ...a, hclReport }, 'milan'), withMilan, '2025-10-01');
    expect(failures(runtime)[0]).toMatch(/^runtime_data_bound/);
  });

  it('coco-tpm-quote.msg and .sig are of another key than that of coco-hcl-report.bin', async () => {
    const sample = azureFiles('az-snp-vtpm');
    const message = readSample('az-snp-vtpm/coco-tpm-quote.msg');
    const signature = readSample('az-snp-vtpm/coco-tpm-quote.sig');
    expect(parseTpmAttest(message)).toMatchObject({ extraData: challenge, bank: 'sha256' });
    const tpmQuote = { ...sample.tpmQuote, message, signature };
    const verdict = await verify(snpEvidence({ ...sample, tpmQuote }, 'milan'), withMilan, '2025-10-01');
    expect(failures(verdict)).toEqual(['tpm_quote_signature: the attestation key did not sign the quote']);
  });
});

describe.skipIf(!hasSamples)('captured Azure evidence on TDX', () => {
  const samples = [
    ['coco-evidence-v0.json', () => azureEvidence('az-tdx-vtpm/coco-evidence-v0.json')],
    ['coco-evidence-v1.json', () => azureEvidence('az-tdx-vtpm/coco-evidence-v1.json')],
    ['coco-hcl-report.bin with coco-td-quote.bin', () => azureFiles('az-tdx-vtpm')],
  ] as const;

  it.each(samples)(
    '%s: everything hangs together, but the TD and its platform are refused',
    async (_, read) => {
      const { hclReport, tpmQuote, tdQuote: quote } = read();
      const { collateral, nowMs } = collateralSet('a80_0625');
      const evidence = { kind: 'azure-tdx', hclReport, tpmQuote, quote, collateral } as const;
      const verdict = await verify(evidence, anyApplication, new Date(nowMs).toISOString());
      expect(verdict.simulated).toBe(false);
      expect(failures(verdict).map((reason) => reason.split(':')[0])).toEqual([
        'tcb_status_accepted',
        'advisories_accepted',
        'td_attributes',
      ]);
      expect(failures(verdict).join()).toContain('SEPT_VE_DISABLE is off');
      expect(failures(verdict).join()).toContain('TCB status is OutOfDate');
      const passed = verdict.claims.filter(({ outcome }) => outcome === 'pass').map(({ name }) => name);
      expect(passed).toEqual(
        expect.arrayContaining([
          'td_report_quoted',
          'runtime_data_bound',
          'runtime_keys',
          'tpm_quote_signature',
          'pcr_digest',
          'report_data_bound',
        ]),
      );
      expect(verdict.measured).toMatchObject({
        kind: 'azure-tdx',
        vmConfiguration: { 'secure-boot': true, 'tpm-persisted': false },
      });
    },
  );

  it('openpcc-azure_tdx_report: quote, TD report and runtime data hold; it came without a TPM quote', async () => {
    const hclReport = readSample('tdx/openpcc-azure_tdx_report.test_azure_tdx_report_pem.bin');
    const quote = readSample('tdx/openpcc-azure_tdx_report.test_azure_tdx_quote_pem.bin');
    const { tpmQuote } = azureFiles('az-tdx-vtpm');
    const { collateral, nowMs } = collateralSet('a90_0625');
    const evidence = { kind: 'azure-tdx', hclReport, tpmQuote, quote, collateral } as const;
    const verdict = await verify(evidence, anyApplication, new Date(nowMs).toISOString());
    expect(failures(verdict)).toEqual(['tpm_quote_signature: the attestation key did not sign the quote']);
    const passed = verdict.claims.filter(({ outcome }) => outcome === 'pass').map(({ name }) => name);
    expect(passed).toEqual(
      expect.arrayContaining([
        'tcb_status_accepted',
        'td_attributes',
        'td_report_quoted',
        'runtime_data_bound',
        'runtime_keys',
      ]),
    );
    expect(verdict.measured).toBeNull();
    // The TD report of another machine does not fit the quote.
    const mixed = await verify(
      { ...evidence, hclReport: azureFiles('az-tdx-vtpm').hclReport },
      anyApplication,
      new Date(nowMs).toISOString(),
    );
    expect(failures(mixed).map((reason) => reason.split(':')[0])).toEqual([
      'td_report_quoted',
      'runtime_data_bound',
    ]);
  });
});
