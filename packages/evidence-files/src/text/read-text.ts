import { readDer } from '../der/read-der.ts';
import { EvidenceFileError } from '../evidence-files-error.ts';
import { isToken } from '../json/nvidia.ts';
import { readJson } from '../json/read-json.ts';
import { type FileContents, oneSubject, type Part } from '../part.ts';
import { readPemBlocks } from './pem.ts';
import { tryBase64, tryHex } from './radix.ts';

const DER_LABELS: readonly string[] = ['CERTIFICATE', 'X509 CRL', 'TRUSTED CERTIFICATE'];
const KEY_LABEL = /(?:PUBLIC|PRIVATE) KEY$/;

type ReadInner = (bytes: Uint8Array) => FileContents;

function readArmour(text: string, readInner: ReadInner): FileContents {
  const parts: Part[] = [];
  const names: string[] = [];
  for (const { label, bytes } of readPemBlocks(text)) {
    if (KEY_LABEL.test(label)) continue;
    const der = DER_LABELS.includes(label) ? readDer(bytes) : undefined;
    if (der !== undefined) {
      parts.push(der);
      continue;
    }
    if (DER_LABELS.includes(label)) {
      throw new EvidenceFileError('EVIDENCE_FILE_BROKEN', `a block ${label} holds something else`);
    }
    const inner = readInner(bytes);
    names.push(inner.description);
    parts.push(...inner.subjects.flatMap((subject) => subject.parts));
  }
  if (parts.length === 0) {
    throw new EvidenceFileError(
      'EVIDENCE_FILE_UNKNOWN',
      'the armoured text holds no evidence and no certificates',
    );
  }
  const certificates = parts.length - names.length;
  const list = certificates > 0 ? [...names, `${certificates} certificates or CRLs`] : names;
  return oneSubject(`armoured text: ${list.join(', ')}`, ...parts);
}

/**
 * A text: JSON, armour, a reference manifest, a token, or bytes in hex or base64. `readInner` reads what bytes the text
 * stands for. Undefined for anything else. Throws `EVIDENCE_FILE_*`.
 */
export function readText(text: string, readInner: ReadInner): FileContents | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) return readJson(text);
  if (text.includes('-----BEGIN ')) return readArmour(text, readInner);
  if (trimmed.startsWith('<')) {
    const isRim = trimmed.includes('SoftwareIdentity');
    return isRim ? oneSubject('reference integrity manifest (RIM)', { type: 'rim', xml: text }) : undefined;
  }
  if (isToken(trimmed)) return oneSubject('attestation token (JWT)', { type: 'nras-token', token: trimmed });
  const hex = tryHex(trimmed);
  const bytes = hex ?? tryBase64(trimmed);
  if (bytes === undefined) return undefined;
  const inner = readInner(bytes);
  return { ...inner, description: `${inner.description} in ${hex === undefined ? 'base64' : 'hex'}` };
}
