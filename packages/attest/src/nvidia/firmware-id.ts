import { equalBytes, toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { Certificate } from '../x509/certificate.ts';
import { DerReader, derTags } from '../x509/der-reader.ts';
import { readOid, readSmallInteger } from '../x509/der-values.ts';
import { readPublicKey } from '../x509/public-key.ts';

/** Hopper and LS10: the structure that preceded DICE's, with the identity key and one firmware id. */
const COMPOSITE_DEVICE_ID = '2.23.133.5.4.1';
/** Blackwell: DiceTcbInfo (TCG DICE Attestation Architecture 1.1, section 6.1.1). */
const DICE_TCB_INFO = '2.23.133.5.4.1.1';
const SHA384 = '2.16.840.1.101.3.4.2.2';
const FWID_BYTES = 48;

/** What the leaf certificate says about the firmware that holds its key. */
export interface FirmwareIdentity {
  /** Lowercase hex, 48 bytes. */
  readonly firmwareId: string;
  /** Why this firmware is not in production state, or undefined. */
  readonly stateProblem: string | undefined;
}

/** FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING } */
function readFwid(reader: DerReader): string {
  const start = reader.offset;
  const fwid = reader.read(derTags.sequence, 'firmware id');
  if (readOid(fwid, 'firmware digest algorithm') !== SHA384) reader.fail('firmware id is not SHA-384', start);
  const digest = fwid.read(derTags.octetString, 'firmware digest').rest();
  fwid.end();
  if (digest.length !== FWID_BYTES) reader.fail('firmware digest is not 48 bytes', start);
  return toHex(digest);
}

function readComposite(value: Uint8Array, issuer: Certificate): FirmwareIdentity {
  const document = new DerReader(value, 'device id extension');
  const fields = document.read(derTags.sequence, 'device id');
  document.end();
  readSmallInteger(fields, 'version', 1);
  const start = fields.offset;
  const key = readPublicKey(fields);
  const isIssuers =
    key.type === 'ec' &&
    issuer.publicKey.type === 'ec' &&
    key.curve === issuer.publicKey.curve &&
    equalBytes(key.point, issuer.publicKey.point);
  if (!isIssuers) fields.fail('device id is not the key that issued the certificate', start);
  const firmwareId = readFwid(fields);
  fields.end();
  return { firmwareId, stateProblem: undefined };
}

const FIRST_TAG = 0x80;
const FWIDS_TAG = 0xa6;
const FLAGS_TAG = 0x87;
const LAST_FIELD = 10;
/** OperationalFlags, most significant bit first. Bit 0 (notConfigured) is set on production Blackwell. */
const states: readonly (readonly [number, string])[] = [
  [0x40, 'not secure'],
  [0x20, 'in recovery'],
  [0x10, 'under debug'],
];

function readFlags(reader: DerReader): string | undefined {
  const bits = reader.read(FLAGS_TAG, 'flags').rest();
  if (bits.length < 2 || bits.length > 5 || bits[0]! > 7) reader.fail('flags are no bit string');
  const state = states.find(([mask]) => (bits[1]! & mask) !== 0);
  return state && `the leaf certificate says that its firmware is ${state[1]}`;
}

function readTcbInfo(value: Uint8Array): FirmwareIdentity {
  const document = new DerReader(value, 'DICE extension');
  const fields = document.read(derTags.sequence, 'TCB info');
  document.end();
  let firmwareId: string | undefined;
  let stateProblem: string | undefined;
  for (let previous = -1; !fields.isEmpty; ) {
    const start = fields.offset;
    const tag = fields.peek() ?? 0;
    const number = tag & 0x1f;
    if ((tag & 0xc0) !== FIRST_TAG || number <= previous || number > LAST_FIELD) {
      fields.fail('TCB info has a field that is not known', start);
    }
    previous = number;
    if (tag === FWIDS_TAG) {
      const list = fields.read(FWIDS_TAG, 'firmware ids');
      firmwareId = readFwid(list);
      while (!list.isEmpty) readFwid(list);
    } else if (tag === FLAGS_TAG) {
      stateProblem = readFlags(fields);
    } else {
      fields.read(tag, 'TCB info field');
    }
  }
  if (firmwareId === undefined) return fields.fail('TCB info has no firmware id');
  return { firmwareId, stateProblem };
}

/** The firmware id that the issuer put into a leaf certificate, in either form. Throws `ATTEST_FORMAT`. */
export function readFirmwareIdentity(leaf: Certificate, issuer: Certificate): FirmwareIdentity {
  const composite = leaf.extensions.get(COMPOSITE_DEVICE_ID);
  const tcbInfo = leaf.extensions.get(DICE_TCB_INFO);
  if (composite !== undefined && tcbInfo !== undefined) {
    throw formatError('leaf certificate', 'states its firmware twice');
  }
  if (composite !== undefined) return readComposite(composite, issuer);
  if (tcbInfo !== undefined) return readTcbInfo(tcbInfo);
  throw formatError('leaf certificate', 'states no firmware id');
}
