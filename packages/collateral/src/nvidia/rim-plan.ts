import { type Certificate, type EvidencePolicy, policyRoots, readRim, type wantedRims } from '@dcml/attest';
import {
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  Fields,
  fromBase64,
  parseJson,
  sha256,
  toHex,
} from '@dcml/core';
import { CollateralError, unauthentic } from '../collateral-error.ts';
import { readAnswer, readDocument } from '../document/attest-refusal.ts';
import type { DocumentPlan } from '../document/document-plan.ts';
import { download } from '../http/download.ts';
import { parseServiceUrl, serviceUrl } from '../http/service-url.ts';
import { type NvidiaService, nvidiaRimUrl } from './nvidia-service.ts';

const MAX_ANSWER_BYTES = 8 << 20;
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A manifest by its id at the service, and what it must describe. */
export type WantedRim = ReturnType<typeof wantedRims>[number];

export interface AuthenticRim {
  readonly xml: string;
  /** The signer's chain, leaf first, root last. */
  readonly certificates: readonly Certificate[];
}

/** The manifest in an answer of the RIM service: base64, with the SHA-256 of the file or of its base64 text. */
function readManifest(body: Uint8Array, id: string, what: string): Uint8Array {
  return readAnswer(what, () => {
    const fields = new Fields(
      parseJson(decodeUtf8(body), { maxLength: MAX_ANSWER_BYTES, maxDepth: 4 }),
      what,
    );
    const text = fields.string('rim', MAX_ANSWER_BYTES);
    const file = fromBase64(text, `${what} file`);
    const hashes = [file, encodeUtf8(text)].map((bytes) => toHex(sha256(bytes)));
    if (!hashes.includes(fields.string('sha256', 64).toLowerCase())) {
      throw new CollateralError('COLLATERAL_ANSWER', `${what}: its SHA-256 is not that of the answer`);
    }
    if (fields.has('id') && fields.string('id') !== id) {
      throw new CollateralError('COLLATERAL_ANSWER', `${what}: the answer is another manifest`);
    }
    return file;
  });
}

/**
 * A reference integrity manifest by its id, kept as its XML. The board is in the id of a VBIOS manifest and not in what
 * it signs, so that of it only chip and version are checked. Throws `COLLATERAL_INPUT` for an id that is none.
 */
export function rimPlan(
  service: NvidiaService,
  wanted: WantedRim,
  policy: EvidencePolicy,
): DocumentPlan<AuthenticRim> {
  const { id } = wanted;
  if (!ID.test(id)) throw new CollateralError('COLLATERAL_INPUT', `${JSON.stringify(id)} is no manifest id`);
  const what = `manifest ${id}`;
  const roots = policyRoots(policy, 'nvidia-rim');
  const rootsKey = toHex(sha256(concatBytes(...roots.map(({ der }) => der))).subarray(0, 16));
  return {
    what,
    key: `nvidia_${rootsKey}_rim_${toHex(sha256(encodeUtf8(id)).subarray(0, 16))}`,
    download: async (context) => {
      const url = serviceUrl(parseServiceUrl(service.rimUrl ?? nvidiaRimUrl), `/v1/rim/${id}`);
      const { body } = await download(
        { url, accept: 'application/json', maxBytes: MAX_ANSWER_BYTES },
        context,
      );
      return readManifest(body, id, what);
    },
    authenticate: async (bytes, nowMs) => {
      const xml = readDocument(what, () => decodeUtf8(bytes));
      const { rim, problem, certificates } = await readRim(xml, { roots, nowMs });
      const [signer] = certificates;
      if (rim === undefined || signer === undefined) throw unauthentic(what, problem ?? 'has no signer');
      const facts = ['kind', 'product', 'edition', 'version'] as const;
      const other = facts.find((fact) => rim[fact] !== wanted[fact]);
      if (other !== undefined) throw unauthentic(what, `its ${other} is ${rim[other]}, not ${wanted[other]}`);
      return {
        value: { xml, certificates },
        // Manifests carry no time of their own; one that is signed again is newer.
        order: [signer.notBeforeMs],
        notBeforeMs: Math.max(...certificates.map(({ notBeforeMs }) => notBeforeMs)),
        nextUpdateMs: Math.min(...certificates.map(({ notAfterMs }) => notAfterMs)),
      };
    },
  };
}
