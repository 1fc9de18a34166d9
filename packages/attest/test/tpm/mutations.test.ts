import { createTpmKeys } from '@dcml/testing';
import { tryMutations } from '@dcml/testing/mutation';
import { describe, expect, it } from 'vitest';
import { createTpm, makeEvidence, NOW_MS, nonce, policyFor, tpm, verify } from './simulated-evidence.ts';

const sound = makeEvidence();
const seed = Number(process.env['DCML_SEED'] ?? 1);

describe('mutations of a TPM quote', () => {
  it('refuses a flipped bit in every byte of message and signature', async () => {
    for (const part of ['message', 'signature'] as const) {
      for (let offset = 0; offset < sound.quote[part].length; offset++) {
        const bytes = Uint8Array.from(sound.quote[part]);
        bytes[offset] = bytes[offset]! ^ (1 << (offset % 8));
        const verdict = await verify({ ...sound, quote: { ...sound.quote, [part]: bytes } });
        expect(verdict.outcome, `${part} byte ${offset}`).toBe('fail');
      }
    }
  });

  it('refuses message and signature cut at any length', async () => {
    for (const part of ['message', 'signature'] as const) {
      for (let length = 0; length < sound.quote[part].length; length++) {
        const bytes = sound.quote[part].slice(0, length);
        const verdict = await verify({ ...sound, quote: { ...sound.quote, [part]: bytes } });
        expect(verdict.outcome, `${part} of ${length} bytes`).toBe('fail');
      }
    }
  });

  it(`refuses 500 random mutations (seed ${seed})`, async () => {
    const options = { policy: policyFor(tpm), expectedReportData: nonce, nowMs: NOW_MS };
    const donor = makeEvidence(createTpm({ keys: createTpmKeys() }));
    const count = await tryMutations({ name: 'tpm', evidence: sound, options }, [donor], 500, seed);
    expect(count.wrong).toEqual([]);
    // Neutral are unmeasured bytes of the event log only.
    expect([...count.neutralFields.keys()].filter((field) => !field.startsWith('eventLog'))).toEqual([]);
  });
});
