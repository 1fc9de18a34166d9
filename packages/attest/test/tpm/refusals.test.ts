import type { TpmEvidence } from '@dcml/attest';
import { concatBytes, fromHex } from '@dcml/core';
import {
  akUsage,
  createSigningKey,
  createTpmKeys,
  derOid,
  derSequence,
  issueTpmCrl,
  pcrSelection,
  type SimulatedTpm,
  type SimulatedTpmQuoteOptions,
  type TpmAttestFields,
  toPem,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { createTpm, failures, keys, makeEvidence, NOW_MS, tpm, verify } from './simulated-evidence.ts';

const DAY_MS = 86_400_000;

async function refusal(evidence: TpmEvidence, of: SimulatedTpm = tpm): Promise<string> {
  const verdict = await verify(evidence, of);
  expect(verdict.outcome).toBe('fail');
  expect(failures(verdict)).toHaveLength(1);
  return failures(verdict)[0]!;
}

describe('what is signed', () => {
  const attest: [string, Partial<TpmAttestFields>, RegExp][] = [
    ['magic', { magic: 0xff54_4346 }, /format: TPM quote: was not made by a TPM/],
    ['type', { type: 0x8017 }, /format: TPM quote: type 0x8017 is no quote at offset 4/],
    ['safe flag', { safe: 2 }, /format: TPM quote: safe flag is 2/],
    ['no selection', { selections: [] }, /format: TPM quote: quote is over 0 banks/],
    [
      'two selections',
      { selections: [pcrSelection('sha256', [0]), pcrSelection('sha384', [0])] },
      /quote is over 2 banks/,
    ],
    ['strange bank', { selections: [[0x12, new Uint8Array(3)]] }, /PCR bank 0x12 is not supported/],
    ['short bitmap', { selections: [[0x0b, Uint8Array.of(1, 2)]] }, /PCR bitmap has 2 bytes/],
    ['long bitmap', { selections: [[0x0b, Uint8Array.of(1, 2, 3, 4)]] }, /PCR bitmap has 4 bytes/],
    [
      'other bank',
      { selections: [pcrSelection('sha384', [0, 1])] },
      /^pcr_bank: the quote is over the sha384 bank, the values are of the sha256 bank/,
    ],
    [
      'more registers',
      { selections: [pcrSelection('sha256', [0, 1, 22])] },
      /^pcr_digest: the quote is over PCR 22, whose value is not given/,
    ],
    ['fewer registers', { selections: [pcrSelection('sha256', [0, 1])] }, /^pcr_digest: the values hash to /],
    ['digest', { pcrDigest: new Uint8Array(32) }, /^pcr_digest: the values hash to /],
    ['short digest', { pcrDigest: new Uint8Array(0) }, /^pcr_digest: /],
    ['nonce', { extraData: new Uint8Array(32) }, /^report_data_bound: report data is 0000/],
    ['short nonce', { extraData: new Uint8Array(0) }, /^report_data_bound: /],
  ];
  it.each(attest)('refuses a wrong %s', async (_, fields, reason) => {
    expect(await refusal(makeEvidence(tpm, { attest: fields }))).toMatch(reason);
  });

  it('refuses the SHA-1 bank', async () => {
    const { eventLog: _, ...evidence } = makeEvidence(tpm, { bank: 'sha1' });
    expect(await refusal(evidence)).toBe('pcr_bank: the quote is over the sha1 bank, which can be forged');
  });

  it('refuses an empty selection', async () => {
    expect(await refusal(makeEvidence(tpm, { pcrs: new Map() }))).toBe(
      'pcr_digest: the quote is over no PCR',
    );
  });

  it('refuses bytes after the quote, and a huge one', async () => {
    const evidence = makeEvidence();
    const message = (bytes: Uint8Array): TpmEvidence => ({
      ...evidence,
      quote: { ...evidence.quote, message: bytes },
    });
    expect(await refusal(message(concatBytes(evidence.quote.message, Uint8Array.of(0))))).toMatch(
      /1 unexplained bytes/,
    );
    expect(await refusal(message(new Uint8Array(513)))).toMatch(/is longer than 512 bytes/);
  });
});

describe('the values beside the quote', () => {
  const change = (pcr: number, value: Uint8Array): TpmEvidence => {
    const evidence = makeEvidence();
    return {
      ...evidence,
      quote: { ...evidence.quote, pcrs: new Map([...evidence.quote.pcrs, [pcr, value]]) },
    };
  };
  it('refuses another value, another length, and registers that do not exist', async () => {
    expect(await refusal(change(4, new Uint8Array(32)))).toMatch(/^pcr_digest/);
    expect(await refusal(change(4, new Uint8Array(31)))).toMatch(
      /^tpm_quote_format: TPM quote: PCR 4 has 31 bytes, expected 32/,
    );
    for (const pcr of [24, -1, 1.5, Number.NaN])
      expect(await refusal(change(pcr, new Uint8Array(32)))).toMatch(/has no PCR/);
  });
});

describe('the signature', () => {
  const ofForm: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /size|needs 2 bytes/],
    ['scheme', fromHex('001a000b0000'), /scheme 0x1a is not supported/],
    ['SHA-1', fromHex('001400040000'), /hash algorithm 0x4 is not supported/],
    ['RSA size', concatBytes(fromHex('0014000b0080'), new Uint8Array(128)), /RSA signature has 128 bytes/],
    ['huge r', concatBytes(fromHex('0018000b0021'), new Uint8Array(66)), /r has 33 bytes, expected 32/],
    ['empty s', fromHex('0018000b0001010000'), /s has 0 bytes/],
    ['trailing', concatBytes(fromHex('0018000b00010100010100')), /1 unexplained bytes/],
  ];
  it.each(ofForm)('refuses a wrong form: %s', async (_, signature, reason) => {
    const evidence = makeEvidence();
    const refused = await refusal({ ...evidence, quote: { ...evidence.quote, signature } });
    expect(refused).toMatch(/^tpm_quote_format: TPM signature: /);
    expect(refused).toMatch(reason);
  });

  it('refuses a scheme of another type than the key, and raw RSA bytes under an elliptic key', async () => {
    const rsa = createSigningKey('rsa-sha256');
    const options: SimulatedTpmQuoteOptions[] = [
      { signer: rsa, scheme: 'rsassa' },
      { signer: rsa, scheme: 'rsassa', form: 'raw' },
    ];
    for (const option of options) {
      expect(await refusal(makeEvidence(tpm, option))).toBe(
        'tpm_quote_signature: the attestation key did not sign the quote',
      );
    }
  });
});

describe('the chain of the key', () => {
  const roles = ['root', 'ca', 'ak'] as const;

  it.each(roles)('refuses an expired and a future %s certificate', async (role) => {
    const past = createTpm({ certificates: { [role]: { notAfterMs: NOW_MS - 1000 } } });
    expect(await refusal(makeEvidence(past), past)).toMatch(/^ak_chain: .* is valid from /);
    const future = createTpm({ certificates: { [role]: { notBeforeMs: NOW_MS + 1000 } } });
    expect(await refusal(makeEvidence(future), future)).toMatch(/^ak_chain: .* is valid from /);
  });

  it('refuses a foreign root, one of another kind, and an empty chain', async () => {
    const stranger = createTpm({ keys: { ...createTpmKeys(), ak: keys.ak } });
    const verdict = await verify(makeEvidence(stranger), tpm);
    expect(failures(verdict)[0]).toMatch(/^trusted_root: .* is no TPM root of the policy/);
    // Nothing is built on it, and nothing of it is shown.
    expect(verdict.claims.find(({ name }) => name === 'ak_chain')?.outcome).toBe('unknown');
    expect(verdict.measured).toBeNull();
    expect(await refusal({ ...makeEvidence(), akChainPem: '' })).toMatch(
      /^tpm_quote_format: |^trusted_root: AK chain is empty/,
    );
  });

  it('refuses the signature of another issuer, also under the true root', async () => {
    const stranger = createTpm({ keys: { ...createTpmKeys(), ak: keys.ak } });
    const akChainPem = [stranger.certificates.ak, tpm.certificates.ca, tpm.certificates.root]
      .map(toPem)
      .join('');
    expect(await refusal({ ...makeEvidence(), akChainPem })).toMatch(/^ak_chain: signature of /);
  });

  it('refuses a chain without its CA, without a leaf, in another order, too long, and text around it', async () => {
    const { ak, ca, root } = tpm.certificates;
    const chain = (...parts: Uint8Array[]): TpmEvidence => ({
      ...makeEvidence(),
      akChainPem: parts.map(toPem).join(''),
    });
    expect(await refusal(chain(ak, root))).toMatch(/^ak_chain: .* names another issuer/);
    expect(await refusal(chain(root))).toMatch(/^ak_chain: /);
    expect(await refusal(chain(ca, ak, root))).toMatch(/^ak_chain: /);
    expect(await refusal(chain(ak, ak, ak, ak, ak, root))).toMatch(
      /^tpm_quote_format: AK chain: more than 5 certificates/,
    );
    const evidence = makeEvidence();
    expect(await refusal({ ...evidence, akChainPem: `x${evidence.akChainPem}` })).toMatch(
      /^tpm_quote_format: AK chain/,
    );
  });

  it('refuses a CA as attestation key and a key of another purpose', async () => {
    const ca = createTpm({ certificates: { ak: { pathLength: 0 } } });
    expect(await refusal(makeEvidence(ca), ca)).toMatch(/^ak_chain: .* is not a signing leaf/);
    const usage = derSequence(derOid('2.23.133.8.1'));
    const other = createTpm({
      certificates: { ak: { extraExtensions: [{ oid: '2.5.29.37', value: usage }] } },
    });
    expect(await refusal(makeEvidence(other), other)).toMatch(
      /^ak_chain: .* is for 2\.23\.133\.8\.1, not for attestation keys/,
    );
    const broken = createTpm({
      certificates: { ak: { extraExtensions: [{ oid: '2.5.29.37', value: Uint8Array.of(5, 0) }] } },
    });
    expect(await refusal(makeEvidence(broken), broken)).toMatch(/^ak_chain: extended key usage/);
  });

  it('takes a key without extended usage, and one with several', async () => {
    const none = createTpm({ certificates: { ak: { extraExtensions: [] } } });
    expect((await verify(makeEvidence(none), none)).outcome).toBe('pass');
    const value = derSequence(derOid('1.3.6.1.4.1.311.10.3.12'), derOid('2.23.133.8.3'));
    const two = createTpm({
      certificates: { ak: { extraExtensions: [{ oid: '2.5.29.37', value, critical: true }] } },
    });
    expect((await verify(makeEvidence(two), two)).outcome).toBe('pass');
  });

  it('refuses a critical extension that it does not judge', async () => {
    const odd = createTpm({
      certificates: { ak: { extraExtensions: [{ oid: '1.2.3.4', value: akUsage, critical: true }] } },
    });
    expect(await refusal(makeEvidence(odd), odd)).toMatch(/critical extension 1\.2\.3\.4 is not understood/);
  });
});

describe('revocation', () => {
  const both = (ca: string, root: string): TpmEvidence => ({ ...makeEvidence(), crlsHex: [ca, root] });
  const caCrl = issueTpmCrl(tpm, 'ca');
  const rootCrl = issueTpmCrl(tpm, 'root');

  it('refuses a revoked key and a revoked CA', async () => {
    const revokedSerials = (role: 'ak' | 'ca'): { revokedSerials: Uint8Array[] } => ({
      revokedSerials: [tpm.serials[role]],
    });
    expect(await refusal(both(issueTpmCrl(tpm, 'ca', revokedSerials('ak')), rootCrl))).toMatch(
      /^ak_not_revoked: .* AK .* is revoked/,
    );
    expect(await refusal(both(caCrl, issueTpmCrl(tpm, 'root', revokedSerials('ca'))))).toMatch(
      /^ak_not_revoked: .* is revoked/,
    );
    // Another CRL of the same issuer that does not list it changes nothing.
    const evidence = {
      ...makeEvidence(),
      crlsHex: [caCrl, issueTpmCrl(tpm, 'ca', revokedSerials('ak')), rootCrl],
    };
    expect(await refusal(evidence)).toMatch(/is revoked/);
  });

  it('refuses a CRL that is stale, early, forged, foreign or no CRL', async () => {
    const window = (thisUpdateMs: number, nextUpdateMs: number): string =>
      issueTpmCrl(tpm, 'ca', { thisUpdateMs, nextUpdateMs });
    expect(await refusal(both(window(NOW_MS - 9 * DAY_MS, NOW_MS - DAY_MS), rootCrl))).toMatch(
      /^ak_not_revoked: CRL of /,
    );
    expect(await refusal(both(window(NOW_MS + DAY_MS, NOW_MS + 9 * DAY_MS), rootCrl))).toMatch(
      /^ak_not_revoked: CRL of /,
    );
    const stranger = createTpm({ keys: createTpmKeys() });
    expect(await refusal(both(issueTpmCrl(stranger, 'ca'), rootCrl))).toMatch(
      /^ak_not_revoked: signature of the CRL/,
    );
    expect(await refusal(both(issueTpmCrl(tpm, 'ca', { issuer: 'somebody' }), rootCrl))).toMatch(
      /is of no issuer of the AK chain/,
    );
    expect(await refusal(both('00', rootCrl))).toMatch(/^ak_not_revoked: /);
    expect(await refusal({ ...makeEvidence(), crlsHex: Array.from({ length: 9 }, () => caCrl) })).toMatch(
      /more than 8 CRLs/,
    );
  });
});
