import {
  checkPayloads,
  parseCcEventLog,
  parsePcrLog,
  parseTdxQuote,
  replayCcEventLog,
  replayPcrs,
} from '@dcml/attest';
import { toHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import { hasSamples, readSample } from '../real-samples.ts';
import { pemBlocks } from '../tpm/real-tpm.ts';

describe.skipIf(!hasSamples)('captured event logs', () => {
  it('google-cos113-ccel_data.bin replays to RTMR0-3 of google-cos113-v4.bin', () => {
    const { rtmrs } = parseTdxQuote(readSample('tdx/google-cos113-v4.bin')).body;
    const log = readSample('tdx/google-cos113-ccel_data.bin');
    expect(replayCcEventLog(log, rtmrs)).toEqual({ problem: undefined, events: 43 });
    expect(checkPayloads(parseCcEventLog(log))).toEqual({
      problem: undefined,
      proven: 31,
      notRecomputable: 12,
    });
    // The quote of another machine has other registers.
    const other = parseTdxQuote(readSample('tdx/phala-tdx_quote.bin')).body.rtmrs;
    expect(replayCcEventLog(log, other).problem).toMatch(/^RTMR0 is /);
  });

  it.each([
    ['dstack/ccel.bin', 18, 12, 6],
    ['tdx/coco-CCEL_data', 5, 2, 3],
  ])('%s is parsed in its padded area', (name, events, proven, notRecomputable) => {
    const log = parseCcEventLog(readSample(name));
    expect(log.events).toHaveLength(events);
    expect(checkPayloads(log)).toEqual({ problem: undefined, proven, notRecomputable });
  });

  const read = (name: string): Uint8Array =>
    name.endsWith('.txt') ? pemBlocks(name, 'LOG')[0]! : readSample(name);

  it.each([
    [
      'vtpm/eventlog-ubuntu-2404-amd-sevsnp.bin',
      116,
      95,
      '50597a27846e91d025eef597abbc89f72bff9af849094db97b0684d8bc4c515e',
    ],
    ['dstack/tpm_eventlog.bin', 45, 23, '0cca9ec161b09288802e5a112255d21340ed5b797f5fe29cecccfd8f67b9f802'],
    [
      'vtpm/openpcc-tcg_eventlog.txt',
      100,
      78,
      '0cca9ec161b09288802e5a112255d21340ed5b797f5fe29cecccfd8f67b9f802',
    ],
  ])('%s replays in both banks, and its payloads are what was measured', (name, events, proven, pcr0) => {
    const log = read(name);
    const parsed = parsePcrLog(log);
    expect(parsed.events).toHaveLength(events);
    expect(checkPayloads(parsed)).toMatchObject({ problem: undefined, proven });
    expect(toHex(replayPcrs(log, 'sha256').get(0)!)).toBe(pcr0);
    expect(replayPcrs(log, 'sha384').size).toBe(replayPcrs(log, 'sha256').size);
  });
});
