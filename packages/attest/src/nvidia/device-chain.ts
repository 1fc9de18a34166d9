import { equalBytes } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import type { NvidiaArchitecture } from '../policy/nvidia-policy.ts';
import { type Certificate, describeCertificate, parseCertificate } from '../x509/certificate.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import type { NvidiaDeviceEvidence } from './evidence.ts';

/** Certificates of one device up to, but not including, the root. */
export interface DeviceChain {
  /** Of the key that signs reports; made by the device at each boot of its firmware. */
  readonly leaf: Certificate;
  /** Of the device itself, for its whole life. */
  readonly identity: Certificate;
  /** Leaf, identity and NVIDIA's two CAs. */
  readonly certificates: readonly Certificate[];
  /** As the evidence carries it; undefined if it leaves it out. */
  readonly root: Certificate | undefined;
}

export interface DeviceModel {
  readonly architecture: NvidiaArchitecture;
  /** As in the leaf's name: `GH100`, `GB100`, `LS_10` … */
  readonly chip: string;
}

/** Reads one certificate in PEM, line feed included. */
export type CertificateReader = (pem: string) => Certificate;

const END = '-----END CERTIFICATE-----\n';
const MAX_CHAIN_LENGTH = 5 * 16_384;

/**
 * A reader that parses the same text once: devices share their vendor's certificates, and come again. Of the last
 * `maxEntries` certificates only; what was refused is not kept.
 */
export function createCertificateReader(maxEntries = 64): CertificateReader {
  const known = new Map<string, Certificate>();
  return (pem) => {
    const found = known.get(pem);
    if (found !== undefined) return found;
    const [der] = parsePemCertificates(pem, 'device chain', 1);
    if (der === undefined) throw formatError('device chain', 'PEM certificate expected');
    const certificate = parseCertificate(der, 'device certificate');
    known.set(pem, certificate);
    for (const oldest of known.keys()) {
      if (known.size <= maxEntries) break;
      known.delete(oldest);
    }
    return certificate;
  };
}

/** The text of each certificate, ended by a line feed. Text after the last one makes one more, which is none. */
function splitPem(pem: string): string[] {
  if (pem.length > MAX_CHAIN_LENGTH) throw formatError('device chain', 'PEM text is too long');
  const text = pem.endsWith('\n') ? pem : `${pem}\n`;
  const blocks = text.split(END).map((block) => `${block}${END}`);
  return blocks.at(-1) === END ? blocks.slice(0, -1) : blocks;
}

/** Reads four certificates, or five with the root. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function parseDeviceChain(pem: string, read: CertificateReader): DeviceChain {
  const blocks = splitPem(pem);
  if (blocks.length > 5) throw formatError('device chain', 'more than 5 certificates');
  const [leaf, identity, issuer, ca, root] = blocks.map((block) => read(block));
  if (leaf === undefined || identity === undefined || issuer === undefined || ca === undefined) {
    throw formatError(
      'device chain',
      'is not a leaf, a device identity and two CAs, with or without the root',
    );
  }
  return { leaf, identity, certificates: [leaf, identity, issuer, ca], root };
}

/** The root of the policy under which the chain stands, or undefined: by its bytes, or by name if it is left out. */
export function findRoot(chain: DeviceChain, roots: readonly Certificate[]): Certificate | undefined {
  const { root, certificates } = chain;
  if (root !== undefined) return roots.find((trusted) => equalBytes(trusted.der, root.der));
  const issuer = certificates.at(-1)?.issuer;
  return issuer && roots.find((trusted) => equalBytes(trusted.subject, issuer));
}

const LEAF_NAME = /^((?:GH100|GB[12]\d\d|LS_10) [A-Z]\d\d (?:GSP|FSP)) FMC LF$/;
const ISSUER_NAME = /^NVIDIA ([A-Z0-9_]+) Provisioner ICA \d{1,8}$/;
const CA_NAME = /^NVIDIA [A-Z0-9_]+ Identity$/;

function architectureOf(chip: string): NvidiaArchitecture {
  if (chip === 'LS_10') return 'ls10';
  return chip === 'GH100' ? 'hopper' : 'blackwell';
}

/** What kind of device the chain's names make it, or why they are not those of such a device. */
export function readDeviceModel(
  role: NvidiaDeviceEvidence['role'],
  { leaf, identity, certificates }: DeviceChain,
): { readonly model?: DeviceModel; readonly problem: string | undefined } {
  const [, , issuer, ca] = certificates;
  const device = LEAF_NAME.exec(leaf.commonName)?.[1];
  const chip = device?.split(' ')[0];
  if (device === undefined || chip === undefined) {
    return {
      problem: `${describeCertificate(leaf)} is not of a report key of a GPU or switch that is known`,
    };
  }
  const model = { architecture: architectureOf(chip), chip };
  if ((model.architecture === 'ls10') !== (role === 'switch')) {
    return { problem: `${describeCertificate(leaf)} is no ${role}` };
  }
  if (identity.commonName !== `${device} BROM`) {
    return { problem: `${describeCertificate(identity)} is not the identity of ${device}` };
  }
  const issuerChip = ISSUER_NAME.exec(issuer?.commonName ?? '')?.[1];
  if (issuer === undefined || issuerChip === undefined || architectureOf(issuerChip) !== model.architecture) {
    return { problem: `${describeCertificate(issuer ?? identity)} does not provision ${device}` };
  }
  if (ca === undefined || !CA_NAME.test(ca.commonName)) {
    return { problem: `${describeCertificate(ca ?? issuer)} is no CA of device identities` };
  }
  return { model, problem: undefined };
}

/** The id by which switches and GPUs name each other: the last 8 bytes of the identity's 9-byte serial number. */
export function devicePdi(identity: Certificate): string | undefined {
  return identity.serial.length === 18 ? identity.serial.slice(2) : undefined;
}
