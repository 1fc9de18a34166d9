import { equalBytes, isDcmlError } from '@dcml/core';
import { attempt } from '../../claim-sheet.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../../x509/certificate.ts';
import { chainProblem } from '../../x509/chain.ts';
import { openSignedDocument, readEnvelopedSignature } from '../../xml/enveloped-signature.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { ReadRimOptions, ReadRimResult } from '../rim-types.ts';
import { type NvidiaRimTag, readSwidTag } from './swid-tag.ts';

const WHAT = 'NVIDIA RIM';

export interface ReadNvidiaRimResult extends ReadRimResult {
  readonly rim: NvidiaRimTag | undefined;
}

/** Why the signer is not one of NVIDIA's at this moment, or undefined. */
async function signerProblem(
  chain: readonly Certificate[],
  { roots, nowMs }: ReadRimOptions,
): Promise<string | undefined> {
  const last = chain.at(-1);
  if (last === undefined || !roots.some((root) => equalBytes(root.der, last.der))) {
    const name = last === undefined ? 'nothing' : describeCertificate(last);
    return `${WHAT}: the signer's chain ends in ${name}, which is not a root of the policy`;
  }
  const problem = await chainProblem(chain, nowMs);
  return problem === undefined ? undefined : `${WHAT} signer: ${problem}`;
}

async function openTag(
  root: XmlElement,
  signature: ReturnType<typeof readEnvelopedSignature>,
  signer: Certificate,
): Promise<{ rim?: NvidiaRimTag; problem?: string }> {
  try {
    const signed = await openSignedDocument(root, signature, signer.publicKey, WHAT);
    return { rim: readSwidTag(signed) };
  } catch (error) {
    if (isDcmlError(error) && error.code !== 'ATTEST_NO_WEBCRYPTO') return { problem: error.message };
    throw error;
  }
}

/**
 * Reads a reference integrity manifest of NVIDIA (SWID XML): its signer's chain up to a root of the options at `nowMs`,
 * its enveloped signature, and then only what is signed. Whether a certificate is revoked is for the caller to find
 * out. A manifest that is not believed is a `problem`. Throws `ATTEST_NO_WEBCRYPTO`.
 */
export async function readRim(xml: string, options: ReadRimOptions): Promise<ReadNvidiaRimResult> {
  const parsed = attempt(() => {
    const root = parseXml(xml, WHAT);
    const signature = readEnvelopedSignature(root, WHAT);
    const certificates = signature.certificates.map((der) => parseCertificate(der, `${WHAT} certificate`));
    return { root, signature, certificates };
  });
  if (parsed.value === undefined) return { rim: undefined, problem: parsed.problem, certificates: [] };
  const { root, signature, certificates } = parsed.value;
  const untrusted = await signerProblem(certificates, options);
  const [signer] = certificates;
  if (untrusted !== undefined || signer === undefined) {
    return { rim: undefined, problem: untrusted ?? `${WHAT}: no signer`, certificates };
  }
  const { rim, problem } = await openTag(root, signature, signer);
  return rim === undefined
    ? { rim, problem: problem ?? `${WHAT}: could not be read`, certificates }
    : { rim, problem: undefined, certificates };
}
