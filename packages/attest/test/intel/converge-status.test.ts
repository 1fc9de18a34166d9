import { type TcbStatus, tcbStatuses } from '@dcml/attest';
import { describe, expect, it } from 'vitest';
import { convergeStatus } from '../../src/intel/converge-status.ts';

describe('convergeStatus', () => {
  it.each([
    ['UpToDate', 'UpToDate', 'UpToDate'],
    ['SWHardeningNeeded', 'UpToDate', 'SWHardeningNeeded'],
    ['UpToDate', 'OutOfDate', 'OutOfDate'],
    ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
    ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate', 'OutOfDate'],
    ['UpToDate', 'Revoked', 'Revoked'],
    ['OutOfDate', 'Revoked', 'Revoked'],
    ['Revoked', 'UpToDate', 'Revoked'],
    ['Revoked', 'OutOfDate', 'Revoked'],
  ] as const)('%s platform with %s part is %s', (platform, part, expected) => {
    expect(convergeStatus([platform], ['UpToDate', part])).toBe(expected);
    expect(convergeStatus([platform], [part, 'UpToDate'])).toBe(expected);
  });

  it('takes the worse of two platform levels, needs of both together', () => {
    const pair = (a: TcbStatus, b: TcbStatus): TcbStatus => convergeStatus([a, b], []);
    expect(pair('UpToDate', 'OutOfDate')).toBe('OutOfDate');
    expect(pair('SWHardeningNeeded', 'ConfigurationNeeded')).toBe('ConfigurationAndSWHardeningNeeded');
    expect(pair('ConfigurationNeeded', 'OutOfDate')).toBe('OutOfDateConfigurationNeeded');
    for (const a of tcbStatuses) {
      expect(pair(a, 'UpToDate')).toBe(a);
      expect(pair(a, a)).toBe(a);
      for (const b of tcbStatuses) expect(pair(a, b)).toBe(pair(b, a));
    }
  });

  it('is Revoked for no platform level at all', () => {
    expect(convergeStatus([], ['UpToDate'])).toBe('Revoked');
  });
});
