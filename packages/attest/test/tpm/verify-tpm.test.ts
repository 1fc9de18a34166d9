import { toHex } from '@dcml/core';
import {
  createTpmKeys,
  extendRegisters,
  quoteSimulatedTpm,
  simulatedBootLog,
  writeEventLog,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import {
  createTpm,
  failures,
  keys,
  makeEvidence,
  nonce,
  openClaims,
  policyFor,
  tpm,
  verify,
} from './simulated-evidence.ts';

describe('a sound TPM quote', () => {
  it('passes, is simulated, and shows what was quoted', async () => {
    const verdict = await verify(makeEvidence());
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: 'pass', simulated: true });
    expect(verdict.claims.some((claim) => claim.source === 'hardware_proven')).toBe(false);
    const pcrs = [...extendRegisters(simulatedBootLog(), 'sha256')].map(([pcr, value]) => [
      pcr,
      toHex(value),
    ]);
    expect(verdict.measured).toMatchObject({
      kind: 'tpm',
      reportData: toHex(nonce),
      composeHash: null,
      tpm: {
        bank: 'sha256',
        resetCount: 7,
        restartCount: 2,
        clockMs: '123456',
        isClockSafe: true,
        pcrs: Object.fromEntries(pcrs),
      },
    });
  });

  it('points at the nonce in the signed bytes', async () => {
    const evidence = makeEvidence();
    const claim = (await verify(evidence)).claims.find(({ name }) => name === 'report_data_bound');
    const [range] = claim?.bytes ?? [];
    expect(range?.part).toBe('quote.message');
    const { offset = 0, length = 0 } = range ?? {};
    expect(toHex(evidence.quote.message.subarray(offset, offset + length))).toBe(toHex(nonce));
  });

  it('passes by every scheme, hash and bank', async () => {
    for (const algorithm of ['rsa-sha256', 'ecdsa-sha256', 'ecdsa-sha384'] as const) {
      const own = createTpm({
        keys: { ...keys, ak: algorithm === 'ecdsa-sha256' ? keys.ak : createTpmKeys(algorithm).ak },
      });
      const isRsa = algorithm === 'rsa-sha256';
      for (const scheme of isRsa ? (['rsassa', 'rsapss'] as const) : (['ecdsa'] as const)) {
        for (const hash of isRsa
          ? (['sha256', 'sha384'] as const)
          : [algorithm === 'ecdsa-sha256' ? ('sha256' as const) : ('sha384' as const)]) {
          for (const bank of ['sha256', 'sha384'] as const) {
            const verdict = await verify(makeEvidence(own, { scheme, hash, bank }), own);
            expect(failures(verdict), `${algorithm} ${scheme} ${hash} ${bank}`).toEqual([]);
            expect(verdict.outcome).toBe('pass');
          }
        }
      }
      if (isRsa) expect((await verify(makeEvidence(own, { form: 'raw' }), own)).outcome).toBe('pass');
    }
  });

  it('passes without an event log, whose claims are then waived', async () => {
    const { eventLog: _, ...evidence } = makeEvidence();
    const verdict = await verify(evidence);
    expect(verdict.outcome).toBe('pass');
    expect(
      verdict.claims.filter(({ name }) => name.startsWith('event_')).map(({ outcome }) => outcome),
    ).toEqual(['unknown', 'unknown']);
  });

  it('ignores values that the quote does not select', async () => {
    const evidence = makeEvidence();
    const pcrs = new Map([...evidence.quote.pcrs, [20, new Uint8Array(32).fill(9)]]);
    const verdict = await verify({ ...evidence, quote: { ...evidence.quote, pcrs } });
    expect(verdict.outcome).toBe('pass');
    expect(JSON.stringify(verdict.measured)).not.toContain('0909');
  });
});

describe('what stays unknown', () => {
  it('the nonce without an expectation', async () => {
    const { claims, outcome } = await verify(makeEvidence(), tpm, { expectedReportData: undefined as never });
    expect(outcome).toBe('unknown');
    expect(claims.find(({ name }) => name === 'report_data_bound')?.outcome).toBe('unknown');
  });

  it('revocation where a CRL is missing', async () => {
    const evidence = makeEvidence();
    for (const crlsHex of [[], [evidence.crlsHex[0]!], [evidence.crlsHex[1]!]]) {
      const verdict = await verify({ ...evidence, crlsHex });
      expect(verdict.outcome).toBe('unknown');
      expect(openClaims(verdict)).toEqual(['ak_not_revoked']);
    }
  });

  it('the application, if the policy asks for one', async () => {
    const policy = { ...policyFor(tpm), composeHashes: ['00'.repeat(32)] };
    const verdict = await verify(makeEvidence(), tpm, { policy });
    expect(openClaims(verdict)).toEqual(['compose_accepted']);
  });
});

describe('the policy', () => {
  const value = toHex(extendRegisters(simulatedBootLog(), 'sha256').get(4)!);

  it('accepts register values and required registers that hold', async () => {
    const policy = policyFor(tpm, { pcrs: { '4': ['00'.repeat(32), value] }, requiredPcrs: [0, 4, 7] });
    expect(await verify(makeEvidence(), tpm, { policy })).toMatchObject({ outcome: 'pass' });
  });

  it('refuses another value, a value of a register that is not quoted, and a missing register', async () => {
    const refused = async (rules: Parameters<typeof policyFor>[1]): Promise<string[]> =>
      failures(await verify(makeEvidence(), tpm, { policy: policyFor(tpm, rules) }));
    expect(await refused({ pcrs: { '4': ['00'.repeat(32)] } })).toEqual([
      `pcrs_accepted: PCR 4 is ${value}, which the policy does not accept`,
    ]);
    expect(await refused({ pcrs: { '15': [value] } })).toEqual([
      'pcrs_accepted: PCR 15 is not quoted; the policy lists its values',
    ]);
    expect(await refused({ requiredPcrs: [4, 9, 15] })).toEqual([
      'pcrs_required: the quote does not cover PCR 9, 15',
    ]);
  });

  it('does not take values that were given and not quoted', async () => {
    const evidence = makeEvidence();
    const pcrs = new Map([...evidence.quote.pcrs, [15, new Uint8Array(32)]]);
    const policy = policyFor(tpm, { pcrs: { '15': ['00'.repeat(32)] }, requiredPcrs: [15] });
    const verdict = await verify({ ...evidence, quote: { ...evidence.quote, pcrs } }, tpm, { policy });
    expect(failures(verdict)).toHaveLength(2);
  });

  it('denies and allows machines by the hash of their key', async () => {
    const sound = await verify(makeEvidence());
    const id = sound.measured?.platformId ?? '';
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const platforms = (rules: { allow: string[] | null; deny: string[] }): ReturnType<typeof verify> =>
      verify(makeEvidence(), tpm, { policy: { ...policyFor(tpm), platforms: rules } });
    expect((await platforms({ allow: [id], deny: [] })).outcome).toBe('pass');
    expect(failures(await platforms({ allow: ['00'.repeat(32)], deny: [] }))).toHaveLength(1);
    expect(failures(await platforms({ allow: null, deny: [id] }))).toHaveLength(1);
  });

  it('refuses the kind by default', async () => {
    const policy = { ...policyFor(tpm), kinds: ['tdx'] as const };
    const verdict = await verify(makeEvidence(), tpm, { policy });
    expect(failures(verdict)).toEqual(['kind_accepted: the policy accepts tdx, not tpm']);
    expect(verdict.measured).toBeNull();
  });
});

describe('the event log beside the quote', () => {
  const events = simulatedBootLog();

  it('refuses a log that does not give the quoted values', async () => {
    const evidence = makeEvidence();
    const verdict = await verify({ ...evidence, eventLog: writeEventLog(events.slice(0, -1)) });
    expect(failures(verdict)[0]).toMatch(/^event_log_replay: PCR 5 is /);
  });

  it('refuses a log that leaves out a firmware register', async () => {
    const verdict = await verify({
      ...makeEvidence(),
      eventLog: writeEventLog(events.filter(({ register }) => register !== 4)),
    });
    expect(failures(verdict)[0]).toMatch(/^event_log_replay: PCR 4 is /);
  });

  it('names the registers of which the log says nothing', async () => {
    const pcrs = new Map([...extendRegisters(events, 'sha256'), [10, new Uint8Array(32).fill(1)]]);
    const verdict = await verify(makeEvidence(tpm, { pcrs }));
    expect(verdict.outcome).toBe('pass');
    expect(verdict.claims.find(({ name }) => name === 'event_log_replay')?.reason).toMatch(
      /it says nothing of PCR 10$/,
    );
  });

  it('refuses a log that explains none of the quoted registers', async () => {
    const pcrs = new Map([[10, new Uint8Array(32).fill(1)]]);
    expect(failures(await verify(makeEvidence(tpm, { pcrs })))).toEqual([
      'event_log_replay: the event log explains no quoted PCR',
    ]);
  });

  it('refuses a payload that was not measured', async () => {
    const forged = events.map((event) =>
      event.type === 0x8 ? { ...event, data: Uint8Array.of(1, 2), measured: event.data } : event,
    );
    const verdict = await verify({ ...makeEvidence(), eventLog: writeEventLog(forged) });
    expect(failures(verdict)).toHaveLength(1);
    expect(failures(verdict)[0]).toMatch(
      /^event_payloads: payload of the event at offset \d+ \(type 0x8\) is not what was measured$/,
    );
  });

  it('refuses a log without the bank of the quote, and one that is no log', async () => {
    const other = await verify({ ...makeEvidence(), eventLog: writeEventLog(events, { banks: ['sha384'] }) });
    expect(failures(other)).toEqual(['event_log_replay: TCG event log: has no sha256 bank']);
    const none = await verify({ ...makeEvidence(), eventLog: new Uint8Array(3) });
    expect(failures(none)[0]).toMatch(/^event_log_replay: TCG event log: /);
  });
});

describe('a quote of another key', () => {
  it('is refused', async () => {
    const quote = quoteSimulatedTpm(createTpmKeys().ak, { extraData: nonce });
    const verdict = await verify({ ...makeEvidence(), quote });
    expect(failures(verdict)).toEqual(['tpm_quote_signature: the attestation key did not sign the quote']);
    expect(verdict.measured).toBeNull();
  });
});
