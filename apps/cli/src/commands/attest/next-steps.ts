import type { Claim } from '@dcml/attest';
import type { FileVerdict, MissingPart } from '@dcml/evidence-files';

/** What a person can do about a claim that is open. */
const claimSteps: Readonly<Record<string, string>> = {
  report_data_bound:
    'say what the evidence has to bind: --nonce HEX (what you sent) or --report-data HEX (all bytes); without it anybody may have recorded it',
  rims_authentic:
    'a reference manifest for this driver or VBIOS: dcml attest collateral fetches those that are wanted',
  rims_not_revoked: 'OCSP responses for the signers of the manifests: dcml attest collateral fetches them',
  device_not_revoked: 'OCSP responses for the device certificates: dcml attest collateral fetches them',
  compose_accepted:
    'name the applications that you accept in a policy (compose_hashes), or pass --policy hardware to judge the hardware alone',
};

/** What vendors publish is fetched in one go; the rest is somebody's to give. */
function missingSteps(file: string, missing: readonly MissingPart[]): string[] {
  const published = [...new Set(missing.filter((part) => part.isPublished).map((part) => part.what))];
  const others = missing.filter((part) => !part.isPublished);
  const fetch = `fetch with \`dcml attest collateral ${file} --out collateral.json\` and pass --collateral collateral.json`;
  return [
    ...(published.length === 0 ? [] : [`${fetch}: ${published.join('; ')}`]),
    ...others.map((part) => `pass with --collateral FILE: ${part.what}, from ${part.from}`),
  ];
}

/** What would let an open verdict be decided, one line for each thing, nothing twice. */
export function nextSteps(file: string, { judged, claims }: FileVerdict): string[] {
  const open = (claim: Claim): boolean => claim.outcome === 'unknown' && claim.optional !== true;
  const openClaims = [...judged.flatMap(({ verdict }) => verdict.claims), ...claims].filter(open);
  const hasFailed = judged.some(({ verdict }) => verdict.outcome === 'fail');
  const missing = missingSteps(
    file,
    judged.flatMap((one) => one.missing),
  );
  // After a failure most claims are open for that reason alone.
  const steps = hasFailed ? [] : openClaims.flatMap(({ name }) => claimSteps[name] ?? []);
  return [...new Set([...missing, ...steps])];
}
