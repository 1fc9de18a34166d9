import { isDcmlError } from '@dcml/core';
import type { FileVerdict } from '@dcml/evidence-files';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../program/command.ts';
import { parseHexBytes, parseTime } from '../../program/read-option.ts';
import { chooseEvidencePolicy, policyOption } from './choose-policy.ts';
import { fileVerdictToJson, formatFileVerdict } from './format-file-verdict.ts';
import { nextSteps } from './next-steps.ts';
import { readCollateral } from './read-collateral.ts';
import { readAs, readInput } from './read-input.ts';

/** A nonce of the wrong size is the command line's fault; anything else is a bug or the policy's. */
async function asUsage(judge: () => Promise<FileVerdict>): Promise<FileVerdict> {
  try {
    return await judge();
  } catch (cause) {
    if (!isDcmlError(cause) || cause.code !== 'EVIDENCE_FILE_NONCE') throw cause;
    throw new CliError('CLI_USAGE', cause.message, { cause });
  }
}

export const attestVerify: Command = {
  name: 'attest verify',
  summary: 'verify TEE evidence in a file, offline; every check is listed',
  usage: 'FILE',
  arity: [1, 1],
  options: {
    at: {
      type: 'string',
      value: 'TIME',
      description: 'judge as of this time (default: now)',
      flagOnly: true,
    },
    collateral: {
      type: 'string',
      value: 'FILE|DIR',
      description: 'certificates, CRLs, TCB info, manifests, logs …; may be given several times',
      flagOnly: true,
      repeatable: true,
    },
    policy: policyOption,
    nonce: {
      type: 'string',
      value: 'HEX',
      description: 'what you sent to get fresh evidence; it has to be in it',
      flagOnly: true,
    },
    'report-data': {
      type: 'string',
      value: 'HEX',
      description: 'all bytes of report data that a quote or report has to bind',
      flagOnly: true,
    },
  },
  examples: [
    'dcml attest verify quote.bin --collateral collateral.json --nonce 0f1e2d3c',
    'dcml attest verify gpu_evidence.json --collateral rims --collateral ocsp --nonce 0f1e2d3c --policy hardware',
    'dcml attest verify report.bin --at 2025-06-25 --collateral amd --policy policy.json --json',
    'curl -s https://host.example/quote | dcml attest verify - --collateral collateral.json',
  ],
  async run(context) {
    const { positionals, strings, output } = context;
    const [file = ''] = positionals;
    const nowMs = parseTime('at', strings['at']) ?? Date.now();
    const nonce = parseHexBytes('nonce', strings['nonce']);
    const reportData = parseHexBytes('report-data', strings['report-data']);
    const files = await import('@dcml/evidence-files');
    const bytes = await readInput(file, files.MAX_EVIDENCE_FILE_BYTES);
    const contents = readAs(file, () => files.readEvidenceFile(bytes));
    const collateral = await readCollateral(strings['collateral']);
    for (const line of collateral.unused) output.progress(`not used: ${line}`);
    const evidence = readAs(file, () => files.completeEvidence(contents, collateral.parts, nowMs));
    const { name: policyName, policy } = await chooseEvidencePolicy(context);
    const verdict = await asUsage(() =>
      files.judgeEvidence(evidence, {
        policy,
        nowMs,
        ...(nonce && { nonce }),
        ...(reportData && { reportData }),
      }),
    );
    const steps = nextSteps(file, verdict);
    const verified = { file, form: contents.description, policy: policyName, nowMs, verdict, steps };
    output.result(fileVerdictToJson(verified, files.plainValue), formatFileVerdict(verified, output));
    return verdict.outcome === 'pass' ? 0 : 1;
  },
};
