import { toHex } from '@dcml/core';
import type { EnclaveReport } from '../intel/enclave-report.ts';
import type { IntelPolicy } from '../policy/intel-policy.ts';
import type { SgxClaimName, SgxSheet } from './claims.ts';
import { enclaveFieldRange } from './parse-quote.ts';

// Bits of ATTRIBUTES.FLAGS (Intel SDM volume 3D, SGX data structures, ATTRIBUTES).
const INIT = 1n << 0n;
const DEBUG = 1n << 1n;
const PROVISION_KEY = 1n << 4n;
const EINITTOKEN_KEY = 1n << 5n;
/** INIT, MODE64BIT, CET, KSS and AEXNOTIFY: what an enclave may have on without losing protection. */
const PERMITTED_FLAGS = INIT | (1n << 2n) | (1n << 6n) | (1n << 7n) | (1n << 10n);
// XFRM: x87 and SSE always on; AVX, MPX, AVX-512, PKRU and AMX are all that may be on besides.
const XFRM_REQUIRED = 0x3n;
const XFRM_PERMITTED = 0x602ffn;
/** EXINFO and CPINFO: the enclave is told of its own faults. */
const PERMITTED_MISC = 0x3;

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

/** Why these flags (8 bytes) protect too little, or undefined. */
export function enclaveFlagsProblem(flags: Uint8Array): string | undefined {
  const bits = littleEndian(flags);
  if ((bits & DEBUG) !== 0n) return 'the enclave is under debug';
  if ((bits & INIT) === 0n) return 'the enclave was not initialized';
  if ((bits & PROVISION_KEY) !== 0n) return 'the enclave may use the provisioning key';
  if ((bits & EINITTOKEN_KEY) !== 0n) return 'the enclave may use the launch key';
  const reserved = bits & ~PERMITTED_FLAGS;
  return reserved === 0n ? undefined : `reserved attribute bits are set: 0x${reserved.toString(16)}`;
}

/** Why this XFRM (8 bytes) is none of a sound processor, or undefined. */
export function xfrmProblem(xfrm: Uint8Array): string | undefined {
  const bits = littleEndian(xfrm);
  if ((bits & XFRM_REQUIRED) !== XFRM_REQUIRED) return 'XFRM lacks x87 or SSE';
  const reserved = bits & ~XFRM_PERMITTED;
  return reserved === 0n ? undefined : `reserved XFRM bits are set: 0x${reserved.toString(16)}`;
}

/** Why this MISCSELECT (4 bytes) is refused, or undefined. */
export function miscSelectProblem(miscSelect: Uint8Array): string | undefined {
  const reserved = miscSelect.some((byte, i) => (byte & ~(i === 0 ? PERMITTED_MISC : 0)) !== 0);
  return reserved ? `reserved MISCSELECT bits are set: ${toHex(miscSelect)}` : undefined;
}

function appraiseMeasurement(
  sheet: SgxSheet,
  claim: Extract<SgxClaimName, 'mr_enclave_accepted' | 'mr_signer_accepted'>,
  field: 'mrEnclave' | 'mrSigner',
  body: EnclaveReport,
  accepted: readonly string[] | null,
): void {
  const name = field.toUpperCase();
  const value = toHex(body[field]);
  if (accepted === null) {
    sheet.waive(claim, `the policy accepts any ${name}; it is ${value}`);
    return;
  }
  const problem = accepted.includes(value) ? undefined : `${name} ${value} is not in the policy`;
  sheet.check(claim, problem, `${name} is in the policy`, [enclaveFieldRange(field)]);
}

/** Judges the report of an authentic quote: attributes, features, measurement, signer, version. */
export function appraiseEnclave(sheet: SgxSheet, body: EnclaveReport, policy: IntelPolicy): void {
  const attributesAt = [enclaveFieldRange('attributes')];
  sheet.check(
    'enclave_attributes',
    enclaveFlagsProblem(body.attributes.subarray(0, 8)),
    'initialized, no debug, no provisioning key',
    attributesAt,
  );
  sheet.check(
    'enclave_xfrm',
    xfrmProblem(body.attributes.subarray(8)),
    'extended features are within those of a sound processor',
    attributesAt,
  );
  sheet.check(
    'enclave_misc_select',
    miscSelectProblem(body.miscSelect),
    'nothing but fault information is selected',
    [enclaveFieldRange('miscSelect')],
  );
  appraiseMeasurement(sheet, 'mr_enclave_accepted', 'mrEnclave', body, policy.mrEnclaves);
  appraiseMeasurement(sheet, 'mr_signer_accepted', 'mrSigner', body, policy.mrSigners);
  const tooOld = body.isvSvn < policy.minIsvSvn;
  sheet.check(
    'isv_svn_accepted',
    tooOld ? `ISVSVN is ${body.isvSvn}; the policy asks for at least ${policy.minIsvSvn}` : undefined,
    `ISVSVN is ${body.isvSvn}`,
    [enclaveFieldRange('isvSvn')],
  );
}
