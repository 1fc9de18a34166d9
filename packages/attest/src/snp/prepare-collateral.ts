import { formatError } from '../attest-error.ts';
import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import { BoundedMemory, rememberResult } from '../intel/remember.ts';
import { timelessCrlProblem } from '../intel/timeless.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { chainProblem } from '../x509/chain.ts';
import { type Crl, parseCrl } from '../x509/crl.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { type Endorsement, parseEndorsement } from './endorsement.ts';
import type { SnpCollateral } from './evidence.ts';
import { productNames } from './product.ts';

const MAX_CERTIFICATE_BYTES = 8192;
const MAX_CRL_BYTES = 1 << 20;

/** VCEK or VLEK, ASK or ASVK, ARK. */
export type EndorsementChain = readonly [leaf: Certificate, ca: Certificate, root: Certificate];

export interface EndorsedKey {
  readonly chain: EndorsementChain;
  readonly endorsement: Endorsement;
}

/** A CRL that the root signed, or why it is none. Whether it is current is not judged. */
export type ReadCrl =
  | { readonly crl: Crl; readonly problem?: undefined }
  | { readonly crl?: undefined; readonly problem: string };

/**
 * Collateral read once. Everything in it is a function of the collateral's own bytes: whether the root is trusted and
 * the windows contain `now` is for each verification to judge.
 */
export interface SnpCollateralReader {
  readonly key: ReturnType<typeof attempt<EndorsedKey>>;
  /** Why the certificates belong together at no time, or undefined. */
  chainProblem(): Promise<string | undefined>;
  /** Null if there is none. */
  readCrl(): Promise<ReadCrl | null>;
}

type Issuers = readonly [ca: Certificate, root: Certificate];

/** Signing CAs and roots by their exact text: AMD has six, which come with the collateral of every chip. */
const knownIssuers = new BoundedMemory<Issuers>(16);

function readIssuers(pem: string): Issuers {
  const known = knownIssuers.get(pem);
  if (known !== undefined) return known;
  const [ca, root] = parsePemCertificates(pem, 'issuer chain', 2).map((der) =>
    parseCertificate(der, 'issuer chain certificate'),
  );
  if (ca === undefined || root === undefined) {
    throw formatError('issuer chain', 'is not a signing CA and a root');
  }
  const issuers = [ca, root] as const;
  knownIssuers.set(pem, issuers);
  return issuers;
}

function readKey(collateral: SnpCollateral): EndorsedKey {
  const what = 'endorsement certificate';
  const der = fromHexBounded(collateral.endorsementCertificateHex, what, MAX_CERTIFICATE_BYTES);
  const leaf = parseCertificate(der, what);
  return { chain: [leaf, ...readIssuers(collateral.issuerChainPem)], endorsement: parseEndorsement(leaf) };
}

/** Leaf, CA and root have to be for one product and one kind of key. */
function roleProblem({
  chain: [, ca, root],
  endorsement: { kind, product },
}: EndorsedKey): string | undefined {
  const name = productNames[product];
  const caName = kind === 'vcek' ? `SEV-${name}` : `SEV-VLEK-${name}`;
  if (ca.commonName !== caName) return `${describeCertificate(ca)} is not ${caName}`;
  if (root.commonName !== `ARK-${name}`) return `${describeCertificate(root)} is not ARK-${name}`;
  return undefined;
}

/** Judged at the first moment that all windows could share. */
async function judgeChain(key: EndorsedKey): Promise<string | undefined> {
  const sharedMs = Math.max(...key.chain.map(({ notBeforeMs }) => notBeforeMs));
  return (await chainProblem(key.chain, sharedMs, { leafMayLackKeyUsage: true })) ?? roleProblem(key);
}

async function judgeCrl(hex: string, root: Certificate): Promise<ReadCrl> {
  const parsed = attempt(() => parseCrl(fromHexBounded(hex, 'CRL', MAX_CRL_BYTES)));
  if (parsed.value === undefined) return { problem: parsed.problem };
  const problem = await timelessCrlProblem(parsed.value, root);
  return problem === undefined ? { crl: parsed.value } : { problem };
}

function createReader(collateral: SnpCollateral): SnpCollateralReader {
  const key = attempt(() => readKey(collateral));
  return {
    key,
    chainProblem: rememberResult(async () => (key.value === undefined ? key.problem : judgeChain(key.value))),
    readCrl: rememberResult(async () => {
      if (collateral.crlHex === null) return null;
      return key.value === undefined
        ? { problem: key.problem }
        : judgeCrl(collateral.crlHex, key.value.chain[2]);
    }),
  };
}

const readers = new WeakMap<SnpCollateral, SnpCollateralReader>();

/**
 * A copy of collateral that can be given in evidence in its place, as often as wanted: it is parsed once, and what its
 * bytes alone decide (the signatures of its certificates and of its CRL) is checked once. Nothing that depends on time,
 * policy or a report is remembered. Never throws: bad collateral fails its claims when it is used.
 */
export function prepareSnpCollateral(collateral: SnpCollateral): SnpCollateral {
  if (readers.has(collateral)) return collateral;
  // Frozen, so that the object's identity stands for these bytes.
  const prepared = Object.freeze({ ...collateral });
  readers.set(prepared, createReader(prepared));
  return prepared;
}

/** The reader of prepared collateral, or a new one. */
export function readSnpCollateral(collateral: SnpCollateral): SnpCollateralReader {
  return readers.get(collateral) ?? createReader({ ...collateral });
}
