import { createPublicKey } from 'node:crypto';
import { type PcrBank, parseTpmPublic, replayPcrs, type TpmEvidence } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import {
  extendRegisters,
  hashWith,
  issueTpmCrl,
  type LogBank,
  type SimulatedTpm,
  simulatedBootLog,
  toPem,
  writeEventLog,
} from '@dcml/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTpm, failures, nonce, policyFor, verify } from './simulated-evidence.ts';
import { hasSwtpm, type SoftwareTpm, startSwtpm } from './swtpm.ts';

interface KeyKind {
  readonly name: string;
  readonly algorithm: string;
  readonly scheme: string;
  readonly hash: 'sha256' | 'sha384';
  readonly bank: LogBank & PcrBank;
}

const kinds: readonly KeyKind[] = [
  { name: 'rsa', algorithm: 'rsa', scheme: 'rsassa', hash: 'sha256', bank: 'sha256' },
  { name: 'pss', algorithm: 'rsa', scheme: 'rsapss', hash: 'sha256', bank: 'sha384' },
  { name: 'p256', algorithm: 'ecc', scheme: 'ecdsa', hash: 'sha256', bank: 'sha256' },
  { name: 'p384', algorithm: 'ecc384', scheme: 'ecdsa', hash: 'sha384', bank: 'sha384' },
];

const bootLog = simulatedBootLog();
const selected = [0, 1, 2, 3, 4, 5, 6, 7, 8];

describe.skipIf(!hasSwtpm)('a TPM that speaks the real protocol (swtpm)', () => {
  let device: SoftwareTpm;

  beforeAll(async () => {
    device = await startSwtpm();
    await device.tool('tpm2_createek', '-c', 'ek.ctx', '-G', 'rsa', '-u', 'ek.pub');
    // The boot: every event goes into the registers of both banks.
    for (const event of bootLog) {
      const digest = (bank: LogBank): string =>
        `${bank}=${toHex(hashWith(bank, event.measured ?? event.data))}`;
      await device.tool('tpm2_pcrextend', `${event.register}:${digest('sha256')},${digest('sha384')}`);
    }
  }, 60_000);
  afterAll(async () => {
    await device.close();
  });

  /** Makes an attestation key in the TPM, has the test CA certify it, and quotes. */
  async function quoteWith(
    kind: KeyKind,
    qualifying: Uint8Array,
  ): Promise<{ own: SimulatedTpm; evidence: TpmEvidence }> {
    const { name, algorithm, scheme, hash, bank } = kind;
    await device.tool(
      'tpm2_createak',
      '-C',
      'ek.ctx',
      '-c',
      `${name}.ctx`,
      '-G',
      algorithm,
      '-g',
      hash,
      '-s',
      scheme,
      '-u',
      `${name}.pub`,
      '-f',
      'tpmt',
      '-n',
      `${name}.name`,
    );
    await device.tool('tpm2_readpublic', '-c', `${name}.ctx`, '-f', 'pem', '-o', `${name}.pem`);
    const pem = createPublicKey(Buffer.from(await device.read(`${name}.pem`)));
    const own = createTpm({ akSpki: new Uint8Array(pem.export({ type: 'spki', format: 'der' })) });
    await device.tool(
      'tpm2_quote',
      '-c',
      `${name}.ctx`,
      '-l',
      `${bank}:${selected.join(',')}`,
      '-q',
      toHex(qualifying),
      '-m',
      `${name}.msg`,
      '-s',
      `${name}.sig`,
      '-o',
      `${name}.pcrs`,
      '-F',
      'values',
      '-g',
      hash,
      '--scheme',
      scheme,
    );
    const values = await device.read(`${name}.pcrs`);
    const length = bank === 'sha256' ? 32 : 48;
    const pcrs = new Map(selected.map((pcr, i) => [pcr, values.slice(i * length, (i + 1) * length)]));
    const { ak, ca, root } = own.certificates;
    return {
      own,
      evidence: {
        kind: 'tpm',
        quote: {
          message: await device.read(`${name}.msg`),
          signature: await device.read(`${name}.sig`),
          bank,
          pcrs,
        },
        eventLog: writeEventLog(bootLog),
        akChainPem: [ak, ca, root].map(toPem).join(''),
        crlsHex: [issueTpmCrl(own, 'ca'), issueTpmCrl(own, 'root')],
      },
    };
  }

  it.each(kinds)(
    'quotes with a key of kind $name, and nothing else verifies',
    async (kind) => {
      const { own, evidence } = await quoteWith(kind, nonce);
      const verdict = await verify(evidence, own);
      expect(failures(verdict)).toEqual([]);
      expect(verdict.outcome).toBe('pass');
      const registers = extendRegisters(bootLog, kind.bank);
      expect(verdict.measured).toMatchObject({
        tpm: { pcrs: Object.fromEntries(selected.map((pcr) => [pcr, toHex(registers.get(pcr)!)])) },
      });
      // The public area that the TPM hands out is the certified key's, and says that it attests.
      const publicArea = parseTpmPublic(await device.read(`${kind.name}.pub`));
      expect(publicArea.isAttestationKey).toBe(true);

      // Another nonce.
      expect(failures(await verify(evidence, own, { expectedReportData: new Uint8Array(32) }))[0]).toMatch(
        /^report_data_bound/,
      );
      // Another register value, in the evidence or in the log.
      const pcrs = new Map([...evidence.quote.pcrs, [4, new Uint8Array(registers.get(4)!.length)]]);
      const forged = { ...evidence, quote: { ...evidence.quote, pcrs } };
      expect(failures(await verify(forged, own))[0]).toMatch(/^pcr_digest/);
      const shorter = { ...evidence, eventLog: writeEventLog(bootLog.slice(1)) };
      expect(failures(await verify(shorter, own))[0]).toMatch(/^event_log_replay: PCR 0/);
      // Another key's certificate.
      const stranger = createTpm();
      const { ak, ca, root } = stranger.certificates;
      const akChainPem = [ak, ca, root].map(toPem).join('');
      const crlsHex = [issueTpmCrl(stranger, 'ca'), issueTpmCrl(stranger, 'root')];
      expect(failures(await verify({ ...evidence, akChainPem, crlsHex }, stranger))[0]).toMatch(
        /^tpm_quote_signature/,
      );
    },
    60_000,
  );

  it('shows a register that changed after the boot', async () => {
    const { own, evidence } = await quoteWith(kinds[2]!, nonce);
    const policy = policyFor(own, { pcrs: { '4': [toHex(evidence.quote.pcrs.get(4)!)] } });
    expect((await verify(evidence, own, { policy })).outcome).toBe('pass');
    await device.tool('tpm2_pcrextend', `4:sha256=${toHex(hashWith('sha256', fromHex('01')))}`);
    const later = await quoteWith(kinds[2]!, nonce);
    const again = { ...policyFor(later.own), tpm: policy.tpm };
    const reasons = failures(await verify(later.evidence, later.own, { policy: again }));
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual(['pcrs_accepted', 'event_log_replay']);
    expect(replayPcrs(evidence.eventLog!, 'sha256').get(4)).toEqual(evidence.quote.pcrs.get(4));
  }, 60_000);
});
