import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repositoryRoot, runCommand } from './run-command.ts';

// npm run docs:evidence: runs the tests of packages/attest and writes the table of its README from their report and
// from the last mutation run (bench/results/mutations.json). Needs the captured evidence: without it nothing is written.

const readme = join(repositoryRoot, 'packages/attest/README.md');
const START = '<!-- evidence table: npm run docs:evidence -->\n';
const END = '<!-- end of the evidence table -->\n';

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Rows of the table: which test files and which mutated evidence belong to a kind. */
const kinds: readonly { readonly title: string; readonly files: RegExp; readonly mutated: RegExp }[] = [
  {
    title: 'Intel TDX, dstack',
    files: /^(?:tdx\/|intel\/|dstack|refusals|mutations|real-samples\.|real-samples-sig|guest-image)/,
    mutated: /^tdx/,
  },
  { title: 'Intel SGX', files: /^(?:sgx\/|real-samples-sgx)/, mutated: /^sgx/ },
  { title: 'AMD SEV-SNP', files: /^snp\//, mutated: /^snp/ },
  { title: 'NVIDIA devices, tokens', files: /^(?:nvidia\/(?!rim)|ocsp\/)/, mutated: /^(?:nvidia|nras)/ },
  { title: 'NVIDIA manifests', files: /^(?:nvidia\/rim|xml\/)/, mutated: /^$/ },
  { title: 'AWS Nitro', files: /^(?:nitro|cbor)\//, mutated: /^nitro/ },
  { title: 'TPM 2.0, event logs', files: /^(?:tpm|event-log)\//, mutated: /^tpm/ },
  { title: 'Azure vTPM', files: /^azure\//, mutated: /^azure/ },
];

const CAPTURED = /\/?(?:real|captured)/;
const REFUSAL =
  /refus|fail|reject|negative|revoked|expired|forged|wrong|another|foreign|denie|open|unknown|never|nothing|no /i;

async function readReport(): Promise<TestReport> {
  const directory = mkdtempSync(join(tmpdir(), 'dcml-evidence-'));
  const file = join(directory, 'vitest.json');
  try {
    await runCommand(
      ['vitest', 'run', '--reporter=json', `--outputFile.json=${file}`, 'packages/attest'],
      {},
    );
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Mutations tried by the name of the evidence, of the last long run. */
function readMutations(): ReadonlyMap<string, number> {
  const file = join(repositoryRoot, 'bench/results/mutations.json');
  if (!existsSync(file)) return new Map();
  const { figures } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly figures: readonly { readonly name: string; readonly value: number }[];
  };
  return new Map(
    figures
      .filter(({ name }) => name.startsWith('tried: '))
      .map(({ name, value }) => [name.slice('tried: '.length), value]),
  );
}

const report = await readReport();
const mutations = readMutations();
const tests = report.testResults.flatMap(({ name, assertionResults }) =>
  assertionResults.map(({ fullName, status }) => ({
    file: relative(join(repositoryRoot, 'packages/attest/test'), name),
    fullName,
    status,
  })),
);
const failed = tests.filter(({ status }) => status === 'failed');
const captured = tests.filter(({ file, status }) => CAPTURED.test(file) && status === 'passed');
if (failed.length > 0 || captured.length === 0) {
  console.error(
    failed.length > 0
      ? `${failed.length} tests failed: the table stays as it is`
      : 'no captured evidence: set DCML_EVIDENCE; the table stays as it is',
  );
  process.exit(1);
}
const rows = kinds.map(({ title, files, mutated }) => {
  const own = tests.filter(({ file, status }) => files.test(file) && status === 'passed');
  const real = own.filter(({ file }) => CAPTURED.test(file)).length;
  const refusals = own.filter(({ file, fullName }) => !CAPTURED.test(file) && REFUSAL.test(fullName)).length;
  const tried = [...mutations]
    .filter(([name]) => mutated.test(name))
    .reduce((sum, [, count]) => sum + count, 0);
  const mutatedText = tried === 0 ? 'with the devices' : tried.toLocaleString('en');
  return `| ${title} | ${real} | ${refusals} | ${mutatedText} |`;
});
const table = `| kind | tests on captured evidence | tests of refusals | mutations tried, none wrongly accepted |
|---|---|---|---|
${rows.join('\n')}
`;
const text = readFileSync(readme, 'utf8');
const [start, end] = [text.indexOf(START) + START.length, text.indexOf(END)];
if (start < START.length || end < 0) throw new Error(`${readme} has no place for the table`);
writeFileSync(readme, text.slice(0, start) + table + text.slice(end));
console.log(table);
