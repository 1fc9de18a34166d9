/** How many tests ended in which way. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line of a run: `12 passed, 0 failed`, and `, 3 skipped` when some were. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A run is good when something ran and nothing failed. */
export function isGood({ passed, failed }: Counts): boolean {
  return failed === 0 && passed > 0;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/**
 * Counts of a vitest JSON report. A file that failed to load has no tests, and an error outside of any test
 * shows only in the exit code: each counts as one failure. Without a readable report, all is one failure.
 */
export function countVitest(reportText: string | undefined, exitCode: number): Counts {
  let report: VitestReport;
  try {
    report = JSON.parse(reportText ?? '') as VitestReport;
  } catch {
    return { ...noTests, failed: 1 };
  }
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + broken;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

type ForgeReport = Readonly<
  Record<string, { readonly test_results: Readonly<Record<string, { readonly status: string }>> }>
>;

/** Counts of `forge test --json`; without a readable report (a compiler error), all is one failure. */
export function countForge(reportText: string, exitCode: number): Counts {
  let report: ForgeReport;
  try {
    report = JSON.parse(reportText) as ForgeReport;
  } catch {
    return { ...noTests, failed: 1 };
  }
  const statuses = Object.values(report).flatMap((suite) =>
    Object.values(suite.test_results).map((test) => test.status),
  );
  const count = (status: string): number => statuses.filter((found) => found === status).length;
  const passed = count('Success');
  const skipped = count('Skipped');
  const failed = statuses.length - passed - skipped;
  return { passed, skipped, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

/** Names of the failed forge tests with their reasons. */
export function listForgeFailures(reportText: string): string[] {
  try {
    const report = JSON.parse(reportText) as ForgeReport;
    return Object.entries(report).flatMap(([suite, { test_results }]) =>
      Object.entries(test_results)
        .filter(([, test]) => test.status === 'Failure')
        .map(([name, test]) => `${suite} ${name}: ${JSON.stringify(test)}`),
    );
  } catch {
    return [reportText];
  }
}
