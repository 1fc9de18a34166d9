import { attempt } from '../claim-sheet.ts';
import { chainRevocation, type RevocationRules } from '../ocsp/revocation.ts';
import type { ByteRange } from '../verdict.ts';
import { type Certificate, describeCertificate } from '../x509/certificate.ts';
import { chainProblem } from '../x509/chain.ts';
import { verifySignature } from '../x509/verify-signature.ts';
import type { NvidiaSheet } from './claims.ts';
import { type AuthenticDevice, type Device, firstProblem } from './device.ts';
import { findRoot, readDeviceModel } from './device-chain.ts';
import { readFirmwareIdentity } from './firmware-id.ts';

/** `devices[i]: problem` of the first device that has one, all of them being looked at side by side. */
async function firstProblemOf<Item extends Pick<Device, 'name'>>(
  devices: readonly Item[],
  problemOf: (device: Item) => Promise<string | undefined>,
): Promise<string | undefined> {
  const problems = await Promise.all(devices.map(problemOf));
  return firstProblem(
    devices.map(({ name }, i) => ({ name, problem: problems[i] })),
    ({ problem }) => problem,
  );
}

const signedRange = ({ report }: Device, i: number): ByteRange => ({
  part: `devices[${i}].report`,
  offset: 0,
  length: report.signedBytes.length,
});

type Rooted = Device & { readonly root: Certificate };

/** Puts each device under its root and into its model. Undefined unless all chains hold. */
async function authenticateChains(
  sheet: NvidiaSheet,
  devices: readonly Device[],
  roots: readonly Certificate[],
  { nowMs, verify }: RevocationRules,
): Promise<readonly AuthenticDevice[] | undefined> {
  const rooted = devices.flatMap((device): Rooted[] => {
    const root = findRoot(device.chain, roots);
    return root === undefined ? [] : [{ ...device, root }];
  });
  const strange = devices.find((device) => rooted.every((known) => known.name !== device.name));
  const strangeProblem =
    strange && `${strange.name}: its chain ends under no NVIDIA device root of the policy`;
  if (!sheet.check('trusted_root', strangeProblem, 'every chain ends in a root of the policy'))
    return undefined;

  const authentic: AuthenticDevice[] = [];
  const problem =
    (await firstProblemOf(rooted, ({ chain, root }) =>
      chainProblem([...chain.certificates, root], nowMs, { verify }),
    )) ??
    firstProblem(rooted, (device) => {
      const { model, problem: wrongModel } = readDeviceModel(device.role, device.chain);
      if (model === undefined) return wrongModel;
      const firmware = attempt(() => readFirmwareIdentity(device.chain.leaf, device.chain.identity));
      if (firmware.problem !== undefined) return firmware.problem;
      authentic.push({ ...device, model, firmware: firmware.value });
      return undefined;
    });
  const passed = 'names, roles, signatures and validity of every chain hold';
  return sheet.check('device_chain', problem, passed) ? authentic : undefined;
}

/** Judges what OCSP says about all certificates, the leaf aside: its issuer is the device, which answers nobody. */
async function checkRevocation(
  sheet: NvidiaSheet,
  devices: readonly AuthenticDevice[],
  requireOcsp: boolean,
  rules: RevocationRules,
): Promise<void> {
  const judged = await Promise.all(
    devices.map(async ({ name, chain, root, ocspResponses }) => {
      const { problem, uncovered } = await chainRevocation(
        [...chain.certificates, root],
        ocspResponses,
        rules,
      );
      return { name, problem, uncovered: uncovered.find((certificate) => certificate !== chain.leaf) };
    }),
  );
  const problem = firstProblem(judged, (device) => device.problem);
  const open = firstProblem(
    judged,
    ({ uncovered }) => uncovered && `no OCSP response about ${describeCertificate(uncovered)}`,
  );
  if (problem !== undefined || open === undefined) {
    sheet.check('device_not_revoked', problem, 'OCSP says good about every certificate that NVIDIA issued');
  } else if (requireOcsp) {
    sheet.leaveOpen('device_not_revoked', open);
  } else {
    sheet.waive('device_not_revoked', `${open}; the policy does not ask for it`);
  }
}

/** Compares the firmware that a report names with the one that its key belongs to. */
function checkFirmware(sheet: NvidiaSheet, devices: readonly AuthenticDevice[]): boolean {
  const problem = firstProblem(devices, ({ facts, firmware }) =>
    facts.firmwareId === undefined || facts.firmwareId === firmware.firmwareId
      ? undefined
      : `the report names firmware ${facts.firmwareId}, its certificate ${firmware.firmwareId}`,
  );
  const count = devices.filter(({ facts }) => facts.firmwareId !== undefined).length;
  if (count === 0 && problem === undefined) {
    sheet.waive('firmware_bound', 'no report names its firmware; the certificates alone do');
    return true;
  }
  const passed = `${count} of ${devices.length} reports name their firmware, as their certificates do`;
  return sheet.check('firmware_bound', problem, passed);
}

/** Checks chains, report signatures, revocation and firmware ids. Undefined unless every report is authentic. */
export async function authenticateDevices(
  sheet: NvidiaSheet,
  devices: readonly Device[],
  roots: readonly Certificate[],
  requireOcsp: boolean,
  rules: RevocationRules,
): Promise<readonly AuthenticDevice[] | undefined> {
  // Both at once: a report's signature needs nothing but the leaf's key, and is believed only below an authentic chain.
  const [authentic, signatureProblem] = await Promise.all([
    authenticateChains(sheet, devices, roots, rules),
    firstProblemOf(devices, async ({ report, chain }) =>
      (await verifySignature(chain.leaf.publicKey, 'ecdsa-sha384', report.signature, report.signedBytes))
        ? undefined
        : 'signature of the report is wrong',
    ),
  ]);
  if (authentic === undefined) return undefined;
  const isSigned = sheet.check(
    'report_signature',
    signatureProblem,
    'every request and response is signed by its leaf',
    devices.map(signedRange),
  );
  if (!isSigned) return undefined;
  await checkRevocation(sheet, authentic, requireOcsp, rules);
  return checkFirmware(sheet, authentic) ? authentic : undefined;
}
