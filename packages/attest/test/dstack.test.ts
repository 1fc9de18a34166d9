import { encodeRuntimeEvents, parseRuntimeEvents, type RuntimeEvent } from '@dcml/attest';
import { fromHex, systemRandom, toHex } from '@dcml/core';
import { createSimulatedGuest, dstackEvent, encodeEventLog, replayRegisters } from '@dcml/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runtimeEventDigest } from '../src/dstack/replay.ts';
import { failures, makeEvidence, platform, reportData, verify } from './simulated-evidence.ts';

const { guest } = platform;

/** Evidence whose quote has the registers of exactly these events: what a guest that logged them would send. */
function evidenceOf(eventLog: readonly RuntimeEvent[]) {
  const quote = guest.quote(reportData, { td: { rtmrs: replayRegisters(eventLog), reportData } });
  return makeEvidence({ evidence: { quote, eventLog } });
}

function replaceEvent(name: string, change: (event: RuntimeEvent) => RuntimeEvent): RuntimeEvent[] {
  return guest.events().map((event) => (event.event === name ? change(event) : event));
}

async function expectFailure(eventLog: readonly RuntimeEvent[], failure: RegExp): Promise<void> {
  const verdict = await verify(makeEvidence({ evidence: { eventLog } }));
  expect(failures(verdict)).toEqual([expect.stringMatching(failure)]);
  expect(verdict.measured?.composeHash).toBeNull();
}

describe('dstack event log', () => {
  it('refuses a payload forged beside a kept digest', async () => {
    const forged = replaceEvent('compose-hash', (event) => ({ ...event, eventPayload: 'ab'.repeat(32) }));
    await expectFailure(forged, /^event_digests: digest of event 7/);
  });

  it('refuses a forged payload with its own digest, or with none, since the registers differ', async () => {
    const payload = fromHex('ab'.repeat(32));
    await expectFailure(
      replaceEvent('compose-hash', () => dstackEvent('compose-hash', payload)),
      /^rtmr_replay: RTMR3/,
    );
    const stripped = replaceEvent('compose-hash', () => ({
      ...dstackEvent('compose-hash', payload),
      digest: '',
    }));
    await expectFailure(stripped, /^rtmr_replay: RTMR3/);
  });

  it('accepts a log whose RTMR3 digests are left out, and computes them', async () => {
    const eventLog = guest.events().map((event) => (event.imr === 3 ? { ...event, digest: '' } : event));
    expect((await verify(makeEvidence({ evidence: { eventLog } }))).outcome).toBe('pass');
  });

  it('refuses firmware events without digest', async () => {
    const eventLog = guest.events().map((event) => ({ ...event, digest: '' }));
    await expectFailure(eventLog, /^event_digests: .*expected 48 bytes/);
  });

  it('refuses events that were dropped, added or reordered, in every register', async () => {
    const events = guest.events();
    for (let i = 0; i < events.length; i++) {
      await expectFailure(events.toSpliced(i, 1), /^rtmr_replay/);
    }
    await expectFailure([...events, dstackEvent('later', new Uint8Array(1))], /^rtmr_replay: RTMR3/);
    await expectFailure([events[1]!, events[0]!, ...events.slice(2)], /^rtmr_replay: RTMR0/);
    await expectFailure([], /^rtmr_replay/);
  });

  it('refuses a name that comes twice before or after system-ready, though registers and digests are right', async () => {
    const events = guest.events();
    const again = dstackEvent('compose-hash', fromHex('cd'.repeat(32)));
    for (const eventLog of [events.toSpliced(6, 0, again), [...events, again]]) {
      const verdict = await verify(evidenceOf(eventLog));
      expect(failures(verdict)).toEqual([
        expect.stringMatching(/^boot_events: boot event "compose-hash" comes again/),
      ]);
    }
  });

  it('takes a compose hash only from the boot', async () => {
    const events = guest.events();
    const without = events.filter((event) => event.event !== 'compose-hash');
    const late = [...without, events.find((event) => event.event === 'compose-hash')!];
    const verdict = await verify(evidenceOf(late));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^compose_hash: the boot has no compose-hash/)]);
  });

  it('refuses a boot without end, foreign event types and names with a colon', async () => {
    const events = guest.events();
    const unfinished = await verify(evidenceOf(events.slice(0, -1)));
    expect(failures(unfinished)).toEqual([expect.stringMatching(/^boot_events: .*no system-ready/)]);
    const colon = await verify(evidenceOf(events.toSpliced(-1, 0, dstackEvent('a:b', new Uint8Array(0)))));
    expect(failures(colon)).toEqual([expect.stringMatching(/^boot_events: .*colon/)]);
    const [name, payload] = ['{"name"', '"none","id":""}'];
    expect(name).not.toContain(':');
    // The same bytes split elsewhere have the same digest, which is why a colon in a name is refused.
    const whole = dstackEvent('key-provider', new TextEncoder().encode(`${name}:${payload}`));
    const split = dstackEvent(`key-provider:${name}`, new TextEncoder().encode(payload));
    expect(split.digest).toBe(whole.digest);
    await expectFailure(
      replaceEvent('instance-id', (event) => ({ ...event, eventType: 1, digest: '' })),
      /^rtmr_replay/,
    );
    const untyped = { ...dstackEvent('key', new Uint8Array(1)), eventType: 1 };
    const digest = toHex(runtimeEventDigest(untyped));
    const foreign = await verify(evidenceOf(events.toSpliced(-1, 0, { ...untyped, digest })));
    expect(failures(foreign)).toEqual([expect.stringMatching(/^boot_events: .*type 1/)]);
    await expectFailure([{ ...events[0]!, imr: 4 }], /^event_digests: an event names register 4/);
  });

  it('refuses an application other than the measured one', async () => {
    const verdict = await verify(makeEvidence({ evidence: { appCompose: `${guest.appCompose} ` } }));
    expect(failures(verdict)).toEqual([expect.stringMatching(/^compose_hash: the guest measured/)]);
  });

  it('refuses an MRCONFIGID that names another compose', async () => {
    const withConfigId = (hex: string) => {
      const td = { rtmrs: replayRegisters(guest.events()), reportData, mrConfigId: fromHex(hex) };
      return verify(makeEvidence({ evidence: { quote: guest.quote(reportData, { td }) } }));
    };
    const right = `01${guest.composeHash}${'00'.repeat(15)}`;
    expect((await withConfigId(right)).outcome).toBe('pass');
    for (const wrong of [
      `02${right.slice(2)}`,
      `01${'ab'.repeat(32)}${'00'.repeat(15)}`,
      `${right.slice(0, -2)}01`,
    ]) {
      expect(failures(await withConfigId(wrong))).toEqual([expect.stringMatching(/^mr_config_id/)]);
    }
  });

  it('lets the application extend RTMR3 after its boot', async () => {
    const running = createSimulatedGuest({
      vendor: platform.vendor,
      appCompose: guest.appCompose,
      random: systemRandom,
    });
    running.emit('session', fromHex('0102'));
    running.emit('session', fromHex('0304'));
    expect((await verify(running.evidence(reportData))).outcome).toBe('pass');
  });
});

describe('parseRuntimeEvents', () => {
  it('reads what the guest agent sends, and its own encoding', () => {
    const events = guest.events();
    expect(parseRuntimeEvents(encodeEventLog(events))).toEqual(events);
    expect(parseRuntimeEvents(encodeRuntimeEvents(events))).toEqual(events);
  });

  it('round-trips any event', () => {
    const event = fc.record({
      imr: fc.integer({ min: 0, max: 3 }),
      eventType: fc.integer({ min: 0, max: 0xffffffff }),
      digest: fc.oneof(fc.constant(''), fc.uint8Array({ minLength: 48, maxLength: 48 }).map(toHex)),
      event: fc.string({ unit: 'grapheme', maxLength: 40 }),
      eventPayload: fc.uint8Array({ maxLength: 64 }).map(toHex),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        expect(parseRuntimeEvents(encodeRuntimeEvents(events))).toEqual(events);
      }),
    );
  });

  it.each([
    ['no array', '{}'],
    ['a register out of range', '[{"imr":4,"event_type":1,"digest":"","event":"","event_payload":""}]'],
    ['a short digest', '[{"imr":3,"event_type":1,"digest":"00","event":"","event_payload":""}]'],
    ['capital hex', '[{"imr":3,"event_type":1,"digest":"","event":"","event_payload":"AB"}]'],
    ['an unknown member', '[{"imr":3,"event_type":1,"digest":"","event":"","event_payload":"","x":1}]'],
    ['a missing member', '[{"imr":3,"event_type":1,"digest":"","event":""}]'],
    ['a duplicate key', '[{"imr":3,"imr":3,"event_type":1,"digest":"","event":"","event_payload":""}]'],
    ['no JSON', 'events'],
  ])('refuses %s', (_what, text) => {
    expect(() => parseRuntimeEvents(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^CORE_/) }),
    );
  });
});
