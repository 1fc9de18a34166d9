import {
  AttestError,
  checkPayloads,
  measuredBytes,
  parseCcEventLog,
  parsePcrLog,
  replayCcEventLog,
  replayPcrs,
} from '@dcml/attest';
import { concatBytes, encodeUtf8, toHex } from '@dcml/core';
import {
  type EventLogOptions,
  extendRegisters,
  type LoggedEvent,
  simulatedBootLog,
  startupLocalityEvent,
  writeEventLog,
  writeVariable,
} from '@dcml/testing';
import { describe, expect, it } from 'vitest';

const boot = simulatedBootLog();
const sound = writeEventLog(boot);
const hexOf = (registers: ReadonlyMap<number, Uint8Array>): string[] =>
  [...registers].map(([register, value]) => `${register}:${toHex(value)}`).sort();

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AttestError && error.code === 'ATTEST_FORMAT') return error.message;
    throw error;
  }
  return 'accepted';
}

function edited(offset: number, ...bytes: number[]): Uint8Array {
  const log = Uint8Array.from(sound);
  log.set(bytes, offset);
  return log;
}

describe('the log of a TPM', () => {
  it('replays to the registers in both banks', () => {
    for (const bank of ['sha256', 'sha384'] as const) {
      expect(hexOf(replayPcrs(sound, bank))).toEqual(hexOf(extendRegisters(boot, bank)));
    }
    expect(parsePcrLog(sound).events).toHaveLength(boot.length);
  });

  it('starts PCR 0 at the startup locality', () => {
    for (const locality of [0, 3, 4]) {
      const log = writeEventLog([startupLocalityEvent(locality), ...boot]);
      expect(hexOf(replayPcrs(log, 'sha256'))).toEqual(hexOf(extendRegisters(boot, 'sha256', locality)));
    }
    const alone = replayPcrs(writeEventLog([startupLocalityEvent(3)]), 'sha256');
    expect(hexOf(alone)).toEqual([`0:${'00'.repeat(31)}03`]);
  });

  it('refuses a startup locality that is late, repeated, elsewhere or impossible', () => {
    const replay = (events: LoggedEvent[]): string =>
      refusal(() => replayPcrs(writeEventLog(events), 'sha256'));
    const event = startupLocalityEvent(3);
    expect(replay([...boot, event])).toMatch(/startup locality is not at the start of PCR 0/);
    expect(replay([event, event, ...boot])).toMatch(/startup locality is not at the start of PCR 0/);
    expect(replay([{ ...event, register: 1 }])).toMatch(/startup locality is not at the start of PCR 0/);
    expect(replay([startupLocalityEvent(2)])).toMatch(/is none of 0, 3 and 4/);
    expect(replay([{ ...event, data: concatBytes(event.data, Uint8Array.of(0)) }])).toMatch(
      /is none of 0, 3 and 4/,
    );
    // Other events without a measurement change nothing.
    const other = { register: 0, type: 3, data: encodeUtf8('SP800-155 Event3') };
    expect(replay([other, ...boot])).toBe('accepted');
  });

  it('refuses the dynamic registers and a bank that it does not have', () => {
    for (const register of [17, 22]) {
      const log = writeEventLog([{ register, type: 4, data: new Uint8Array(4) }]);
      expect(refusal(() => replayPcrs(log, 'sha256'))).toMatch(/of the dynamic root of trust/);
    }
    const log = writeEventLog(boot, { banks: ['sha256'] });
    expect(refusal(() => replayPcrs(log, 'sha384'))).toMatch(/has no sha384 bank/);
    expect(refusal(() => replayPcrs(log, 'sha256'))).toBe('accepted');
  });
});

describe('the form of a log', () => {
  // The header event: register, type, 20 bytes, size, then the structure from offset 32.
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /register of the header needs 2 bytes/],
    ['register of the header', edited(0, 1), /header is in register 1 at offset 0/],
    ['type of the header', edited(4, 4), /header is not EV_NO_ACTION at offset 4/],
    ['digest of the header', edited(8 + 19, 1), /digest of the header must be zero at offset 27/],
    ['size of the header', edited(28, 0xff), /unexplained bytes|needs/],
    ['signature', edited(32 + 14, 0x32), /is not Spec ID Event03 at offset 32/],
    ['major version', edited(32 + 21, 1), /specification version 1\.0 is not 2\.0/],
    ['minor version', edited(32 + 20, 1), /specification version 2\.1 is not 2\.0/],
    ['no bank', edited(32 + 24, 0), /log has 0 banks/],
    ['many banks', edited(32 + 24, 6), /log has 6 banks/],
    ['digest size', edited(32 + 30, 32), /algorithm 0x4 with 32 bytes/],
    ['unknown algorithm', edited(32 + 28, 0x05), /algorithm 0x5 with 20 bytes/],
    ['a bank twice', edited(32 + 32, 0x04, 0, 20, 0), /algorithm 0x4 comes twice/],
    ['vendor info', edited(32 + 40, 9), /vendor info needs 9 bytes/],
    ['register', edited(73, 24), /register 24 does not exist at offset 73/],
    ['fewer digests', edited(81, 2), /event has 2 digests, the log 3 banks/],
    ['more digests', edited(81, 4), /event has 4 digests, the log 3 banks/],
    ['a digest twice', edited(81 + 4 + 22, 0x04), /digest algorithm 0x4 is foreign or comes twice/],
    ['foreign digest', edited(85, 0x0d), /digest algorithm 0xd is foreign or comes twice/],
    [
      'huge event',
      edited(73 + 12 + 22 + 34 + 50, 0xff, 0xff, 0xff, 0xff),
      /event data needs 4294967295 bytes/,
    ],
    ['trailing byte', concatBytes(sound, Uint8Array.of(0)), /register needs 2 bytes/],
    ['zero padding', concatBytes(sound, new Uint8Array(64)), /event has 0 digests/],
    ['0xff padding', concatBytes(sound, new Uint8Array(64).fill(0xff)), /register 4294967295 does not exist/],
    ['huge log', new Uint8Array((1 << 20) + 1), /is longer than 1048576 bytes/],
  ];
  it.each(cases)('refuses %s', (_, log, reason) => {
    expect(refusal(() => parsePcrLog(log))).toMatch(reason);
  });

  it('refuses a digest of an event that measures nothing, and too many events', () => {
    const log = writeEventLog([startupLocalityEvent(0)]);
    log[73 + 12 + 2] = 1;
    expect(refusal(() => parsePcrLog(log))).toMatch(/EV_NO_ACTION has the digest 01/);
    const small = Array.from({ length: 4097 }, () => ({ register: 0, type: 4, data: new Uint8Array(0) }));
    expect(refusal(() => parsePcrLog(writeEventLog(small, { banks: ['sha256'] })))).toMatch(
      /more than 4096 events/,
    );
  });

  it('takes vendor info', () => {
    expect(parsePcrLog(writeEventLog(boot, { vendorInfo: encodeUtf8('maker') })).events).toHaveLength(
      boot.length,
    );
  });

  it('refuses a log cut at any length but between events, where other values come out', () => {
    const events = parsePcrLog(sound).events;
    const ends = new Set([...events.map(({ offset }) => offset), sound.length]);
    const whole = hexOf(replayPcrs(sound, 'sha256'));
    for (let length = 0; length < sound.length; length++) {
      const cut = sound.slice(0, length);
      if (ends.has(length)) expect(hexOf(replayPcrs(cut, 'sha256'))).not.toEqual(whole);
      else
        expect(
          refusal(() => parsePcrLog(cut)),
          `${length} bytes`,
        ).not.toBe('accepted');
    }
  });

  it('refuses every flipped bit, or gives other values, or the bit is no part of what was measured', () => {
    const whole = hexOf(replayPcrs(sound, 'sha256'));
    const unmeasured: number[] = [];
    for (let offset = 0; offset < sound.length; offset++) {
      const log = Uint8Array.from(sound);
      log[offset] = log[offset]! ^ (1 << (offset % 8));
      let values: string[] = [];
      const refused = refusal(() => {
        values = hexOf(replayPcrs(log, 'sha256'));
        const { problem } = checkPayloads(parsePcrLog(log));
        if (problem !== undefined) values = [];
      });
      if (refused === 'accepted' && JSON.stringify(values) === JSON.stringify(whole)) unmeasured.push(offset);
    }
    const { events } = parsePcrLog(sound);
    const free = (offset: number): boolean => {
      // Header: platform class, errata, size of UINTN.
      if (offset < 73) return (offset >= 48 && offset < 52) || offset === 54 || offset === 55;
      const event = events.findLast((one) => one.offset <= offset)!;
      const at = offset - event.offset;
      const data = 12 + 22 + 34 + 50 + 4;
      // Type and SHA-1 digest of every event; payloads of what is not in the log; GUID and name of a boot variable;
      // the prefix of a GRUB command; the SHA-384 digest, which is not replayed here, where no payload proves it.
      if ((at >= 4 && at < 8) || (at >= 14 && at < 34)) return true;
      if (measuredBytes(event) === undefined) return at >= 12 + 22 + 34;
      if (at < data) return false;
      return event.type === 0x8000_0002 || (event.type === 0xd && at < data + 10);
    };
    expect(unmeasured.filter((offset) => !free(offset))).toEqual([]);
  });
});

describe('payloads', () => {
  const check = (...events: LoggedEvent[]): string | undefined =>
    checkPayloads(parsePcrLog(writeEventLog(events))).problem;
  const other = encodeUtf8('other');

  it('proves those that were measured and counts the others', () => {
    expect(checkPayloads(parsePcrLog(sound))).toEqual({
      problem: undefined,
      proven: boot.length - 1,
      notRecomputable: 1,
    });
  });

  it.each([0x4, 0x5, 0x8, 0x12, 0x8000_0001, 0x8000_0006, 0x8000_0007, 0x8000_000c, 0x8000_00e0])(
    'recomputes type 0x%s',
    (type) => {
      const event = { register: 1, type, data: encodeUtf8('payload') };
      expect(check(event)).toBeUndefined();
      expect(check({ ...event, measured: other })).toMatch(/is not what was measured/);
    },
  );

  it('takes the value of a boot variable for what was measured', () => {
    const data = writeVariable('BootOrder', Uint8Array.of(1, 0));
    const event = { register: 1, type: 0x8000_0002, data };
    expect(check({ ...event, measured: Uint8Array.of(1, 0) })).toBeUndefined();
    expect(check(event)).toMatch(/is not what was measured/);
    expect(check({ ...event, data: data.subarray(0, -1) })).toMatch(
      /boot variable of the event at offset 73: data needs/,
    );
    expect(check({ ...event, data: concatBytes(data, other) })).toMatch(/unexplained bytes/);
    const huge = Uint8Array.from(data);
    huge[20] = 1;
    expect(check({ ...event, data: huge })).toMatch(/upper half of the name length must be zero/);
  });

  it('takes a command of GRUB for what was measured, and no other text of a boot loader', () => {
    for (const prefix of ['grub_cmd: ', 'kernel_cmdline: ', 'module_cmdline: ']) {
      const event = { register: 8, type: 0xd, data: encodeUtf8(`${prefix}linux /x\0`) };
      expect(check({ ...event, measured: encodeUtf8('linux /x') })).toBeUndefined();
      expect(check({ ...event, measured: encodeUtf8('linux /y') })).toMatch(/is not what was measured/);
    }
    expect(
      check({ register: 9, type: 0xd, data: encodeUtf8('/boot/grub.cfg\0'), measured: other }),
    ).toBeUndefined();
  });

  it('does not take a log of SHA-1 alone for proof', () => {
    const log = writeEventLog([{ register: 1, type: 0x8, data: other }], { banks: ['sha1'] });
    expect(checkPayloads(parsePcrLog(log)).problem).toMatch(/has no digest that can be recomputed/);
  });

  it('compares every bank', () => {
    const log = writeEventLog([{ register: 1, type: 0x8, data: other }], { banks: ['sha256', 'sha384'] });
    log[log.length - other.length - 5] = log[log.length - other.length - 5]! ^ 1;
    expect(checkPayloads(parsePcrLog(log)).problem).toMatch(/is not what was measured/);
  });
});

describe('the log of a TD', () => {
  const events = simulatedBootLog('cc');
  const registers = extendRegisters(events, 'sha384');
  const rtmrs = [1, 2, 3, 4].map((index) => registers.get(index) ?? new Uint8Array(48));
  const write = (options: EventLogOptions = {}, list: readonly LoggedEvent[] = events): Uint8Array =>
    writeEventLog(list, { banks: ['sha384'], headerRegister: 1, ...options });

  it('replays to RTMR0-3, in an area filled with 0xff or zero, with the header in register 0 or 1', () => {
    for (const fill of [0xff, 0x00]) {
      for (const length of [0, 1, 11, 12, 500]) {
        const trailer = new Uint8Array(length).fill(fill);
        expect(replayCcEventLog(write({ trailer }), rtmrs)).toEqual({
          problem: undefined,
          events: events.length,
        });
      }
    }
    expect(replayCcEventLog(write({ headerRegister: 0 }), rtmrs).problem).toBeUndefined();
    expect(replayCcEventLog(write(), rtmrs.slice(0, 2)).problem).toBeUndefined();
  });

  it('refuses any other register value, also that of a register without events', () => {
    for (const i of [0, 1, 2, 3]) {
      const changed = rtmrs.map((rtmr, at) => (at === i ? new Uint8Array(48).fill(7) : rtmr));
      expect(replayCcEventLog(write(), changed).problem).toMatch(new RegExp(`^RTMR${i} is 0707`));
    }
    expect(replayCcEventLog(write({}, events.slice(1)), rtmrs).problem).toMatch(/^RTMR0 is /);
    expect(replayCcEventLog(write({}, [...events].reverse()), rtmrs).problem).toMatch(/^RTMR\d is /);
  });

  it('refuses padding that hides bytes, registers beyond RTMR3, MRTD, another bank', () => {
    const hidden = (fill: number): Uint8Array => concatBytes(new Uint8Array(40).fill(fill), Uint8Array.of(1));
    expect(replayCcEventLog(write({ trailer: hidden(0xff) }), rtmrs).problem).toMatch(
      /register 4294967295 does not exist/,
    );
    expect(replayCcEventLog(write({ trailer: hidden(0) }), rtmrs).problem).toMatch(/event has 0 digests/);
    expect(replayCcEventLog(write({ trailer: Uint8Array.of(0xff, 0) }), rtmrs).problem).toMatch(/needs/);
    const inRegister = (register: number): LoggedEvent => ({ register, type: 4, data: new Uint8Array(4) });
    expect(replayCcEventLog(write({}, [...events, inRegister(5)]), rtmrs).problem).toMatch(
      /register 5 does not exist/,
    );
    expect(replayCcEventLog(write({}, [...events, inRegister(0)]), rtmrs).problem).toMatch(/extends MRTD/);
    expect(replayCcEventLog(write({ headerRegister: 2 }), rtmrs).problem).toMatch(/header is in register 2/);
    expect(replayCcEventLog(write({ banks: ['sha256'] }), rtmrs).problem).toMatch(/has no sha384 bank/);
  });

  it('refuses a payload that was not measured', () => {
    const forged = events.map((event, i) =>
      i === 0 ? { ...event, data: encodeUtf8('x'), measured: event.data } : event,
    );
    expect(replayCcEventLog(write({}, forged), rtmrs).problem).toMatch(/is not what was measured/);
    expect(parseCcEventLog(write({}, forged)).events[0]?.register).toBe(1);
  });
});
