import { attempt } from '../claim-sheet.ts';
import { fromHexBounded } from '../hex-field.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { type Crl, parseCrl } from '../x509/crl.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import type { IntelCollateral } from './collateral-types.ts';
import { type PckChain, parsePckChain } from './pck-chain.ts';
import { parseQeIdentity, type QeIdentity } from './qe-identity.ts';
import { BoundedMemory, rememberResult } from './remember.ts';
import { type ReadDocument, readSignedText } from './signed-text.ts';
import { parseTcbInfo, type TcbInfo } from './tcb-info.ts';
import { timelessCrlProblem } from './timeless.ts';

const MAX_CRL_BYTES = 1 << 20;
/** As many platforms as one prepared collateral remembers; each takes some 30 kB. */
const MAX_PCK_CHAINS = 64;

/** A CRL that its issuer signed, or why it is none. Whether it is current is not judged. */
export type ReadCrl =
  | { readonly crl: Crl; readonly issuer: Certificate; readonly problem?: undefined }
  | { readonly crl?: undefined; readonly problem: string };

/**
 * Collateral read once. Everything in it is a function of the collateral's own bytes: under which root it stands, and
 * that it holds together under that root. Whether the root is trusted and the windows contain `now` is for each
 * verification to judge, so nothing that one quote or one policy does can change what another is told.
 */
export interface CollateralReader {
  rootCrl(): Promise<ReadCrl>;
  pckCrl(): Promise<ReadCrl>;
  tcbInfo(): Promise<ReadDocument<TcbInfo>>;
  qeIdentity(): Promise<ReadDocument<QeIdentity>>;
  /** Remembers chains by their exact text. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
  pckChain(pem: string): PckChain;
}

type Issuers = readonly [ca: Certificate, root: Certificate];

function readIssuers(pem: string): Issuers | string {
  const parsed = attempt(() =>
    parsePemCertificates(pem, 'CRL issuer chain', 2).map((der) => parseCertificate(der, 'CRL issuer')),
  );
  if (parsed.value === undefined) return parsed.problem;
  const [ca, root] = parsed.value;
  return ca === undefined || root === undefined ? 'CRL issuer chain is not a CA and its root' : [ca, root];
}

async function readCrl(hex: string, issuers: Issuers | string, index: 0 | 1): Promise<ReadCrl> {
  if (typeof issuers === 'string') return { problem: issuers };
  const parsed = attempt(() => parseCrl(fromHexBounded(hex, 'CRL', MAX_CRL_BYTES)));
  if (parsed.value === undefined) return { problem: parsed.problem };
  const issuer = issuers[index];
  const problem = await timelessCrlProblem(parsed.value, issuer);
  return problem === undefined ? { crl: parsed.value, issuer } : { problem };
}

function createReader(collateral: IntelCollateral): CollateralReader {
  const issuers = readIssuers(collateral.pckCrlIssuerChainPem);
  const tcbInfo = {
    what: 'TCB info',
    text: collateral.tcbInfo,
    signatureHex: collateral.tcbInfoSignatureHex,
    issuerChainPem: collateral.tcbInfoIssuerChainPem,
  };
  const qeIdentity = {
    what: 'QE identity',
    text: collateral.qeIdentity,
    signatureHex: collateral.qeIdentitySignatureHex,
    issuerChainPem: collateral.qeIdentityIssuerChainPem,
  };
  const chains = new BoundedMemory<PckChain>(MAX_PCK_CHAINS);
  return {
    rootCrl: rememberResult(() => readCrl(collateral.rootCaCrlHex, issuers, 1)),
    pckCrl: rememberResult(() => readCrl(collateral.pckCrlHex, issuers, 0)),
    tcbInfo: rememberResult(() => readSignedText(tcbInfo, parseTcbInfo)),
    qeIdentity: rememberResult(() => readSignedText(qeIdentity, parseQeIdentity)),
    pckChain(pem) {
      const known = chains.get(pem);
      if (known !== undefined) return known;
      const chain = parsePckChain(pem);
      chains.set(pem, chain);
      return chain;
    },
  };
}

const readers = new WeakMap<IntelCollateral, CollateralReader>();

/**
 * A copy of collateral that can be given in evidence in its place, as often as wanted: it is parsed once, and what its
 * bytes alone decide (signatures of CRLs, TCB info, QE identity, and of the certificates of up to 64 platforms) is
 * checked once. Nothing that depends on time, policy, or a quote's own signatures is remembered. Never throws: bad
 * collateral fails its claims when it is used.
 */
export function prepareIntelCollateral(collateral: IntelCollateral): IntelCollateral {
  if (readers.has(collateral)) return collateral;
  // Frozen, so that the object's identity stands for these bytes.
  const prepared = Object.freeze({ ...collateral });
  readers.set(prepared, createReader(prepared));
  return prepared;
}

/** The reader of prepared collateral, or a new one. */
export function readCollateral(collateral: IntelCollateral): CollateralReader {
  return readers.get(collateral) ?? createReader({ ...collateral });
}
