import {
  type Certificate,
  describeCertificate,
  parseOcspResponse,
  responderProblem,
  verifySignature,
} from '@dcml/attest';
import { sha256, toHex } from '@dcml/core';
import { CollateralError, unauthentic } from '../collateral-error.ts';
import { readAnswer, readDocument } from '../document/attest-refusal.ts';
import type { DocumentPlan } from '../document/document-plan.ts';
import { download } from '../http/download.ts';
import { parseServiceUrl } from '../http/service-url.ts';
import { type NvidiaService, nvidiaOcspUrl } from './nvidia-service.ts';
import { encodeOcspRequest, isAbout } from './ocsp-request.ts';

const MAX_RESPONSE_BYTES = 32_768;

/**
 * The OCSP response about `subject`, kept as its DER. The issuer has to be authentic already. An answer of `revoked` is
 * as good as any: the verifier draws the conclusion. It counts for `maxAgeMs` at most.
 */
export function ocspPlan(
  service: NvidiaService,
  subject: Certificate,
  issuer: Certificate,
  maxAgeMs: number,
): DocumentPlan<Uint8Array> {
  const what = `OCSP response about ${describeCertificate(subject)}`;
  const issuerKey = toHex(sha256(issuer.der).subarray(0, 16));
  return {
    what,
    key: `nvidia_${issuerKey}_ocsp_${subject.serial}`,
    download: async (context) => {
      const { body } = await download(
        {
          url: parseServiceUrl(service.ocspUrl ?? nvidiaOcspUrl),
          accept: 'application/ocsp-response',
          maxBytes: MAX_RESPONSE_BYTES,
          body: { type: 'application/ocsp-request', bytes: encodeOcspRequest(subject, issuer) },
        },
        context,
      );
      readAnswer(what, () => parseOcspResponse(body, 'OCSP response'));
      return body;
    },
    authenticate: async (bytes, nowMs) => {
      const response = readDocument(what, () => parseOcspResponse(bytes, 'OCSP response'));
      const answers = response.answers.filter(({ certId }) => isAbout(certId, subject, issuer));
      const [answer] = answers;
      if (answer === undefined || answers.length > 1) throw unauthentic(what, 'speaks about others');
      const problem = await responderProblem(response, issuer, nowMs, verifySignature);
      if (problem !== undefined) throw unauthentic(what, problem);
      const { thisUpdateMs, nextUpdateMs = Number.POSITIVE_INFINITY } = answer;
      if (response.producedAtMs > nowMs) {
        throw new CollateralError('COLLATERAL_EXPIRED', `${what}: was made after now`);
      }
      return {
        value: bytes,
        order: [thisUpdateMs, response.producedAtMs],
        notBeforeMs: thisUpdateMs,
        nextUpdateMs: Math.min(nextUpdateMs, thisUpdateMs + maxAgeMs),
      };
    },
  };
}
