import type { CommandContext, Option } from '../../program/command.ts';
import { type ChosenPolicy, choosePolicy } from '../../settings/read-policy.ts';

/** The default, but any application: for judging hardware whose application the user does not know. */
const HARDWARE = 'hardware';

export const policyOption: Option = {
  type: 'string',
  value: 'FILE',
  description:
    "what you accept: a file, `default`, or `hardware` for any application on sound hardware (default: the home's policy.json, else `default`)",
};

/** The policy that `--policy` names. Throws `CLI_INPUT`. */
export async function chooseEvidencePolicy(context: CommandContext): Promise<ChosenPolicy> {
  if (context.strings['policy'] !== HARDWARE) return choosePolicy(context);
  const { hardwarePolicy } = await import('@dcml/attest');
  return { name: HARDWARE, policy: hardwarePolicy };
}
