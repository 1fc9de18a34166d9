import type { AmdProduct, AmdTcb, SnpCollateral } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import type { FakeAnswer, FakeRoute } from '../fake-service.ts';

export interface FakeChip {
  readonly product: AmdProduct;
  readonly chipId: Uint8Array;
  readonly tcb: AmdTcb;
  readonly collateral: SnpCollateral;
}

const lines: Readonly<Record<AmdProduct, string>> = { milan: 'Milan', genoa: 'Genoa', turin: 'Turin' };

/** AMD's key distribution service for one chip, as its interface specification describes it. */
export function fakeKdsRoute(read: () => FakeChip, key: 'vcek' | 'vlek' = 'vcek'): FakeRoute {
  return ({ url }): FakeAnswer | undefined => {
    const { product, chipId, tcb, collateral } = read();
    const base = `/${key}/v1/${lines[product]}`;
    const id = toHex(product === 'turin' ? chipId.subarray(0, 8) : chipId);
    const levels: Readonly<Record<string, number | undefined>> = {
      blSPL: tcb.bootloader,
      teeSPL: tcb.tee,
      snpSPL: tcb.snp,
      ucodeSPL: tcb.microcode,
      fmcSPL: tcb.fmc,
    };
    switch (url.pathname) {
      case `${base}/cert_chain`:
        return { body: collateral.issuerChainPem };
      case `${base}/crl`:
        return { body: fromHex(collateral.crlHex ?? '') };
      case `${base}/${id}`: {
        const isSame = Object.entries(levels).every(([name, level]) => {
          const asked = url.searchParams.get(name);
          return level === undefined ? asked === null : Number(asked) === level;
        });
        return isSame && key === 'vcek' ? { body: fromHex(collateral.endorsementCertificateHex) } : undefined;
      }
      default:
        return undefined;
    }
  };
}
