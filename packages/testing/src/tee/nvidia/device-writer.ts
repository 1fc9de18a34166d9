import { fromHex } from '@dcml/core';
import { type CertificateFields, toPem, writeCertificate } from '../certificate-writer.ts';
import { derElement, derInteger, derOctetString, derOid, derSequence } from '../der-writer.ts';
import { createSigningKey, type SigningKey } from '../signing-key.ts';
import type { NvidiaVendor } from './nvidia-vendor.ts';

export type SimulatedArchitecture = 'hopper' | 'blackwell' | 'ls10';

/** Beginning of the names of a device of each kind. */
export const deviceNames: Readonly<Record<SimulatedArchitecture, string>> = {
  hopper: 'GH100 A01 GSP',
  blackwell: 'GB100 A01 GSP',
  ls10: 'LS_10 A01 FSP',
};

export interface NvidiaDeviceOptions {
  readonly architecture?: SimulatedArchitecture;
  /** Id by which GPUs and switches name each other: 16 hex digits. */
  readonly pdi?: string;
  /** 96 hex digits: of the firmware that the leaf certificate names. */
  readonly firmwareId?: string;
  /** First byte of DICE's flags (Blackwell): 0x80 not configured, 0x40 not secure, 0x20 recovery, 0x10 debug. */
  readonly diceFlags?: number;
  /** Deviations of single certificates, for tests of refusal. */
  readonly leaf?: Partial<CertificateFields>;
  readonly identity?: Partial<CertificateFields>;
  /** Signs instead of the rightful issuer. */
  readonly identityIssuerKey?: SigningKey;
  readonly leafIssuerKey?: SigningKey;
}

/** A simulated GPU or switch. */
export interface SimulatedNvidiaDevice {
  readonly role: 'gpu' | 'switch';
  readonly architecture: SimulatedArchitecture;
  readonly pdi: string;
  readonly firmwareId: string;
  /** Signs reports. */
  readonly leafKey: SigningKey;
  readonly identityKey: SigningKey;
  /** DER from the leaf up to the root. */
  readonly chain: readonly Uint8Array[];
  readonly chainPem: string;
  /** Of the leaf and of the device. */
  readonly serials: readonly [Uint8Array, Uint8Array];
}

const DAY_MS = 86_400_000;
const SHA384_OID = '2.16.840.1.101.3.4.2.2';
export const simulatedFirmwareId: string = 'f1'.repeat(48);

const fwid = (digest: string): Uint8Array => derSequence(derOid(SHA384_OID), derOctetString(fromHex(digest)));
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Hopper and LS10: version, the identity key, one firmware id. */
function compositeDeviceId(identityKey: SigningKey, firmwareId: string): Uint8Array {
  return derSequence(derInteger(1), identityKey.spki, fwid(firmwareId));
}

/** Blackwell: DiceTcbInfo with the fields that a published one has. */
function diceTcbInfo(name: string, firmwareId: string, flags: number): Uint8Array {
  return derSequence(
    derElement(0x80, ascii('NVIDIA')),
    derElement(0x81, ascii(name)),
    derElement(0x82, ascii('01')),
    derElement(0x83, Uint8Array.of(1)),
    derElement(0x84, Uint8Array.of(0)),
    derElement(0x85, Uint8Array.of(0)),
    derElement(0xa6, fwid(firmwareId), fwid('00'.repeat(48))),
    derElement(0x87, Uint8Array.of(0, flags, 0, 0, 1)),
    derElement(0x88, Uint8Array.of(0xc0)),
    derElement(0x89, Uint8Array.of(0)),
  );
}

let made = 0;

/** Makes a device under the simulated vendor: its identity for life and the key of its firmware. */
export function createNvidiaDevice(
  vendor: NvidiaVendor,
  options: NvidiaDeviceOptions = {},
): SimulatedNvidiaDevice {
  const { architecture = 'hopper', firmwareId = simulatedFirmwareId, diceFlags = 0x80 } = options;
  const number = ++made;
  const pdi = options.pdi ?? number.toString(16).padStart(16, '0');
  const name = deviceNames[architecture];
  const issuer = vendor.provisioners[architecture];
  const [leafKey, identityKey] = [createSigningKey('ecdsa-sha384'), createSigningKey('ecdsa-sha384')];
  const serials = [fromHex(`51${number.toString(16).padStart(8, '0')}`), fromHex(`41${pdi}`)] as const;
  const validity = { notBeforeMs: vendor.nowMs - 30 * DAY_MS, notAfterMs: vendor.nowMs + 3650 * DAY_MS };
  const extension =
    architecture === 'blackwell'
      ? { oid: '2.23.133.5.4.1.1', value: diceTcbInfo(name, firmwareId, diceFlags) }
      : { oid: '2.23.133.5.4.1', value: compositeDeviceId(identityKey, firmwareId) };
  const identitySubject = options.identity?.subject ?? `${name} BROM`;
  const identity = writeCertificate(
    {
      serial: serials[1],
      subject: identitySubject,
      issuer: issuer.subject,
      pathLength: 0,
      ...validity,
      ...options.identity,
    },
    identityKey,
    options.identityIssuerKey ?? issuer.key,
  );
  const leaf = writeCertificate(
    {
      serial: serials[0],
      subject: `${name} FMC LF`,
      issuer: identitySubject,
      ...validity,
      extraExtensions: [extension],
      ...options.leaf,
    },
    leafKey,
    options.leafIssuerKey ?? identityKey,
  );
  const chain = [leaf, identity, issuer.der, vendor.ca.der, vendor.root.der];
  return {
    role: architecture === 'ls10' ? 'switch' : 'gpu',
    architecture,
    pdi,
    firmwareId,
    leafKey,
    identityKey,
    chain,
    chainPem: chain.map(toPem).join(''),
    serials,
  };
}
