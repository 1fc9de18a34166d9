import { equalBytes, isDcmlError } from '@dcml/core';
import type { EvidenceSource, PlatformQuote } from '@dcml/enclave';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/**
 * What the platform under test does with the next call: answers; stays silent; answers what no platform would, with
 * `canary` in it; or is not there at all.
 */
export type PlatformFault = 'none' | 'silent' | 'malformed' | 'gone';

export interface EvidenceSourceUnderTest {
  readonly source: EvidenceSource;
  /** The same platform with this deadline: it is waited for in full. */
  withDeadline(deadlineMs: number): EvidenceSource;
  setFault(fault: PlatformFault): void | Promise<void>;
  /** What the evidence binds, read from the evidence itself. */
  boundData(quote: PlatformQuote): Uint8Array;
  /** What `boundData` must give for this report data: the same 64 bytes unless the platform is too small for them. */
  expectedData?(reportData: Uint8Array): Uint8Array;
  /** Texts of the environment (paths, output, values) that no error may show. */
  readonly canaries: readonly string[];
  readonly appCompose: string;
  /** The register that `extend` changes; needed where the source extends. */
  readRegister?(): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

const never: AbortSignal = new AbortController().signal;

function reportData(fill: number): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, index) => (index * 7 + fill) & 0xff);
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('expected a refusal, the call succeeded');
}

/** What every source of evidence must do, whatever the platform. */
export function describeEvidenceSource(name: string, create: () => Promise<EvidenceSourceUnderTest>): void {
  describe(`${name} conforms to EvidenceSource`, () => {
    let subject: EvidenceSourceUnderTest;
    let source: EvidenceSource;
    beforeAll(async () => {
      subject = await create();
      source = subject.source;
    });
    afterEach(() => subject.setFault('none'));
    afterAll(() => subject.dispose());

    const expected = (data: Uint8Array): Uint8Array => subject.expectedData?.(data) ?? data;

    /** The one error that callers know, telling nothing of what stands behind it. */
    const expectPlatformError = (error: unknown): void => {
      expect(isDcmlError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'ENCLAVE_PLATFORM' });
      const shown = JSON.stringify(error) + String(error);
      for (const canary of subject.canaries) expect(shown).not.toContain(canary);
      for (const value of Object.values(process.env)) {
        // Short values are words of any sentence.
        if (value !== undefined && value.length > 12) expect(shown).not.toContain(value);
      }
    };

    it('describes the guest', async () => {
      const info = await source.info(never);
      expect(info.appCompose).toBe(subject.appCompose);
      expect(typeof info.simulated).toBe('boolean');
      expect((await source.quote(reportData(1), never)).teeType).toBe(info.teeType);
    });

    it('binds exactly the report data, and other data otherwise', async () => {
      const first = subject.boundData(await source.quote(reportData(1), never));
      expect(equalBytes(first, expected(reportData(1)))).toBe(true);
      const again = subject.boundData(await source.quote(reportData(1), never));
      expect(equalBytes(again, first)).toBe(true);
      const other = reportData(1);
      other[63]! ^= 1;
      const bound = subject.boundData(await source.quote(other, never));
      expect(equalBytes(bound, expected(other))).toBe(true);
      expect(equalBytes(bound, first)).toBe(false);
    });

    it('does not mix quotes that are made at once', async () => {
      const wanted = Array.from({ length: 12 }, (_, index) => reportData(index));
      const quotes = await Promise.all(wanted.map((data) => source.quote(data, never)));
      for (const [index, quote] of quotes.entries()) {
        expect(equalBytes(subject.boundData(quote), expected(wanted[index]!))).toBe(true);
      }
    });

    it('refuses report data of another length', async () => {
      for (const length of [0, 32, 63, 65]) {
        expectPlatformError(await failureOf(source.quote(new Uint8Array(length), never)));
      }
    });

    it('ends at once when it is cancelled, before or while it waits, and serves on', async () => {
      expectPlatformError(await failureOf(source.quote(reportData(1), AbortSignal.abort())));
      expectPlatformError(await failureOf(source.info(AbortSignal.abort())));
      await subject.setFault('silent');
      const controller = new AbortController();
      const failure = failureOf(source.quote(reportData(2), controller.signal));
      setImmediate(() => controller.abort(new Error(subject.canaries[0])));
      expectPlatformError(await failure);
      await subject.setFault('none');
      const quote = await source.quote(reportData(3), never);
      expect(equalBytes(subject.boundData(quote), expected(reportData(3)))).toBe(true);
    });

    it('gives up on a silent platform at its deadline, and serves on', async () => {
      await subject.setFault('silent');
      const hurried = subject.withDeadline(150);
      expectPlatformError(await failureOf(hurried.quote(reportData(4), never)));
      await subject.setFault('none');
      const quote = await source.quote(reportData(5), never);
      expect(equalBytes(subject.boundData(quote), expected(reportData(5)))).toBe(true);
    });

    it.each(['malformed', 'gone'] as const)(
      'makes one typed error of a platform that is %s',
      async (fault) => {
        await subject.setFault(fault);
        expectPlatformError(await failureOf(source.quote(reportData(6), never)));
        await subject.setFault('none');
        const quote = await source.quote(reportData(7), never);
        expect(equalBytes(subject.boundData(quote), expected(reportData(7)))).toBe(true);
      },
    );

    it('extends its register, where it has one, by what happened', async () => {
      if (source.extend === undefined) return;
      const read = (): Promise<Uint8Array> => subject.readRegister!();
      const before = await read();
      await source.extend({ name: 'model-loaded', payload: Uint8Array.of(1, 2, 3) }, never);
      const after = await read();
      expect(equalBytes(after, before)).toBe(false);
      for (const bad of ['', 'a:b', 'A', `${'x'.repeat(65)}`]) {
        expectPlatformError(await failureOf(source.extend({ name: bad, payload: new Uint8Array(0) }, never)));
      }
      expect(equalBytes(await read(), after)).toBe(true);
      const aborted = source.extend({ name: 'late', payload: new Uint8Array(0) }, AbortSignal.abort());
      expectPlatformError(await failureOf(aborted));
      expect(equalBytes(await read(), after)).toBe(true);
    });
  });
}
