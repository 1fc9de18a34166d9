import { equalBytes, toHex } from '@dcml/core';
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

/** Parses each certificate once per call, however many devices carry it. */
export type CertificateReader = (der: Uint8Array) => Certificate;

export function createCertificateReader(): CertificateReader {
  const known = new Map<string, Certificate>();
  return (der) => {
    const name = toHex(der);
    const certificate = known.get(name) ?? parseCertificate(der, 'device certificate');
    known.set(name, certificate);
    return certificate;
  };
}

/** Reads four certificates, or five with the root. Throws `ATTEST_FORMAT` or `CORE_ENCODING`. */
export function parseDeviceChain(pem: string, read: CertificateReader): DeviceChain {
  const all = parsePemCertificates(pem, 'device chain', 5).map(read);
  const [leaf, identity, issuer, ca, root] = all;
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
