import {
  parseTpmAttest,
  parseTpmPublic,
  type TpmEvidence,
  type TpmQuote,
  verifyEvidence,
} from '@dcml/attest';
import { concatBytes, fromHex, toHex } from '@dcml/core';
import { issueTpmCrl, toPem } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { hasSamples, readSample } from '../real-samples.ts';
import { goTpmAttestation, pemBlocks, sampleText, trusteeEvidence } from './real-tpm.ts';
import { createTpm, failures, NOW_MS, openClaims, policyFor, verify } from './simulated-evidence.ts';

/** The captured attestation keys have no certificates: the test CA certifies them, and the rest is as captured. */
async function verifyUnderTestCa(
  akSpki: Uint8Array,
  quote: TpmQuote,
  expectedReportData: Uint8Array,
  eventLog?: Uint8Array,
): ReturnType<typeof verify> {
  const own = createTpm({ akSpki });
  const { ak, ca, root } = own.certificates;
  const evidence: TpmEvidence = {
    kind: 'tpm',
    quote,
    ...(eventLog && { eventLog }),
    akChainPem: [ak, ca, root].map(toPem).join(''),
    crlsHex: [issueTpmCrl(own, 'ca'), issueTpmCrl(own, 'root')],
  };
  return verify(evidence, own, { expectedReportData });
}

describe.skipIf(!hasSamples)('captured TPM quotes', () => {
  it('coco-tpm_evidence.json verifies with its key', async () => {
    const { spki, quote } = trusteeEvidence();
    const { extraData } = parseTpmAttest(quote.message);
    const verdict = await verifyUnderTestCa(spki, quote, extraData);
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({
      outcome: 'pass',
      measured: { tpm: { bank: 'sha256', resetCount: 2, restartCount: 0 } },
    });
    const pcrs = new Map([...quote.pcrs, [0, new Uint8Array(32).fill(1)]]);
    expect(failures(await verifyUnderTestCa(spki, { ...quote, pcrs }, extraData))[0]).toMatch(/^pcr_digest/);
  });

  it('dstack-tpm_quote_sample.bin is parsed; it came without signature', () => {
    expect(parseTpmAttest(readSample('vtpm/dstack-tpm_quote_sample.bin'))).toMatchObject({
      extraData: fromHex('12345678'),
      resetCount: 16,
      restartCount: 0,
      isClockSafe: true,
      bank: 'sha256',
      pcrs: [0, 1, 2],
    });
  });

  it.each([
    ['vtpm/gce-cos-85-no-nonce.pb', ''],
    ['vtpm/gce-cos-85-nonce9009.pb', '9009'],
  ])('%s: quotes of SHA-256 and SHA-384 verify, the one of SHA-1 is refused', async (name, nonceHex) => {
    const { publicArea, quotes, eventLog } = goTpmAttestation(name);
    const { key, isAttestationKey } = parseTpmPublic(publicArea);
    expect(isAttestationKey).toBe(true);
    if (key.type !== 'rsa') throw new TypeError('expected an RSA key');
    expect(quotes.map(({ bank }) => bank)).toEqual(['sha1', 'sha256', 'sha384']);
    const nonce = fromHex(nonceHex);
    for (const quote of quotes) {
      const verdict = await verifyUnderTestCa(key.spki, quote, nonce);
      if (quote.bank === 'sha1') {
        expect(failures(verdict)).toEqual(['pcr_bank: the quote is over the sha1 bank, which can be forged']);
        continue;
      }
      expect(failures(verdict)).toEqual([]);
      expect(verdict.outcome).toBe('pass');
      // The log replays to every firmware register. Its shim (2021) hashed one byte less than it logged.
      const logged = await verifyUnderTestCa(key.spki, quote, nonce, eventLog);
      expect(logged.claims.find((claim) => claim.name === 'event_log_replay')).toMatchObject({
        outcome: 'pass',
        reason: expect.stringContaining('gives PCR 0, 1, 2, 3, 4, 5, 6, 7, 8, 9;'),
      });
      expect(failures(logged)).toEqual([
        'event_payloads: payload of the event at offset 14219 (type 0x800000e0) is not what was measured',
      ]);
      const other = await verifyUnderTestCa(key.spki, quote, concatBytes(nonce, Uint8Array.of(0)));
      expect(failures(other)[0]).toMatch(/^report_data_bound/);
    }
  });

  it('a key of another machine verifies none of them', async () => {
    const { spki } = trusteeEvidence();
    for (const quote of goTpmAttestation('vtpm/gce-cos-85-nonce9009.pb').quotes) {
      expect(failures(await verifyUnderTestCa(spki, quote, fromHex('9009')))[0]).toMatch(
        /^tpm_quote_signature/,
      );
    }
  });
});

describe.skipIf(!hasSamples)('captured AK certificates', () => {
  const google = (): string => {
    const root = sampleText('vtpm/gcp_ek_ak_ca_root.crt');
    const der = root.startsWith('-----')
      ? pemBlocks('vtpm/gcp_ek_ak_ca_root.crt', 'CERTIFICATE')[0]!
      : readSample('vtpm/gcp_ek_ak_ca_root.crt');
    return toPem(der);
  };
  const { quote } = hasSamples ? trusteeEvidence() : { quote: undefined };
  const verifyChain = async (parts: readonly Uint8Array[], nowMs: number): ReturnType<typeof verify> => {
    const certificatePem = google();
    const evidence = {
      kind: 'tpm',
      quote: quote!,
      akChainPem: parts.map(toPem).join('') + certificatePem,
      crlsHex: [],
    } as const;
    const policy = {
      ...policyFor(createTpm()),
      roots: [{ name: 'Google', kind: 'tpm', certificatePem } as const],
    };
    return verifyEvidence(evidence, { policy, nowMs, expectedReportData: new Uint8Array(0) });
  };

  it('Google: the chain holds up to the root; revocation is open; another key signed the quote', async () => {
    const chain = pemBlocks('vtpm/openpcc-gce_ak_certificates.txt', 'CERTIFICATE');
    const verdict = await verifyChain(chain, Date.parse('2026-01-01'));
    expect(failures(verdict)).toEqual(['tpm_quote_signature: the attestation key did not sign the quote']);
    expect(openClaims(verdict)[0]).toBe('ak_not_revoked');
    expect(verdict.claims.find(({ name }) => name === 'ak_chain')?.outcome).toBe('pass');
    // The certificate is valid from 2025-05-18, and the older intermediate has another key.
    expect(failures(await verifyChain(chain, Date.parse('2025-05-17')))[0]).toMatch(
      /^ak_chain: .* is valid from/,
    );
    const older =
      pemBlocks('vtpm/gcp_ek_ak_ca_intermediate_v3.crt', 'CERTIFICATE')[0] ??
      readSample('vtpm/gcp_ek_ak_ca_intermediate_v3.crt');
    expect(failures(await verifyChain([chain[0]!, older], Date.parse('2026-01-01')))[0]).toMatch(
      /^ak_chain: signature of/,
    );
  });

  it('Azure: the certificate is for attestation keys; its issuer is not in the samples', async () => {
    const [first, second] = pemBlocks('vtpm/openpcc-azure_ak_certificates.txt', 'CERTIFICATE');
    const verdict = await verifyChain([first!], NOW_MS);
    expect(failures(verdict)[0]).toMatch(/^ak_chain: .* (?:names another issuer|is valid from)/);
    // The second is the whole NV index of 4,096 bytes, filled with zeros: not a certificate.
    expect(toHex(second!.subarray(-16))).toBe('00'.repeat(16));
    expect(failures(await verifyChain([second!], NOW_MS))[0]).toMatch(/^tpm_quote_format: /);
  });
});
