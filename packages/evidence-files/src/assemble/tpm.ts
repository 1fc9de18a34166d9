import type { TpmEvidence, TpmQuote } from '@dcml/attest';
import { toHex } from '@dcml/core';
import { partsOf } from '../part.ts';
import { toCertificatePem } from '../text/pem.ts';
import type { MissingPart } from './missing-part.ts';
import { chainFrom, isSelfIssued, type Pool } from './pool.ts';

/** A quote needs signature and register values, which a bare TPMS_ATTEST does not have. */
export const missingTpmQuote: MissingPart = {
  what: 'the signature and the register values of the TPM quote (JSON with message, signature and pcrs)',
  claims: [],
  isPublished: false,
  from: 'the machine that made the quote',
};

/** The one event log at hand; none if there are several, since nothing says which is meant. */
export function onlyLog(pool: Pool): Uint8Array | undefined {
  const logs = partsOf(pool.parts, 'measured-log');
  return logs.length === 1 ? logs[0]?.log : undefined;
}

const missingChain: MissingPart = {
  what: "the certificate chain of the TPM's attestation key (PEM)",
  claims: [],
  isPublished: false,
  from: 'the cloud provider or the manufacturer of the TPM',
};

/** A quote under the certificate of its key; null without that certificate. */
export function assembleTpm(
  quote: TpmQuote,
  pool: Pool,
): { evidence: TpmEvidence | null; missing: MissingPart[] } {
  const [leaf] = pool.certificates.filter(
    (certificate) =>
      !isSelfIssued(certificate) && !pool.certificates.some((other) => other.issuer === certificate.subject),
  );
  if (leaf === undefined) return { evidence: null, missing: [missingChain] };
  const chain = chainFrom(pool, leaf);
  const end = chain.at(-1) ?? leaf;
  if (!isSelfIssued(end)) {
    return {
      evidence: null,
      missing: [{ ...missingChain, what: `the certificate of ${end.issuerCommonName}` }],
    };
  }
  const issuers = new Set(chain.map((certificate) => certificate.issuer));
  const crls = partsOf(pool.parts, 'crl').filter((crl) => issuers.has(crl.issuer));
  const eventLog = onlyLog(pool);
  const evidence: TpmEvidence = {
    kind: 'tpm',
    quote,
    akChainPem: toCertificatePem(chain.map(({ der }) => der)),
    crlsHex: crls.map(({ der }) => toHex(der)),
    ...(eventLog && { eventLog }),
  };
  return { evidence, missing: [] };
}
