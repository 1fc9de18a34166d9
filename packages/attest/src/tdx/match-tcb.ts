import { equalBytes } from '@dcml/core';
import { reaches, reachesPlatform } from '../intel/appraise-tcb.ts';
import { matchesMasked } from '../intel/qe-identity.ts';
import type { PckIdentity } from '../intel/sgx-extension.ts';
import { findSvnLevel, type SvnLevel } from '../intel/signed-document.ts';
import type { TdxTcbInfo, TdxTcbLevel } from '../intel/tcb-info.ts';
import type { TdBody } from './quote.ts';

/** A TDX module that Intel names, or why the quote's is none. */
export type ModuleMatch =
  | { readonly problem: string }
  | { readonly problem: undefined; readonly id: string; readonly level: SvnLevel | undefined };

/**
 * The TEE_TCB_SVNs that must both be good enough. The first stands for the module that created the guest, the second,
 * in a TD report 1.5, for the one that runs after updates that kept guests alive: a guest may have been harmed by
 * either, so neither replaces the other.
 */
export function teeTcbSvns(body: TdBody): readonly Uint8Array[] {
  return body.teeTcbSvn2 === undefined ? [body.teeTcbSvn] : [body.teeTcbSvn, body.teeTcbSvn2];
}

/**
 * Finds the TDX module of a TEE_TCB_SVN. Its second byte is the module's major version: 0 is the module of
 * `tdxModule`, without levels of its own; others have an identity `TDX_<version>` whose levels the first byte selects.
 */
export function matchModule(body: TdBody, teeTcbSvn: Uint8Array, tcbInfo: TdxTcbInfo): ModuleMatch {
  const [isvSvn = 0, majorVersion = 0] = teeTcbSvn;
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

/**
 * The first TCB level that the platform reaches (Intel PCS API v4, "Determine TCB status", step 3): SGX components,
 * PCESVN, then TDX components. With a module of its own identity the first two TDX components are the module's version
 * and are judged there.
 */
export function findTcbLevel(
  pck: PckIdentity,
  teeTcbSvn: Uint8Array,
  levels: readonly TdxTcbLevel[],
): TdxTcbLevel | undefined {
  const firstTdxComponent = teeTcbSvn[1] === 0 ? 0 : 2;
  return levels.find(
    (level) => reachesPlatform(pck, level) && reaches(teeTcbSvn, level.tdxComponents, firstTdxComponent),
  );
}
