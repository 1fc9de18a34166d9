import type { EvidencePolicy } from '@dcml/attest';
import { type Address, decodeUtf8, type ModelHash, toHex } from '@dcml/core';
import { type DcmlChain, getModel } from '@dcml/evm';
import {
  type AttestationReport,
  type Collateral,
  chainKeyOf,
  type EstablishedWorkload,
  encryptionKeyOf,
  listsTlsKey,
  parseReport,
  type ReportVerdict,
  verifyReport,
} from '@dcml/receipt';
import { createRequestSealer, type RequestSealer } from '@dcml/transport';
import { ClientError } from './client-error.ts';
import type { EnclaveTransport } from './enclave-transport.ts';
import { getCollateral, getHost } from './host-calls.ts';
import type { HostDescription } from './host-description.ts';
import type { ClientPlatform } from './platform.ts';
import { readBounded } from './read-bounded.ts';

const MAX_REPORT_BYTES = 4 << 20;
const REPORT_DEADLINE_MS = 30_000;

export interface ConnectOptions {
  readonly hostUrl: string;
  /** By default the first of the host's enclaves that serves the model. */
  readonly enclaveUrl?: string;
  readonly model?: ModelHash;
  readonly policy: EvidencePolicy;
  /** Reads the compose hashes that the model's creator registered; needed when the policy accepts them. */
  readonly chain?: DcmlChain;
  /** By default the host's; it authenticates itself. */
  readonly collateral?: Collateral;
  readonly platform: ClientPlatform;
  readonly signal: AbortSignal;
}

/** A report and what came of checking it. */
export interface EnclaveVerification {
  readonly hostUrl: string;
  readonly host: HostDescription;
  readonly enclaveUrl: string;
  readonly verdict: ReportVerdict;
  readonly report: AttestationReport;
  /** What was sent: 64 hex digits. */
  readonly nonce: string;
  readonly collateral: Collateral;
  /** Unix seconds. */
  readonly verifiedAt: number;
}

/** A verified enclave, and the way to it. */
export interface EnclaveConnection extends EnclaveVerification {
  readonly established: EstablishedWorkload;
  /** Signs close approvals. */
  readonly enclaveKey: Address;
  /** 32 bytes, X25519: requests are sealed to it. */
  readonly encryptionKey: Uint8Array;
  readonly sealer: RequestSealer;
  /** Pinned to the keyset's TLS keys where the platform sees certificates. */
  readonly transport: EnclaveTransport;
}

function chooseEnclave(host: HostDescription, options: ConnectOptions): string {
  if (options.enclaveUrl !== undefined) return new URL(options.enclaveUrl).origin;
  const { model } = options;
  const found = host.enclaves.find((enclave) => model === undefined || enclave.models.includes(model));
  if (found === undefined)
    throw new ClientError('CLIENT_NO_OFFER', 'the host has no enclave for this model now');
  return found.url;
}

async function registeredComposeHashes(options: ConnectOptions): Promise<readonly string[]> {
  const { policy, chain, model, signal } = options;
  if (!policy.acceptRegisteredComposeHashes || chain === undefined || model === undefined) return [];
  const { composeHashes } = await getModel(chain, model, { signal });
  return composeHashes.map((hash) => hash.slice(2));
}

/** The report over a connection that proves nothing yet: nothing but the nonce is sent. */
async function fetchReport(
  platform: ClientPlatform,
  enclaveUrl: string,
  nonce: string,
  signal: AbortSignal,
): Promise<{ report: AttestationReport; peerSpkiSha256: string | null }> {
  const transport = platform.openTransport({ origin: enclaveUrl, pins: null });
  try {
    const response = await transport.send({
      method: 'GET',
      path: `/v1/aci/attestation?nonce=${nonce}`,
      headers: { accept: 'application/json' },
      body: null,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REPORT_DEADLINE_MS)]),
    });
    const bytes = await readBounded(response.body, MAX_REPORT_BYTES);
    if (response.status !== 200) {
      throw new ClientError(
        'CLIENT_CONNECT',
        `the enclave answered status ${response.status} instead of a report`,
      );
    }
    return { report: parseReport(decodeUtf8(bytes)), peerSpkiSha256: response.peerSpkiSha256 };
  } finally {
    transport.close();
  }
}

/** The claim that only the connection can make: who answered is whom the report names. */
function withTlsClaim(
  verdict: ReportVerdict,
  report: AttestationReport,
  enclaveUrl: string,
  peerSpkiSha256: string | null,
): ReportVerdict {
  const { hostname } = new URL(enclaveUrl);
  const name = 'tls_key_attested';
  const source = 'verifier_derived';
  if (peerSpkiSha256 === null) {
    const reason = 'this platform cannot see the TLS key: sealed bodies protect instead';
    return {
      ...verdict,
      claims: [...verdict.claims, { name, outcome: 'unknown', source, reason, optional: true }],
    };
  }
  if (listsTlsKey(report.keyset, peerSpkiSha256, hostname)) {
    const reason = 'the TLS key of the connection is in the attested keyset';
    return { ...verdict, claims: [...verdict.claims, { name, outcome: 'pass', source, reason }] };
  }
  const reason = `the connection's TLS key ${peerSpkiSha256} is not in the attested keyset`;
  const claims = [...verdict.claims, { name, outcome: 'fail', source, reason } as const];
  return { ...verdict, claims, outcome: 'fail', established: null };
}

/**
 * Asks an enclave for a report with a fresh nonce and judges it under the caller's policy. Never throws on what the
 * report says, only when it cannot be had: `CLIENT_CONNECT`, `CLIENT_HOST_*`, `CLIENT_NO_OFFER`, `RECEIPT_*`.
 */
export async function verifyEnclave(options: ConnectOptions): Promise<EnclaveVerification> {
  const { platform, policy, signal } = options;
  const hostUrl = options.hostUrl.replace(/\/+$/, '');
  const host = await getHost(platform, hostUrl, signal);
  const enclaveUrl = chooseEnclave(host, options);
  const collateral = options.collateral ?? (await getCollateral(platform, hostUrl, signal));
  const registered = await registeredComposeHashes(options);
  const nonce = toHex(platform.random.bytes(32));
  const { report, peerSpkiSha256 } = await fetchReport(platform, enclaveUrl, nonce, signal);
  const nowMs = platform.clock.now();
  const verdict = await verifyReport(report, {
    nonce,
    nowMs,
    policy,
    collateral,
    registeredComposeHashes: registered,
  });
  return {
    hostUrl,
    host,
    enclaveUrl,
    verdict: withTlsClaim(verdict, report, enclaveUrl, peerSpkiSha256),
    report,
    nonce,
    collateral,
    verifiedAt: Math.floor(nowMs / 1000),
  };
}

/** The claims that stand in the way of a pass, one line each. */
export function describeFaults(verdict: ReportVerdict): readonly string[] {
  return verdict.claims
    .filter((claim) => claim.outcome === 'fail' || (claim.outcome === 'unknown' && claim.optional !== true))
    .map((claim) => `${claim.name} (${claim.outcome}): ${claim.reason}`);
}

/**
 * Verifies an enclave and opens a pinned way to it. Refuses every outcome but `pass`; what passes is the policy's
 * word alone. Also throws `CLIENT_VERDICT`, `CLIENT_KEYSET`, and all that `verifyEnclave` throws.
 */
export async function connectEnclave(options: ConnectOptions): Promise<EnclaveConnection> {
  const verification = await verifyEnclave(options);
  const { verdict, enclaveUrl } = verification;
  const { established } = verdict;
  if (verdict.outcome !== 'pass' || established === null) {
    throw new ClientError('CLIENT_VERDICT', `the enclave's verdict is ${verdict.outcome}`, {
      details: { outcome: verdict.outcome, simulated: verdict.simulated, faults: describeFaults(verdict) },
    });
  }
  if (options.model !== undefined && !established.configuration.models.includes(options.model)) {
    throw new ClientError(
      'CLIENT_VERDICT',
      `the measured configuration does not name the model ${options.model}`,
    );
  }
  const enclaveKey = chainKeyOf(established.keyset);
  const encryptionKey = encryptionKeyOf(established.keyset);
  if (enclaveKey === null || encryptionKey === null) {
    throw new ClientError('CLIENT_KEYSET', 'the keyset lacks the encryption key or the chain key');
  }
  const { hostname } = new URL(enclaveUrl);
  const pins = established.keyset.tlsPublicKeys
    .map((key) => key.spkiSha256)
    .filter((spki) => listsTlsKey(established.keyset, spki, hostname));
  const transport = options.platform.openTransport({ origin: enclaveUrl, pins });
  const sealer = createRequestSealer({ crypto: options.platform.crypto, publicKey: encryptionKey });
  return { ...verification, established, enclaveKey, encryptionKey, sealer, transport };
}
