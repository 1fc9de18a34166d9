import { chainRevocation, type RevocationRules } from '../ocsp/revocation.ts';
import type { NvidiaPolicy } from '../policy/nvidia-policy.ts';
import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import type { NvidiaSheet } from './claims.ts';
import { compareRims } from './compare-rims.ts';
import { type AuthenticDevice, firstProblem } from './device.ts';
import type { NvidiaRim } from './evidence.ts';
import { readRim } from './rim/read-rim.ts';
import type { Rim } from './rim-types.ts';

const MAX_RIMS = 32;

interface ReadRim {
  readonly name: string;
  readonly rim: Rim | undefined;
  readonly problem: string | undefined;
  readonly certificates: readonly Certificate[];
  readonly ocspResponses: readonly Uint8Array[];
}

/** True unless every manifest was signed under NVIDIA's own root. */
function isSimulated(rims: readonly ReadRim[]): boolean {
  return rims.some(({ certificates }) => {
    const root = certificates.at(-1);
    return root === undefined || !isVendorRoot(root.der, 'nvidia-rim');
  });
}

async function checkSigners(
  sheet: NvidiaSheet,
  rims: readonly ReadRim[],
  policy: NvidiaPolicy,
  rules: RevocationRules,
): Promise<boolean> {
  const judged = await Promise.all(
    rims.map(async ({ name, certificates, ocspResponses }) => ({
      name,
      ...(await chainRevocation(certificates, ocspResponses, rules)),
    })),
  );
  const problem = firstProblem(judged, (rim) => rim.problem);
  const open = firstProblem(
    judged,
    ({ uncovered: [first] }) => first && `no OCSP response about ${describeCertificate(first)}`,
  );
  if (problem !== undefined || open === undefined) {
    return sheet.check('rims_not_revoked', problem, 'OCSP says good about every signer of a manifest');
  }
  if (policy.requireOcsp) sheet.leaveOpen('rims_not_revoked', open);
  else sheet.waive('rims_not_revoked', `${open}; the policy does not ask for it`);
  return true;
}

/** Records that nothing was compared: by the policy, or for want of manifests. */
function leaveUncompared(
  sheet: NvidiaSheet,
  policy: NvidiaPolicy,
  why: string,
  names: readonly ('rims_authentic' | 'rims_not_revoked' | 'measurements_match' | 'debug_disabled')[],
): void {
  for (const name of names) {
    if (policy.requireRims) sheet.leaveOpen(name, why);
    else sheet.waive(name, `${why}; the policy does not ask for it`);
  }
}

function checkMeasurements(
  sheet: NvidiaSheet,
  devices: readonly AuthenticDevice[],
  rims: readonly Rim[],
  policy: NvidiaPolicy,
): void {
  const compared = devices.map((device) => ({ name: device.name, ...compareRims(device, rims) }));
  const mismatch = firstProblem(compared, ({ problem }) => problem);
  const missing = firstProblem(compared, ({ missing: [id] }) => id && `no manifest ${id}`);
  // A leaf may say that its firmware is under debug; only matching measurements say that it is not.
  const state = firstProblem(devices, ({ firmware }) => firmware.stateProblem);
  if (state !== undefined) sheet.check('debug_disabled', state, '');
  const rest = state === undefined ? (['debug_disabled'] as const) : [];
  if (mismatch !== undefined) {
    sheet.check('measurements_match', mismatch, '');
    leaveUncompared(sheet, { ...policy, requireRims: true }, 'the measurements do not match', rest);
  } else if (missing !== undefined) {
    leaveUncompared(sheet, policy, missing, ['measurements_match', ...rest]);
  } else {
    sheet.check(
      'measurements_match',
      undefined,
      'every active golden measurement is what the device measured',
    );
    if (state === undefined)
      sheet.check('debug_disabled', undefined, 'every device runs what NVIDIA released');
  }
}

/** Reads all manifests and compares every device with its own. Tells whether one of them is simulated. */
export async function checkRims(
  sheet: NvidiaSheet,
  devices: readonly AuthenticDevice[],
  evidence: readonly NvidiaRim[],
  roots: readonly Certificate[],
  policy: NvidiaPolicy,
  rules: RevocationRules,
): Promise<{ readonly simulated: boolean }> {
  if (evidence.length === 0) {
    leaveUncompared(sheet, policy, 'the evidence has no manifest', ['rims_authentic', 'rims_not_revoked']);
    checkMeasurements(sheet, devices, [], policy);
    return { simulated: false };
  }
  if (evidence.length > MAX_RIMS) {
    sheet.check('rims_authentic', `more than ${MAX_RIMS} manifests`, '');
    checkMeasurements(sheet, devices, [], policy);
    return { simulated: false };
  }
  const rims = await Promise.all(
    evidence.map(
      async ({ xml, ocspResponses }, i): Promise<ReadRim> => ({
        name: `rims[${i}]`,
        ocspResponses,
        ...(await readRim(xml, { roots, nowMs: rules.nowMs })),
      }),
    ),
  );
  const problem = firstProblem(rims, (rim) => rim.problem);
  const simulated = isSimulated(rims);
  const isAuthentic = sheet.check(
    'rims_authentic',
    problem,
    'every manifest is signed under a root of the policy',
  );
  const isTrusted = isAuthentic && (await checkSigners(sheet, rims, policy, rules));
  checkMeasurements(sheet, devices, isTrusted ? rims.flatMap(({ rim }) => rim ?? []) : [], policy);
  return { simulated };
}
