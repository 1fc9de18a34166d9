import type { TpmEvidence, TpmQuote } from '@dcml/attest';
import { concatBytes, encodeUtf8, fromHex, type Random, sha256, toHex } from '@dcml/core';
import {
  type CertificateFields,
  type CrlFields,
  toPem,
  writeCertificate,
  writeCrl,
} from '../certificate-writer.ts';
import { derOid, derSequence } from '../der-writer.ts';
import { extendRegisters, hashWith, type LogBank, writeEventLog } from '../event-log/event-log-writer.ts';
import { simulatedBootLog } from '../event-log/simulated-boot.ts';
import { createSigningKey, type SigningAlgorithm, type SigningKey } from '../signing-key.ts';
import { pcrSelection, signTpm, type TpmAttestFields, type TpmScheme, writeTpmAttest } from './tpm-writer.ts';

const DAY_MS = 86_400_000;

/** The roles of a TPM maker's PKI. */
export type TpmRole = 'root' | 'ca' | 'ak';
export type TpmKeys = Readonly<Record<TpmRole, SigningKey>>;

/** What certifies that a key attests (tcg-kp-AIKCertificate). */
export const akUsage: Uint8Array = derSequence(derOid('2.23.133.8.3'));

/** Keys of one TPM and its maker; RSA keys take a moment, so that several TPMs may share them. */
export function createTpmKeys(ak: SigningAlgorithm = 'ecdsa-sha256'): TpmKeys {
  return {
    root: createSigningKey('rsa-sha256'),
    ca: createSigningKey('rsa-sha256'),
    ak: createSigningKey(ak),
  };
}

/** A TPM in software: an attestation key with its certificates. */
export interface SimulatedTpm {
  readonly keys: TpmKeys;
  /** DER. */
  readonly certificates: Readonly<Record<TpmRole, Uint8Array>>;
  readonly serials: Readonly<Record<TpmRole, Uint8Array>>;
  readonly nowMs: number;
}

export interface SimulatedTpmOptions {
  readonly random: Random;
  readonly nowMs: number;
  readonly keys?: TpmKeys;
  /** DER of the attestation key's SubjectPublicKeyInfo, where it is in a TPM of its own. */
  readonly akSpki?: Uint8Array;
  /** Deviations of single certificates, for tests of refusal. */
  readonly certificates?: Partial<Record<TpmRole, Partial<CertificateFields>>>;
}

const subjects: Readonly<Record<TpmRole, string>> = {
  root: 'dcml SIMULATED TPM Root CA - not hardware',
  ca: 'dcml SIMULATED TPM AK CA - not hardware',
  ak: 'dcml SIMULATED TPM AK - not hardware',
};

/** Makes a root, a CA and the certificate of an attestation key. */
export function createSimulatedTpm(options: SimulatedTpmOptions): SimulatedTpm {
  const { random, nowMs } = options;
  const made = options.keys ?? createTpmKeys();
  const keys = options.akSpki === undefined ? made : { ...made, ak: { ...made.ak, spki: options.akSpki } };
  const issuers = { root: 'root', ca: 'root', ak: 'ca' } as const;
  const issue = (role: TpmRole, special: Partial<CertificateFields>): [Uint8Array, Uint8Array] => {
    const fields: CertificateFields = {
      serial: concatBytes(Uint8Array.of(1), random.bytes(15)),
      subject: subjects[role],
      issuer: subjects[issuers[role]],
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + 365 * DAY_MS,
      ...special,
      ...options.certificates?.[role],
    };
    return [writeCertificate(fields, keys[role], keys[issuers[role]]), fields.serial];
  };
  const [root, rootSerial] = issue('root', { pathLength: 1 });
  const [ca, caSerial] = issue('ca', { pathLength: 0 });
  // A critical subject alternative name, as TPM makers write it; its value is opaque to verifiers.
  const [ak, akSerial] = issue('ak', {
    extraExtensions: [
      { oid: '2.5.29.17', value: derSequence(), critical: true },
      { oid: '2.5.29.37', value: akUsage },
    ],
  });
  return {
    keys,
    certificates: { root, ca, ak },
    serials: { root: rootSerial, ca: caSerial, ak: akSerial },
    nowMs,
  };
}

/** A CRL of the root or the CA, issued a day ago. */
export function issueTpmCrl(tpm: SimulatedTpm, issuer: 'root' | 'ca', crl: Partial<CrlFields> = {}): string {
  const fields = {
    issuer: subjects[issuer],
    thisUpdateMs: tpm.nowMs - DAY_MS,
    nextUpdateMs: tpm.nowMs + 30 * DAY_MS,
    revokedSerials: [],
    ...crl,
  };
  return toHex(writeCrl(fields, tpm.keys[issuer]));
}

export interface SimulatedTpmQuoteOptions {
  readonly extraData?: Uint8Array;
  readonly bank?: LogBank;
  readonly scheme?: TpmScheme;
  readonly hash?: 'sha256' | 'sha384';
  readonly form?: 'tpmt' | 'raw';
  /** Register values; default: those of the simulated boot. */
  readonly pcrs?: ReadonlyMap<number, Uint8Array>;
  /** Deviations of what is signed. */
  readonly attest?: Partial<TpmAttestFields>;
  /** Signs in place of the attestation key. */
  readonly signer?: SigningKey;
}

/** What a quote of these registers says. */
export function simulatedAttest(
  pcrs: ReadonlyMap<number, Uint8Array>,
  bank: LogBank,
  hash: 'sha256' | 'sha384',
  extraData: Uint8Array,
): TpmAttestFields {
  const selected = [...pcrs.keys()].sort((a, b) => a - b);
  return {
    magic: 0xff54_4347,
    type: 0x8018,
    qualifiedSigner: concatBytes(fromHex('000b'), sha256(encodeUtf8('dcml SIMULATED key'))),
    extraData,
    clockMs: 123_456,
    resetCount: 7,
    restartCount: 2,
    safe: 1,
    firmwareVersion: fromHex('0000000000000001'),
    selections: [pcrSelection(bank, selected)],
    pcrDigest: hashWith(hash, concatBytes(...selected.map((pcr) => pcrs.get(pcr)!))),
  };
}

/** A quote by the attestation key; every part can deviate, for tests of refusal. */
export function quoteSimulatedTpm(key: SigningKey, options: SimulatedTpmQuoteOptions = {}): TpmQuote {
  const { bank = 'sha256', extraData = new Uint8Array(32) } = options;
  const isEc = key.algorithm.startsWith('ecdsa');
  const hash = options.hash ?? (key.algorithm === 'ecdsa-sha384' ? 'sha384' : 'sha256');
  const pcrs = options.pcrs ?? extendRegisters(simulatedBootLog(), bank);
  const message = writeTpmAttest({ ...simulatedAttest(pcrs, bank, hash, extraData), ...options.attest });
  const scheme = options.scheme ?? (isEc ? 'ecdsa' : 'rsassa');
  const signature = signTpm(options.signer ?? key, scheme, hash, message, options.form);
  return { message, signature, bank, pcrs };
}

/** Complete evidence of the simulated TPM after the simulated boot. */
export function simulatedTpmEvidence(tpm: SimulatedTpm, options: SimulatedTpmQuoteOptions = {}): TpmEvidence {
  const { ak, ca, root } = tpm.certificates;
  return {
    kind: 'tpm',
    quote: quoteSimulatedTpm(tpm.keys.ak, options),
    eventLog: writeEventLog(simulatedBootLog()),
    akChainPem: [ak, ca, root].map(toPem).join(''),
    crlsHex: [issueTpmCrl(tpm, 'ca'), issueTpmCrl(tpm, 'root')],
  };
}
