import { parseCertificate, parseCrl } from '@dcml/attest';
import { fromHex, toHex } from '@dcml/core';
import { derBitString, derSequence, signatureAlgorithms, signWith, writeCrl } from '@dcml/testing';
import { expect, it } from 'vitest';
import { authenticateCrl } from '../../src/document/authentic-crl.ts';
import { issue, NOW_MS, vendor } from '../intel/intel-setup.ts';

const issuer = parseCertificate(vendor.certificates.root);

/** The root's CRL with another CRL number: the content of an INTEGER of one byte, in hex. */
function numbered(number: string): Uint8Array {
  const body = toHex(parseCrl(fromHex(issue().rootCaCrlHex)).signedBytes);
  const changed = fromHex(body.replace('0603551d140403020101', `0603551d1404030201${number}`));
  const algorithm = signatureAlgorithms[vendor.keys.root.algorithm];
  return derSequence(changed, algorithm, derBitString(signWith(vendor.keys.root, changed, 'der')));
}

it('of two CRLs of one second the higher CRL number is the newer', async () => {
  const orders = await Promise.all(
    ['01', '02', '7f'].map(async (number) => (await authenticateCrl('CRL', numbered(number), issuer)).order),
  );
  const thisUpdateMs = NOW_MS - 3_600_000;
  expect(orders).toEqual([
    [thisUpdateMs, 1],
    [thisUpdateMs, 2],
    [thisUpdateMs, 127],
  ]);
});

it('what is no CRL of the issuer is COLLATERAL_UNAUTHENTIC, wherever a byte changed', async () => {
  const der = fromHex(issue().rootCaCrlHex);
  const revoked = writeCrl(
    { issuer: 'somebody', thisUpdateMs: NOW_MS, nextUpdateMs: NOW_MS + 1000, revokedSerials: [] },
    vendor.keys.root,
  );
  const changed = Array.from({ length: der.length }, (_, at) => {
    const copy = Uint8Array.from(der);
    copy[at]! ^= 1;
    return copy;
  });
  for (const bad of [revoked, new Uint8Array(), der.subarray(1), ...changed]) {
    await expect(authenticateCrl('CRL', bad, issuer)).rejects.toMatchObject({
      code: 'COLLATERAL_UNAUTHENTIC',
    });
  }
});
