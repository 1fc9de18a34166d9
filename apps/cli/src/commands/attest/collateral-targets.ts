import type { IntelPlatform } from '@dcml/collateral';
import type { HardwareSource } from '@dcml/evidence-files';
import { CliError } from '../../cli-error.ts';
import type { CommandContext } from '../../program/command.ts';
import { readAs, readInput } from './read-input.ts';

/** Hardware about which a vendor publishes something: in a file, or named on the command line. */
export type Target = HardwareSource | { readonly vendor: 'intel'; readonly platform: IntelPlatform };

function choice<Choice extends string>(
  { strings }: CommandContext,
  option: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const text = strings[option] ?? choices[0];
  const found = choices.find((candidate) => candidate === text);
  if (found === undefined) {
    throw new CliError('CLI_USAGE', `--${option}: expected ${choices.join(' or ')}, got ${text}`);
  }
  return found;
}

function platformOf(context: CommandContext, text: string): IntelPlatform {
  const fmspc = text.toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(fmspc)) {
    throw new CliError('CLI_USAGE', `--fmspc: expected 12 hex digits, got ${text}`);
  }
  const tee = choice(context, 'tee', ['tdx', 'sgx']);
  return { fmspc, tee, ca: choice(context, 'ca', ['platform', 'processor']) };
}

/** What to fetch: for the platform of --fmspc, or for all hardware in FILE. Throws `CLI_USAGE`, `CLI_INPUT`. */
export async function collateralTargets(context: CommandContext, nowMs: number): Promise<readonly Target[]> {
  const [file] = context.positionals;
  const fmspc = context.strings['fmspc'];
  if (file === undefined && fmspc !== undefined) {
    return [{ vendor: 'intel', platform: platformOf(context, fmspc) }];
  }
  if (file === undefined || fmspc !== undefined) {
    throw new CliError('CLI_USAGE', 'dcml attest collateral needs FILE or --fmspc, and not both');
  }
  const files = await import('@dcml/evidence-files');
  const bytes = await readInput(file, files.MAX_EVIDENCE_FILE_BYTES);
  const contents = readAs(file, () => files.readEvidenceFile(bytes));
  const targets = files.hardwareSources(contents, nowMs);
  if (targets.length === 0) {
    throw new CliError(
      'CLI_INPUT',
      `${file}: nothing is published about what is in it (${contents.description})`,
    );
  }
  return targets;
}
