import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { IntelCollateral } from '@dcml/attest';
import { QuoteVerifier } from '@phala/dcap-qvl';
import { initSync, js_verify } from '@phala/dcap-qvl-web';

const require = createRequire(import.meta.url);
initSync({ module: readFileSync(require.resolve('@phala/dcap-qvl-web/dcap-qvl-web_bg.wasm')) });

/** What another verifier says: a TCB status, or why it refuses. */
export type OracleAnswer =
  | { readonly status: string; readonly error?: undefined }
  | { readonly status?: undefined; readonly error: string };

export type Oracle = (quote: Uint8Array, collateral: OracleCollateral, nowMs: number) => OracleAnswer;

export interface OracleCollateral {
  readonly pck_crl_issuer_chain: string;
  readonly root_ca_crl: string;
  readonly pck_crl: string;
  readonly tcb_info_issuer_chain: string;
  readonly tcb_info: string;
  readonly tcb_info_signature: string;
  readonly qe_identity_issuer_chain: string;
  readonly qe_identity: string;
  readonly qe_identity_signature: string;
}

export function oracleCollateral(collateral: IntelCollateral): OracleCollateral {
  return {
    pck_crl_issuer_chain: collateral.pckCrlIssuerChainPem,
    root_ca_crl: collateral.rootCaCrlHex,
    pck_crl: collateral.pckCrlHex,
    tcb_info_issuer_chain: collateral.tcbInfoIssuerChainPem,
    tcb_info: collateral.tcbInfo,
    tcb_info_signature: collateral.tcbInfoSignatureHex,
    qe_identity_issuer_chain: collateral.qeIdentityIssuerChainPem,
    qe_identity: collateral.qeIdentity,
    qe_identity_signature: collateral.qeIdentitySignatureHex,
  };
}

function answer(run: () => { status: string }): OracleAnswer {
  try {
    return { status: run().status };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** `@phala/dcap-qvl`, in JavaScript, under the root of Intel unless given another (DER). */
export function jsOracle(root?: Uint8Array): Oracle {
  const verifier =
    root === undefined ? QuoteVerifier.newProd() : QuoteVerifier.newWithRootCa(Buffer.from(root));
  return (quote, collateral, nowMs) => answer(() => verifier.verify(quote, collateral, nowMs / 1000));
}

/** `@phala/dcap-qvl-web`, Rust compiled to WebAssembly, which knows the root of Intel only. */
export const wasmOracle: Oracle = (quote, collateral, nowMs) =>
  answer(() => js_verify(quote, collateral, BigInt(nowMs / 1000)) as { status: string });
