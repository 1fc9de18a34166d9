import { equalBytes } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import { formatTime, windowProblem } from '../x509/chain.ts';
import type { SignatureCheck } from '../x509/verify-signature.ts';
import { digest, publicKeyBits } from './digest.ts';
import { type OcspAnswer, type OcspResponse, parseOcspResponse } from './ocsp-response.ts';
import { responderProblem } from './responder.ts';

const MAX_RESPONSES = 16;
/** CRLReason (RFC 5280 section 5.3.1). All of them count as revoked, a hold too. */
const reasons: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'key compromise',
  2: 'CA compromise',
  3: 'affiliation changed',
  4: 'superseded',
  5: 'cessation of operation',
  6: 'certificate hold',
  8: 'removed from CRL',
  9: 'privilege withdrawn',
  10: 'AA compromise',
};

export interface RevocationRules {
  readonly nowMs: number;
  /** An answer whose thisUpdate is older is refused. */
  readonly maxAgeMs: number;
  readonly verify: SignatureCheck;
}

export interface Revocation {
  /** Why a certificate is revoked, or why an answer about one cannot be believed. */
  readonly problem: string | undefined;
  /** Certificates of the chain, but for the root, about which nobody answered. */
  readonly uncovered: readonly Certificate[];
}

async function isAbout({ certId }: OcspAnswer, subject: Certificate, issuer: Certificate): Promise<boolean> {
  if (certId.serial !== subject.serial) return false;
  const [name, key] = await Promise.all([
    digest(certId.hash, issuer.subject),
    digest(certId.hash, publicKeyBits(issuer.publicKey)),
  ]);
  return equalBytes(certId.issuerNameHash, name) && equalBytes(certId.issuerKeyHash, key);
}

function answerProblem(
  answer: OcspAnswer,
  response: OcspResponse,
  subject: Certificate,
  { nowMs, maxAgeMs }: RevocationRules,
): string | undefined {
  const name = describeCertificate(subject);
  const { certStatus, thisUpdateMs, nextUpdateMs } = answer;
  if (certStatus.status === 'revoked') {
    const reason = certStatus.reason === undefined ? undefined : (reasons[certStatus.reason] ?? 'other');
    const why = reason === undefined ? '' : ` (${reason})`;
    return `${name} is revoked since ${formatTime(certStatus.revokedAtMs)}${why}`;
  }
  if (certStatus.status === 'unknown') return `the OCSP responder does not know ${name}`;
  const what = `OCSP answer about ${name}`;
  if (response.producedAtMs > nowMs)
    return `${what} was made at ${formatTime(response.producedAtMs)}, after now`;
  return windowProblem(
    what,
    thisUpdateMs,
    Math.min(nextUpdateMs ?? Number.POSITIVE_INFINITY, thisUpdateMs + maxAgeMs),
    nowMs,
  );
}

/** Judges one response against each certificate of the chain that it speaks about. */
async function judgeResponse(
  response: OcspResponse,
  chain: readonly Certificate[],
  rules: RevocationRules,
): Promise<{ readonly problem: string | undefined; readonly covered: readonly Certificate[] }> {
  const covered: Certificate[] = [];
  for (const [i, subject] of chain.slice(0, -1).entries()) {
    const issuer = chain[i + 1];
    if (issuer === undefined) continue;
    for (const answer of response.answers) {
      if (!(await isAbout(answer, subject, issuer))) continue;
      const problem =
        (await responderProblem(response, issuer, rules.nowMs, rules.verify)) ??
        answerProblem(answer, response, subject, rules);
      if (problem !== undefined) return { problem, covered };
      covered.push(subject);
    }
  }
  return { problem: undefined, covered };
}

/**
 * What OCSP responses say about a chain (leaf first, root last), which has to be authentic already. Every response must
 * be readable; one that speaks about none of these certificates is not looked at further. One that does must come from
 * the certificate's issuer, be current, and say `good`: a bad one is not outweighed by a better one.
 */
export async function chainRevocation(
  chain: readonly Certificate[],
  responses: readonly Uint8Array[],
  rules: RevocationRules,
): Promise<Revocation> {
  const uncovered = chain.slice(0, -1);
  if (responses.length > MAX_RESPONSES) {
    return { problem: `more than ${MAX_RESPONSES} OCSP responses`, uncovered };
  }
  const parsed = attempt(() => responses.map((der) => parseOcspResponse(Uint8Array.from(der))));
  if (parsed.problem !== undefined) return { problem: parsed.problem, uncovered };
  const judged = await Promise.all(parsed.value.map((response) => judgeResponse(response, chain, rules)));
  const covered = new Set(judged.flatMap((judgement) => judgement.covered));
  return {
    problem: judged.find((judgement) => judgement.problem !== undefined)?.problem,
    uncovered: uncovered.filter((certificate) => !covered.has(certificate)),
  };
}
