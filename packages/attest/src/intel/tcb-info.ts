import { type Fields, toHex } from '@dcml/core';
import { formatError } from '../attest-error.ts';
import { type TcbStatus, tcbStatuses } from '../policy/intel-policy.ts';
import {
  parseSignedText,
  readAdvisories,
  readDocument,
  readHex,
  readItems,
  readSvnLevels,
  type SignedDocument,
  type SvnLevel,
} from './signed-document.ts';

/** A TDX module that Intel signed: who signed it, and which of its attributes must have which value. */
export interface TdxModule {
  readonly mrSigner: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

/** A module of one major version, with its TCB levels. */
export interface TdxModuleIdentity extends TdxModule {
  /** `TDX_` and the major version in two hex digits. */
  readonly id: string;
  readonly levels: readonly SvnLevel[];
}

/** A patch level of the platform. */
export interface TcbLevel {
  /** 16 numbers. */
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  readonly status: TcbStatus;
  readonly advisories: readonly string[];
}

export interface TdxTcbLevel extends TcbLevel {
  /** 16 numbers. */
  readonly tdxComponents: readonly number[];
}

interface PlatformTcbInfo<Level extends TcbLevel> extends SignedDocument {
  readonly fmspc: string;
  readonly pceId: string;
  readonly levels: readonly Level[];
}

export interface SgxTcbInfo extends PlatformTcbInfo<TcbLevel> {
  readonly id: 'SGX';
}

export interface TdxTcbInfo extends PlatformTcbInfo<TdxTcbLevel> {
  readonly id: 'TDX';
  readonly module: TdxModule;
  readonly moduleIdentities: readonly TdxModuleIdentity[];
}

/** TCB info version 3 of one platform family. Byte strings as lowercase hex. */
export type TcbInfo = SgxTcbInfo | TdxTcbInfo;

function readModule(fields: Fields): TdxModule {
  return {
    mrSigner: readHex(fields, 'mrsigner', 48),
    attributes: readHex(fields, 'attributes', 8),
    attributesMask: readHex(fields, 'attributesMask', 8),
  };
}

function readIdentities(fields: Fields): TdxModuleIdentity[] {
  if (!fields.has('tdxModuleIdentities')) return [];
  return readItems(fields, 'tdxModuleIdentities', 100).map((identity) => ({
    id: identity.string('id', 32),
    ...readModule(identity),
    levels: readSvnLevels(identity),
  }));
}

function readComponents(tcb: Fields, name: string): number[] {
  const components = readItems(tcb, name, 16).map((component) => component.integer('svn', 0, 255));
  if (components.length !== 16) {
    throw formatError(tcb.path, `${name} has ${components.length} components, expected 16`);
  }
  return components;
}

function readLevel(fields: Fields): TcbLevel {
  const tcb = fields.object('tcb');
  return {
    sgxComponents: readComponents(tcb, 'sgxtcbcomponents'),
    pceSvn: tcb.integer('pcesvn', 0, 65_535),
    status: fields.oneOf('tcbStatus', tcbStatuses),
    advisories: readAdvisories(fields),
  };
}

function readTdxLevel(fields: Fields): TdxTcbLevel {
  const tdxComponents = readComponents(fields.object('tcb'), 'tdxtcbcomponents');
  return { ...readLevel(fields), tdxComponents };
}

/**
 * Parses the signed text of TCB info (Intel PCS API v4, `/sgx/certification/v4/tcb` and `/tdx/…`). Members that Intel
 * may add are skipped: the text is believed for its signature. Throws `ATTEST_FORMAT` or `CORE_*`.
 */
export function parseTcbInfo(text: string): TcbInfo {
  const fields = parseSignedText(text, 'tcbInfo');
  const id = fields.oneOf('id', ['SGX', 'TDX']);
  fields.integer('version', 3, 3);
  fields.integer('tcbType', 0, 0);
  const platform = {
    ...readDocument(fields),
    fmspc: toHex(readHex(fields, 'fmspc', 6)),
    pceId: toHex(readHex(fields, 'pceId', 2)),
  };
  const levels = readItems(fields, 'tcbLevels', 1000);
  if (id === 'SGX') return { id, ...platform, levels: levels.map(readLevel) };
  return {
    id,
    ...platform,
    module: readModule(fields.object('tdxModule')),
    moduleIdentities: readIdentities(fields),
    levels: levels.map(readTdxLevel),
  };
}
