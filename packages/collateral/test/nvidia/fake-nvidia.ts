import { DerReader, derTags } from '@dcml/attest';
import { encodeUtf8, sha256, toBase64, toHex } from '@dcml/core';
import { type OcspFields, type OcspIssuer, writeOcspResponse } from '@dcml/testing';
import type { FakeAnswer, FakeRoute } from '../fake-service.ts';

export interface FakeNvidia {
  /** Who issued the certificate with a serial number, in hex. */
  readonly issuers: ReadonlyMap<string, OcspIssuer>;
  /** Manifests by id. */
  readonly rims: ReadonlyMap<string, string>;
  readonly window: { readonly thisUpdateMs: number; readonly nextUpdateMs: number | null };
  /** Deviations of all responses. */
  readonly deviation?: Partial<OcspFields>;
}

/** The serial number that a request of exactly one certificate asks about. */
export function requestedSerial(der: Uint8Array): string {
  const document = new DerReader(der, 'OCSP request');
  const certId = ['request', 'body', 'list', 'item', 'certificate id'].reduce((reader, field) => {
    const inner = reader.read(derTags.sequence, field);
    reader.end();
    return inner;
  }, document);
  certId.read(derTags.sequence, 'hash algorithm');
  certId.read(derTags.octetString, 'name hash');
  certId.read(derTags.octetString, 'key hash');
  const serial = toHex(certId.read(derTags.integer, 'serial').rest());
  certId.end();
  return serial;
}

/** NVIDIA's OCSP responder and RIM service, as their interfaces are published. */
export function fakeNvidiaRoute(read: () => FakeNvidia): FakeRoute {
  return ({ url, method, headers, body }): FakeAnswer | undefined => {
    const { issuers, rims, window, deviation } = read();
    if (url.pathname === '/ocsp') {
      if (method !== 'POST' || headers['content-type'] !== 'application/ocsp-request') return { status: 415 };
      const serial = requestedSerial(body);
      const issuer = issuers.get(serial);
      const base = { serial: Buffer.from(serial, 'hex'), hash: 'sha384', ...window } as const;
      // Unauthorized (RFC 6960 section 4.2.1) for what it does not know.
      const fields =
        issuer === undefined
          ? { ...base, issuer: [...issuers.values()][0]!, responseStatus: 6 }
          : { ...base, issuer, ...deviation };
      return { headers: { 'content-type': 'application/ocsp-response' }, body: writeOcspResponse(fields) };
    }
    const id = /^\/v1\/rim\/([^/]+)$/.exec(url.pathname)?.[1];
    const xml = id === undefined ? undefined : rims.get(id);
    if (xml === undefined || id === undefined) return undefined;
    const file = encodeUtf8(xml);
    return {
      body: JSON.stringify({
        id,
        rim: toBase64(file),
        sha256: toHex(sha256(file)),
        last_updated: '2026-05-01T00:00:00Z',
        rim_format: 'TCG_RIM',
        request_id: 'b6a6',
      }),
    };
  };
}
