import { equalBytes } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import { type JsonWebKey, parseJwks } from '../jose/jwks.ts';
import type { Jws } from '../jose/jws.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem } from '../x509/chain.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { NrasSheet } from './nras-claims.ts';
import type { NrasAnswer } from './nras-token.ts';

const algorithms = { ES256: 'ecdsa-sha256', ES384: 'ecdsa-sha384' } as const;

async function tokenProblem(
  jws: Jws,
  name: string,
  keys: readonly JsonWebKey[],
): Promise<string | undefined> {
  const key = keys.find(({ keyId }) => keyId === jws.keyId);
  if (key === undefined) return `${name}: the key set has no key ${JSON.stringify(jws.keyId)}`;
  if (key.algorithm !== jws.algorithm)
    return `${name}: is signed with ${jws.algorithm}, its key is for ${key.algorithm}`;
  const algorithm = algorithms[jws.algorithm];
  return (await verifySignature(key.publicKey, algorithm, jws.signature, jws.signedBytes))
    ? undefined
    : `${name}: signature is wrong`;
}

/** Why a key is not certified under a root of the policy, or undefined and the root. */
async function keyProblem(
  key: JsonWebKey,
  roots: readonly Certificate[],
  nowMs: number,
): Promise<{ readonly root?: Certificate; readonly problem: string | undefined }> {
  // Such a leaf is one for TLS too; its purposes are not critical.
  const parsed = attempt(() => key.certificates.map((der) => parseCertificate(der, 'token key certificate')));
  if (parsed.problem !== undefined) return { problem: parsed.problem };
  const [leaf] = parsed.value;
  if (leaf === undefined) return { problem: `key ${JSON.stringify(key.keyId)} comes without certificates` };
  const isSame =
    leaf.publicKey.type === 'ec' &&
    key.publicKey.type === 'ec' &&
    equalBytes(leaf.publicKey.point, key.publicKey.point);
  if (!isSame) return { problem: `${describeCertificate(leaf)} is of another key` };
  // The chain may end in the root, or in what the root issued.
  const end = parsed.value.findIndex((certificate) =>
    roots.some((root) => equalBytes(root.der, certificate.der)),
  );
  const below = end < 0 ? parsed.value : parsed.value.slice(0, end);
  const root =
    end < 0
      ? roots.find((candidate) => equalBytes(candidate.subject, below.at(-1)?.issuer ?? new Uint8Array()))
      : parsed.value[end];
  if (root === undefined || below.length === 0) {
    return { problem: `${describeCertificate(leaf)} is under no root of the policy` };
  }
  return { root, problem: await chainProblem([...below, root], nowMs) };
}

async function checkKeys(
  sheet: NrasSheet,
  keys: readonly JsonWebKey[],
  roots: readonly Certificate[],
  nowMs: number,
): Promise<{ readonly isTrusted: boolean; readonly roots: readonly Certificate[] }> {
  if (roots.length === 0) {
    sheet.leaveOpen('key_trusted', 'the policy has no root of kind nras, so anybody may have made the key');
    return { isTrusted: false, roots: [] };
  }
  const judged = await Promise.all(keys.map((key) => keyProblem(key, roots, nowMs)));
  const problem = judged.find((key) => key.problem !== undefined)?.problem;
  const isTrusted = sheet.check('key_trusted', problem, 'every key is certified under a root of the policy');
  return { isTrusted, roots: judged.flatMap(({ root }) => root ?? []) };
}

export interface AuthenticNras {
  /** False: the signatures hold, and nobody says whose they are. */
  readonly isTrusted: boolean;
  /** Under which roots the keys are; empty without any. */
  readonly roots: readonly Certificate[];
}

/** Checks every token's signature by the key set, and the keys by the policy. Undefined if a signature is wrong. */
export async function authenticateNras(
  sheet: NrasSheet,
  answer: NrasAnswer,
  jwks: string,
  roots: readonly Certificate[],
  nowMs: number,
): Promise<AuthenticNras | undefined> {
  const tokens = [{ name: 'token', jws: answer.jws }, ...(answer.devices ?? [])];
  const parsed = attempt(() => parseJwks(jwks));
  const problems =
    parsed.value === undefined
      ? [parsed.problem]
      : await Promise.all(tokens.map(({ jws, name }) => tokenProblem(jws, name, parsed.value)));
  const problem = problems.find((found) => found !== undefined);
  const isSigned = sheet.check(
    'token_signature',
    problem,
    `${tokens.length} tokens are signed by keys of the set`,
  );
  if (!isSigned || parsed.value === undefined) return undefined;
  const used = parsed.value.filter(({ keyId }) => tokens.some(({ jws }) => jws.keyId === keyId));
  return checkKeys(sheet, used, roots, nowMs);
}
