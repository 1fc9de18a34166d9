import { parseCertificate, parsePckIdentity, parsePemCertificates } from '@dcml/attest';
import { decodeUtf8 } from '@dcml/core';
import { CollateralError } from '../collateral-error.ts';
import { readInput } from '../document/attest-refusal.ts';

/** What Intel's services need to know about a platform; nothing of it has to be believed. */
export interface IntelPlatform {
  readonly tee: 'tdx' | 'sgx';
  /** Six bytes as lowercase hex: family, model, stepping, platform type and custom SKU. */
  readonly fmspc: string;
  /** Which CA issued the PCK certificate. */
  readonly ca: 'platform' | 'processor';
}

const MAX_QUOTE_BYTES = 65_536;
const QE_REPORT_BYTES = 384;
const SIGNATURE_BYTES = 64;
const PCK_CHAIN = 5;

function fail(problem: string): never {
  throw new CollateralError('COLLATERAL_INPUT', `quote: ${problem}`);
}

/** Where the signature data of a quote begins, and its version (Intel DCAP quoting library API, appendix A). */
function findSignatureData(view: DataView): { tee: IntelPlatform['tee']; version: number; at: number } {
  const version = view.getUint16(0, true);
  const isTdx = view.getUint32(4, true) === 0x81;
  if (!isTdx && view.getUint32(4, true) !== 0) fail('TEE type is neither SGX nor TDX');
  const tee = isTdx ? 'tdx' : 'sgx';
  if (version === 3 && !isTdx) return { tee, version, at: 48 + 384 };
  if (version === 4) return { tee, version, at: 48 + (isTdx ? 584 : 384) };
  if (version === 5) return { tee, version, at: 48 + 6 + view.getUint32(50, true) };
  return fail(`version ${version} is not 3, 4 or 5`);
}

function findPckChain(bytes: Uint8Array): { tee: IntelPlatform['tee']; pem: string } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { tee, version, at } = findSignatureData(view);
  // Length, signature, attestation key; from version 4 on the QE's part has its own type and length in front.
  const qe = at + 4 + 2 * SIGNATURE_BYTES + (version === 3 ? 0 : 6);
  const authData = qe + QE_REPORT_BYTES + SIGNATURE_BYTES;
  const certification = authData + 2 + view.getUint16(authData, true);
  const type = view.getUint16(certification, true);
  if (type !== PCK_CHAIN) fail(`certification data of type ${type} holds no PCK chain`);
  const start = certification + 6;
  const end = start + view.getUint32(certification + 2, true);
  if (end > bytes.length) fail('ends inside its PCK chain');
  const text = bytes.subarray(start, end);
  return { tee, pem: decodeUtf8(text.at(-1) === 0 ? text.subarray(0, -1) : text) };
}

/** The platform of a quote, and the DER of the root that its PCK chain claims. */
export interface QuoteOrigin {
  readonly platform: IntelPlatform;
  readonly rootDer: Uint8Array;
}

/** Nothing is verified. Throws `COLLATERAL_INPUT`. */
export function readQuoteOrigin(quote: Uint8Array): QuoteOrigin {
  if (quote.length > MAX_QUOTE_BYTES) fail(`is longer than ${MAX_QUOTE_BYTES} bytes`);
  try {
    return readInput('quote', () => {
      const { tee, pem } = findPckChain(quote);
      const chain = parsePemCertificates(pem, 'PCK chain', 3).map((der) => parseCertificate(der));
      const [leaf, ca, root] = chain;
      if (leaf === undefined || ca === undefined || root === undefined) fail('has no leaf, CA and root');
      const kind = /PCK (Platform|Processor) CA/.exec(ca.commonName)?.[1]?.toLowerCase();
      if (kind !== 'platform' && kind !== 'processor') fail(`${ca.commonName} is no PCK CA`);
      return { platform: { tee, fmspc: parsePckIdentity(leaf).fmspc, ca: kind }, rootDer: root.der };
    });
  } catch (cause) {
    // DataView: a length pointed past the end.
    if (cause instanceof RangeError) fail('ends too early');
    throw cause;
  }
}

/**
 * Reads out of an SGX quote v3 or a TDX quote v4 or v5 what its collateral is asked by: TEE, FMSPC and the kind of CA.
 * Nothing is verified. Throws `COLLATERAL_INPUT`.
 */
export function readIntelPlatform(quote: Uint8Array): IntelPlatform {
  return readQuoteOrigin(quote).platform;
}

/** Refuses a platform that is not in its one form. Throws `COLLATERAL_INPUT`. */
export function assertIntelPlatform({ tee, fmspc, ca }: IntelPlatform): void {
  const isSound =
    /^[0-9a-f]{12}$/.test(fmspc) && ['tdx', 'sgx'].includes(tee) && ['platform', 'processor'].includes(ca);
  if (!isSound)
    throw new CollateralError('COLLATERAL_INPUT', 'platform: expected TEE, 12 hex digits and a CA');
}
