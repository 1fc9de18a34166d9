import type { Claim } from '@dcml/attest';
import { claim, optional } from './claims.ts';
import { type MeasuredConfiguration, parseMeasuredConfiguration } from './measured-configuration.ts';

function chainViewClaim({ chainView }: MeasuredConfiguration): Claim {
  const name = 'chain_view';
  if (chainView === 'verifier_derived') return claim(name, 'pass', 'the enclave verifies the chain itself');
  const reason = 'the enclave believes its operator about the chain';
  return optional(claim(name, 'unknown', reason, 'operator_asserted'));
}

/** What the measured compose configures; `null` is a compose that nothing proves to be measured. */
export function configurationOf(compose: string | null): {
  readonly configuration: MeasuredConfiguration | null;
  readonly claims: Claim[];
} {
  const name = 'measured_configuration';
  if (compose === null) {
    const open = claim(name, 'unknown', 'the compose is not proven to be measured');
    return { configuration: null, claims: [open] };
  }
  try {
    const configuration = parseMeasuredConfiguration(compose);
    const chain = `chain ${configuration.chainId}, ${configuration.models.length} model(s)`;
    return { configuration, claims: [claim(name, 'pass', chain), chainViewClaim(configuration)] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    return { configuration: null, claims: [claim(name, 'fail', reason)] };
  }
}
