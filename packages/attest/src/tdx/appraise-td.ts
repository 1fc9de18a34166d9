import { toHex } from '@dcml/core';
import type { IntelPolicy } from '../policy/intel-policy.ts';
import type { TdxSheet } from './claims.ts';
import { tdFieldRange } from './parse-quote.ts';
import type { TdxQuote } from './quote.ts';

// Bits of TDATTRIBUTES (Intel TDX Module ABI specification, ATTRIBUTES definition).
const TUD_BITS = 0xffn;
const SEPT_VE_DISABLE = 1n << 28n;
const MIGRATABLE = 1n << 29n;
/** LASS, SEPT_VE_DISABLE, PKS, KL and PERFMON: what a guest may have on without losing protection. */
const PERMITTED_ATTRIBUTES = (1n << 27n) | SEPT_VE_DISABLE | (1n << 30n) | (1n << 31n) | (1n << 63n);
// XFAM (same specification): x87 and SSE always on; these bits are all that may be on.
const XFAM_REQUIRED = 0x3n;
const XFAM_PERMITTED = 0x6dbe7n;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

/** Why these TD attributes protect too little, or undefined. */
export function attributesProblem(tdAttributes: Uint8Array): string | undefined {
  const bits = littleEndian(tdAttributes);
  if ((bits & TUD_BITS) !== 0n) return 'the TD is under debug (TUD bits are set)';
  if ((bits & SEPT_VE_DISABLE) === 0n) return 'SEPT_VE_DISABLE is off: the host could inject exceptions';
  if ((bits & MIGRATABLE) !== 0n) return 'the TD can be migrated';
  const reserved = bits & ~PERMITTED_ATTRIBUTES;
  return reserved === 0n ? undefined : `reserved attribute bits are set: 0x${reserved.toString(16)}`;
}

/** Why this XFAM is impossible on a sound module, or undefined. */
export function xfamProblem(xfam: Uint8Array): string | undefined {
  const bits = littleEndian(xfam);
  if ((bits & XFAM_REQUIRED) !== XFAM_REQUIRED) return 'XFAM lacks x87 or SSE';
  const reserved = bits & ~XFAM_PERMITTED;
  return reserved === 0n ? undefined : `reserved XFAM bits are set: 0x${reserved.toString(16)}`;
}

function appraiseServiceTd(sheet: TdxSheet, quote: TdxQuote): void {
  const { mrServiceTd } = quote.body;
  if (mrServiceTd === undefined) {
    sheet.waive('mr_service_td', 'a TD report 1.0 does not name service TDs');
    return;
  }
  const isBound = mrServiceTd.some((byte) => byte !== 0);
  const problem = isBound ? `a service TD can reach into the guest: ${toHex(mrServiceTd)}` : undefined;
  sheet.check('mr_service_td', problem, 'no service TD is bound', [tdFieldRange(quote, 'mrServiceTd')]);
}

function appraiseRtmrs(sheet: TdxSheet, quote: TdxQuote, policy: IntelPolicy): void {
  const rtmrs = quote.body.rtmrs.map((rtmr) => toHex(rtmr));
  const ruled = ([0, 1, 2, 3] as const).filter((i) => policy.rtmrs[i] !== null);
  if (ruled.length === 0) {
    sheet.waive('rtmrs_accepted', 'the policy accepts any runtime registers');
    return;
  }
  const strange = ruled.filter((i) => policy.rtmrs[i]?.includes(rtmrs[i] ?? '') !== true);
  const problem = strange.map((i) => `RTMR${i} ${rtmrs[i]} is not in the policy`).join('; ');
  sheet.check(
    'rtmrs_accepted',
    strange.length === 0 ? undefined : problem,
    `${ruled.map((i) => `RTMR${i}`).join(', ')} as in the policy`,
    ruled.map((i) => tdFieldRange(quote, `rtmr${i}`)),
  );
}

/** Judges the TD report of an authentic quote: attributes, features, service TDs, firmware and registers. */
export function appraiseTd(sheet: TdxSheet, quote: TdxQuote, policy: IntelPolicy): void {
  const { body } = quote;
  sheet.check(
    'td_attributes',
    attributesProblem(body.tdAttributes),
    'no debug, no migration, SEPT_VE_DISABLE on',
    [tdFieldRange(quote, 'tdAttributes')],
  );
  sheet.check('td_xfam', xfamProblem(body.xfam), 'extended features are within those of a sound module', [
    tdFieldRange(quote, 'xfam'),
  ]);
  appraiseServiceTd(sheet, quote);
  const mrTd = toHex(body.mrTd);
  if (policy.mrTds === null) {
    sheet.waive('mr_td_accepted', `the policy accepts any firmware; MRTD is ${mrTd}`);
  } else {
    const problem = policy.mrTds.includes(mrTd) ? undefined : `MRTD ${mrTd} is not in the policy`;
    sheet.check('mr_td_accepted', problem, 'MRTD is in the policy', [tdFieldRange(quote, 'mrTd')]);
  }
  appraiseRtmrs(sheet, quote, policy);
}
