import type { IntelCollateral } from '@dcml/attest';
import { fromHex } from '@dcml/core';
import type { FakeAnswer, FakeRoute } from '../fake-service.ts';

export interface FakeIntel {
  readonly collateral: IntelCollateral;
  /** The only platform that it knows. */
  readonly fmspc: string;
  readonly tee?: 'tdx' | 'sgx';
  readonly ca?: 'platform' | 'processor';
}

/** Intel's PCS (DER) or a PCCS (the root CRL in hex, under the API's path), as their API version 4 is published. */
export function fakeIntelRoute(read: () => FakeIntel, kind: 'intel-pcs' | 'pccs' = 'intel-pcs'): FakeRoute {
  const chain = (name: string, pem: string): Record<string, string> => ({ [name]: encodeURIComponent(pem) });
  return ({ url, method }): FakeAnswer | undefined => {
    const { collateral, fmspc, tee = 'tdx', ca = 'platform' } = read();
    if (method !== 'GET') return { status: 405 };
    switch (url.pathname) {
      case kind === 'pccs' ? '/sgx/certification/v4/rootcacrl' : '/root.der':
        return {
          body: kind === 'pccs' ? collateral.rootCaCrlHex.toUpperCase() : fromHex(collateral.rootCaCrlHex),
        };
      case '/sgx/certification/v4/pckcrl':
        if (url.searchParams.get('ca') !== ca || url.searchParams.get('encoding') !== 'der')
          return { status: 400 };
        return {
          headers: chain('SGX-PCK-CRL-Issuer-Chain', collateral.pckCrlIssuerChainPem),
          body: fromHex(collateral.pckCrlHex),
        };
      case `/${tee}/certification/v4/tcb`:
        if (url.searchParams.get('fmspc') !== fmspc) return { status: 404 };
        return {
          headers: chain('TCB-Info-Issuer-Chain', collateral.tcbInfoIssuerChainPem),
          body: `{"tcbInfo":${collateral.tcbInfo},"signature":"${collateral.tcbInfoSignatureHex}"}`,
        };
      case `/${tee}/certification/v4/qe/identity`:
        return {
          headers: chain('SGX-Enclave-Identity-Issuer-Chain', collateral.qeIdentityIssuerChainPem),
          body: `{"enclaveIdentity":${collateral.qeIdentity},"signature":"${collateral.qeIdentitySignatureHex}"}`,
        };
      default:
        return undefined;
    }
  };
}
