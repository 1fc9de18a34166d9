import { encodeSnpCollateral, parseSnpCollateral } from '@dcml/attest';
import { parseJson } from '@dcml/core';
import { issueSimulatedSnpCollateral } from '@dcml/testing';
import { describe, expect, it } from 'vitest';
import { genoa } from './simulated-snp.ts';

const collateral = issueSimulatedSnpCollateral(genoa);
const json = encodeSnpCollateral(collateral);

describe('SNP collateral as JSON', () => {
  it('is read as it was written', () => {
    expect(parseSnpCollateral(parseJson(JSON.stringify(json)))).toEqual(collateral);
    const bare = { ...collateral, crlHex: null };
    expect(parseSnpCollateral(encodeSnpCollateral(bare))).toEqual(bare);
  });

  it.each(['endorsement_certificate_hex', 'issuer_chain_pem', 'crl_hex'])('needs %s', (name) => {
    const { [name]: _, ...rest } = json;
    expect(() => parseSnpCollateral(rest)).toThrow(`${name}: is missing`);
    expect(() => parseSnpCollateral({ ...json, [name]: 1 })).toThrow(name);
    expect(() => parseSnpCollateral({ ...json, [name]: 'x'.repeat((1 << 21) + 1) })).toThrow('longer');
  });

  it('refuses other members and other values', () => {
    expect(() => parseSnpCollateral({ ...json, extra: 1 })).toThrow('extra');
    expect(() => parseSnpCollateral([])).toThrow();
    expect(() => parseSnpCollateral({ ...json, issuer_chain_pem: null })).toThrow('issuer_chain_pem');
  });
});
