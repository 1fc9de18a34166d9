import { equalBytes } from '@dcml/core';
import type { TcbStatus } from '../policy/intel-policy.ts';
import { matchesMasked } from './qe-identity.ts';
import type { TdBody } from './quote.ts';
import type { PckIdentity } from './sgx-extension.ts';
import { type ComponentStatus, findSvnLevel, type SvnLevel } from './signed-document.ts';
import type { TcbInfo, TcbLevel } from './tcb-info.ts';

/** A TDX module that Intel names, or why the quote's is none. */
export type ModuleMatch =
  | { readonly problem: string }
  | { readonly problem: undefined; readonly id: string; readonly level: SvnLevel | undefined };

/**
 * Finds the TDX module of a quote. The second byte of TEE_TCB_SVN is the module's major version: 0 is the module of
 * `tdxModule`, without levels of its own; others have an identity `TDX_<version>` whose levels the first byte selects.
 */
export function matchModule(body: TdBody, tcbInfo: TcbInfo): ModuleMatch {
  const [isvSvn = 0, majorVersion = 0] = body.teeTcbSvn;
  const id = `TDX_${majorVersion.toString(16).padStart(2, '0').toUpperCase()}`;
  const identity =
    majorVersion === 0
      ? { ...tcbInfo.module, levels: undefined }
      : tcbInfo.moduleIdentities.find((candidate) => candidate.id === id);
  if (identity === undefined) return { problem: `TCB info has no identity of TDX module ${id}` };
  if (!equalBytes(body.mrSignerSeam, identity.mrSigner))
    return { problem: `MRSIGNERSEAM is not that of ${id}` };
  if (!matchesMasked(body.seamAttributes, identity.attributesMask, identity.attributes)) {
    return { problem: `SEAMATTRIBUTES are not those of ${id}` };
  }
  if (identity.levels === undefined) return { problem: undefined, id, level: undefined };
  const level = findSvnLevel(identity.levels, isvSvn);
  if (level === undefined) return { problem: `TDX module ${id} with SVN ${isvSvn} reaches no TCB level` };
  return { problem: undefined, id, level };
}

function reaches(svns: ArrayLike<number>, required: readonly number[], from = 0): boolean {
  return required.every((svn, i) => i < from || (svns[i] ?? 0) >= svn);
}

/**
 * The first TCB level that the platform reaches (Intel PCS API v4, "Determine TCB status", step 3): SGX components,
 * PCESVN, then TDX components. With a module of its own identity the first two TDX components are the module's version
 * and are judged there.
 */
export function findTcbLevel(
  pck: PckIdentity,
  body: TdBody,
  levels: readonly TcbLevel[],
): TcbLevel | undefined {
  const firstTdxComponent = body.teeTcbSvn[1] === 0 ? 0 : 2;
  return levels.find(
    (level) =>
      reaches(pck.components, level.sgxComponents) &&
      pck.pceSvn >= level.pceSvn &&
      reaches(body.teeTcbSvn, level.tdxComponents, firstTdxComponent),
  );
}

/** The status of the whole: the platform's, lowered by a module or quoting enclave that is older. */
export function convergeStatus(platform: TcbStatus, parts: readonly ComponentStatus[]): TcbStatus {
  if (platform === 'Revoked' || parts.includes('Revoked')) return 'Revoked';
  if (!parts.includes('OutOfDate')) return platform;
  switch (platform) {
    case 'ConfigurationNeeded':
    case 'ConfigurationAndSWHardeningNeeded':
    case 'OutOfDateConfigurationNeeded':
      return 'OutOfDateConfigurationNeeded';
    case 'UpToDate':
    case 'SWHardeningNeeded':
    case 'OutOfDate':
      return 'OutOfDate';
  }
}
