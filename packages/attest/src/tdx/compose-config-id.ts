import { encodeUtf8, sha256, toHex } from '@dcml/core';
import type { SheetOf } from '../intel/claims.ts';
import { tdFieldRange } from './parse-quote.ts';
import type { TdxQuote } from './quote.ts';

/** MRCONFIGID of a guest that is bound to a compose: 0x01, SHA-256 of its text, 15 zero bytes. Lowercase hex. */
export function composeConfigId(composeHash: string): string {
  return `01${composeHash}${'00'.repeat(15)}`;
}

/**
 * Judges whether the guest was created for this very compose. The host sets MRCONFIGID: it binds an application only in
 * a guest image that compares the two, so the image has to be pinned by the policy (MRTD, RTMRs). Returns the compose
 * hash (lowercase hex) if it holds.
 */
export function appraiseConfigId(
  sheet: SheetOf<'compose_hash'>,
  quote: TdxQuote,
  appCompose: string,
): string | undefined {
  const composeHash = toHex(sha256(encodeUtf8(appCompose)));
  const actual = toHex(quote.body.mrConfigId);
  const expected = composeConfigId(composeHash);
  const problem =
    actual === expected ? undefined : `MRCONFIGID is ${actual}, the given compose needs ${expected}`;
  const reason = `MRCONFIGID names the given compose, ${composeHash}`;
  return sheet.check('compose_hash', problem, reason, [tdFieldRange(quote, 'mrConfigId')])
    ? composeHash
    : undefined;
}
