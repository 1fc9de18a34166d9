import { describe, expect, it } from 'vitest';
import { countForge, countVitest, formatCounts, isGood, noTests } from '../test-counts.ts';

function vitestReport(numbers: Record<string, number>, testResults: unknown[] = []): string {
  const zero = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  return JSON.stringify({ ...zero, ...numbers, testResults });
}

describe('countVitest', () => {
  it('counts passed, failed and skipped', () => {
    const report = vitestReport({
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
    });
    expect(countVitest(report, 1)).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('counts a file that does not load as a failure', () => {
    const report = vitestReport({ numPassedTests: 5 }, [{ status: 'failed', assertionResults: [] }]);
    expect(countVitest(report, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
  });

  it('counts an error outside of any test as a failure', () => {
    expect(countVitest(vitestReport({ numPassedTests: 5 }), 1).failed).toBe(1);
  });

  it('counts a missing or broken report as a failure', () => {
    expect(countVitest(undefined, 0)).toEqual({ ...noTests, failed: 1 });
    expect(countVitest('{', 0)).toEqual({ ...noTests, failed: 1 });
  });
});

describe('countForge', () => {
  const report = JSON.stringify({
    'test/A.t.sol:A': {
      test_results: {
        'one()': { status: 'Success' },
        'two()': { status: 'Failure' },
        'three()': { status: 'Skipped' },
      },
    },
    'test/B.t.sol:B': { test_results: { 'four()': { status: 'Success' } } },
  });

  it('counts over all suites', () => {
    expect(countForge(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts what does not compile as a failure', () => {
    expect(countForge('Error: compilation failed', 1)).toEqual({ ...noTests, failed: 1 });
  });
});

describe('the closing line', () => {
  it('names skipped tests only when there are some', () => {
    expect(formatCounts({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(formatCounts({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('is good only when something ran', () => {
    expect(isGood(noTests)).toBe(false);
    expect(isGood({ passed: 1, failed: 0, skipped: 0 })).toBe(true);
    expect(isGood({ passed: 1, failed: 1, skipped: 0 })).toBe(false);
  });
});
