import { isDcmlError, type JsonValue, parseJson } from '@dcml/core';
import { brokenFile, EvidenceFileError, noEvidence } from '../evidence-files-error.ts';
import { type FileContents, oneSubject } from '../part.ts';
import { readAci } from './aci.ts';
import { readDstack } from './dstack.ts';
import { arrayOf, objectWith } from './members.ts';
import { readNearAi } from './near-ai.ts';
import { readNras, readNvidia } from './nvidia.ts';
import { readTpm } from './tpm.ts';
import { readVendorCollateral } from './vendor-collateral.ts';

const MAX_DEPTH = 32;

const readers: readonly ((value: JsonValue, text: string) => FileContents | undefined)[] = [
  readAci,
  readNearAi,
  readDstack,
  readVendorCollateral,
  readNvidia,
  readNras,
  readTpm,
  readKeySet,
  readCompose,
];

function readKeySet(value: JsonValue, text: string): FileContents | undefined {
  const keys = arrayOf(objectWith(value, 'keys')?.['keys']);
  const isKeySet = keys?.every((key) => objectWith(key, 'kty') !== undefined) === true && keys.length > 0;
  return isKeySet ? oneSubject('JSON Web Key Set', { type: 'jwks', text }) : undefined;
}

function readCompose(value: JsonValue, text: string): FileContents | undefined {
  const compose = objectWith(value, 'manifest_version') ?? objectWith(value, 'docker_compose_file');
  return compose && oneSubject('application compose', { type: 'app-compose', text });
}

const decodedClaims = /^x-nvidia-|^eat_nonce$/;
const parsedReports: readonly (readonly string[])[] = [['MeasurementRecord'], ['arch', 'measurements']];

/** JSON that people take for evidence. Throws for it. */
function refuseKnown(value: JsonValue): void {
  if (objectWith(value, 'tcbEvaluationDataNumbers') !== undefined) {
    throw noEvidence('this list of TCB evaluation numbers belongs to no evidence');
  }
  if (objectWith(value, 'kinds', 'roots', 'platforms') !== undefined) {
    throw noEvidence('this is a policy: give it with --policy');
  }
  const object = objectWith(value);
  const claims = [
    object,
    ...Object.values(object ?? {}).map((item) => objectWith(arrayOf(item)?.[0] ?? item)),
  ];
  if (claims.some((one) => Object.keys(one ?? {}).some((name) => decodedClaims.test(name)))) {
    throw noEvidence(
      'these are claims without the token that signs them; give the token or the evidence itself',
    );
  }
  if (parsedReports.some((names) => objectWith(value, ...names) !== undefined)) {
    throw noEvidence('this is a report that somebody parsed; give the report itself');
  }
}

/** A JSON bundle. Throws `EVIDENCE_FILE_*`. */
export function readJson(text: string): FileContents {
  let value: JsonValue;
  try {
    value = parseJson(text, { maxLength: text.length, maxDepth: MAX_DEPTH });
  } catch (cause) {
    if (!isDcmlError(cause)) throw cause;
    throw brokenFile('the file', cause.message, cause);
  }
  for (const read of readers) {
    try {
      const contents = read(value, text);
      if (contents !== undefined) return contents;
    } catch (cause) {
      if (!isDcmlError(cause) || cause instanceof EvidenceFileError) throw cause;
      throw brokenFile('the file', cause.message, cause);
    }
  }
  refuseKnown(value);
  const names = Object.keys(objectWith(value) ?? {}).slice(0, 6);
  const members = names.length === 0 ? 'JSON' : `JSON with ${names.join(', ')}`;
  throw new EvidenceFileError('EVIDENCE_FILE_UNKNOWN', `${members} is no bundle of evidence that is known`);
}
