import type { Evidence, EvidenceKind } from '@dcml/attest';
import { hclHardwareReport } from '../binary/azure-report.ts';
import { type NonceScheme, type Part, type PartOf, partsOf, type Subject } from '../part.ts';
import { assembleIntelCollateral } from './intel.ts';
import type { MissingPart } from './missing-part.ts';
import { assembleNvidia } from './nvidia.ts';
import { createPool, type Pool } from './pool.ts';
import { assembleSnpCollateral } from './snp.ts';
import { assembleTpm, missingTpmQuote, onlyLog } from './tpm.ts';

/** Evidence of one kind out of a file, with what was found for it and what is missing. */
export interface AssembledEvidence {
  readonly kind: EvidenceKind;
  /** Which machine of several, and which part of it. */
  readonly label: string;
  /** Null if a part is missing without which nothing can be checked. */
  readonly evidence: Evidence | null;
  readonly missing: readonly MissingPart[];
  readonly nonceScheme: NonceScheme;
}

type Assembly = Omit<AssembledEvidence, 'label' | 'nonceScheme'>;

const missingParts = {
  compose: {
    what: 'the application compose (app-compose.json)',
    claims: ['compose_hash', 'mr_config_id', 'compose_accepted'],
    isPublished: false,
    from: "the guest agent's /Info, or whoever deployed the application",
  },
  tdQuote: {
    what: "the TD quote over the report that is inside Azure's",
    claims: [],
    isPublished: false,
    from: 'http://169.254.169.254/acc/tdquote inside the machine',
  },
  keySet: {
    what: 'the key set (JWKS) of the attestation service',
    claims: [],
    isPublished: false,
    from: 'https://nras.attestation.nvidia.com/.well-known/jwks.json',
  },
} as const satisfies Record<string, MissingPart>;

function assembleAzure(
  hcl: PartOf<'hcl-report'>,
  quote: PartOf<'intel-quote'> | undefined,
  pool: Pool,
): Assembly {
  const kind = hcl.hardware === 'snp' ? 'azure-snp' : 'azure-tdx';
  const [tpmQuote] = partsOf(pool.parts, 'tpm-quote');
  const eventLog = onlyLog(pool);
  const vtpm = { hclReport: hcl.report, ...(eventLog && { eventLog }) };
  const lacking = [
    ...(tpmQuote === undefined ? [missingTpmQuote] : []),
    ...(kind === 'azure-tdx' && quote === undefined ? [missingParts.tdQuote] : []),
  ];
  if (kind === 'azure-snp') {
    const { collateral, missing } = assembleSnpCollateral(hclHardwareReport(hcl.report), pool);
    const evidence: Evidence | null =
      tpmQuote && collateral ? { kind, ...vtpm, tpmQuote: tpmQuote.quote, collateral } : null;
    return { kind, evidence, missing: [...lacking, ...missing] };
  }
  if (quote === undefined) return { kind, evidence: null, missing: lacking };
  const { collateral, missing } = assembleIntelCollateral(quote, pool);
  const evidence: Evidence | null = tpmQuote
    ? { kind, ...vtpm, tpmQuote: tpmQuote.quote, quote: quote.quote, collateral }
    : null;
  return { kind, evidence, missing: [...lacking, ...missing] };
}

function assembleIntel(quote: PartOf<'intel-quote'>, pool: Pool): Assembly {
  const { collateral, missing } = assembleIntelCollateral(quote, pool);
  if (quote.tee === 'sgx') {
    return { kind: 'sgx', evidence: { kind: 'sgx', quote: quote.quote, collateral }, missing };
  }
  const [events] = partsOf(pool.parts, 'runtime-events');
  const [compose] = partsOf(pool.parts, 'app-compose');
  if (events === undefined) {
    const ccEventLog = onlyLog(pool);
    const evidence: Evidence = {
      kind: 'tdx',
      quote: quote.quote,
      collateral,
      ...(ccEventLog && { ccEventLog }),
      ...(compose && { appCompose: compose.text }),
    };
    return { kind: 'tdx', evidence, missing };
  }
  return {
    kind: 'dstack-tdx',
    evidence: {
      kind: 'dstack-tdx',
      quote: quote.quote,
      eventLog: events.events,
      appCompose: compose?.text ?? '',
      collateral,
    },
    missing: compose === undefined ? [...missing, missingParts.compose] : missing,
  };
}

/** The machine's own evidence, without its GPUs; undefined if the subject has none. */
function assembleMachine(own: readonly Part[], pool: Pool): Assembly | undefined {
  const [hcl] = partsOf(own, 'hcl-report');
  const [quote] = partsOf(own, 'intel-quote');
  if (hcl !== undefined) return assembleAzure(hcl, quote ?? partsOf(pool.parts, 'intel-quote')[0], pool);
  if (quote !== undefined) return assembleIntel(quote, pool);
  const [snp] = partsOf(own, 'snp-report');
  if (snp !== undefined) {
    const { collateral, missing } = assembleSnpCollateral(snp.report, pool);
    const [compose] = partsOf(pool.parts, 'app-compose');
    const composed = compose && { appCompose: compose.text };
    const evidence: Evidence | null = collateral && {
      kind: 'snp',
      report: snp.report,
      ...composed,
      collateral,
    };
    return { kind: 'snp', evidence, missing };
  }
  const [nitro] = partsOf(own, 'nitro-document');
  if (nitro !== undefined) {
    return { kind: 'nitro', evidence: { kind: 'nitro', document: nitro.document }, missing: [] };
  }
  const hasTpm = own.some((part) => part.type === 'tpm-quote' || part.type === 'tpm-message');
  if (!hasTpm) return undefined;
  const [tpm] = partsOf(pool.parts, 'tpm-quote');
  if (tpm === undefined) return { kind: 'tpm', evidence: null, missing: [missingTpmQuote] };
  return { kind: 'tpm', ...assembleTpm(tpm.quote, pool) };
}

function assembleToken(token: string, pool: Pool): Assembly {
  const [keys] = partsOf(pool.parts, 'jwks');
  return {
    kind: 'nras',
    evidence: keys ? { kind: 'nras', token, jwks: keys.text } : null,
    missing: keys === undefined ? [missingParts.keySet] : [],
  };
}

/**
 * The evidence of one machine in the shapes that `verifyEvidence` takes, completed from the collateral at hand. Of
 * several fitting documents the one that is valid at `nowMs` is taken; the verifier judges it. Empty if the subject
 * holds no evidence.
 */
export function assembleEvidence(
  subject: Subject,
  collateral: readonly Part[],
  nowMs: number,
): AssembledEvidence[] {
  const pool = createPool([...subject.parts, ...collateral], nowMs);
  const machine = assembleMachine(subject.parts, pool);
  const tokens = partsOf(subject.parts, 'nras-token').map(({ token }) => assembleToken(token, pool));
  const hasDevices = partsOf(subject.parts, 'nvidia-device').length > 0;
  const devices: Assembly[] = hasDevices
    ? [{ kind: 'nvidia', ...assembleNvidia(devicesOnly(subject, pool)) }]
    : [];
  const all = [...(machine ? [machine] : []), ...devices, ...tokens];
  return all.map((assembly) => {
    const label = [subject.label, all.length > 1 ? assembly.kind : '']
      .filter((part) => part !== '')
      .join(' ');
    return { ...assembly, label, nonceScheme: subject.nonceScheme };
  });
}

/** Devices that stand in collateral are of another machine for all that is known. */
function devicesOnly(subject: Subject, pool: Pool): Pool {
  const others = pool.parts.filter((part) => part.type !== 'nvidia-device');
  return createPool([...partsOf(subject.parts, 'nvidia-device'), ...others], pool.nowMs);
}
