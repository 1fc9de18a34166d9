import { isVendorRoot } from '../vendor-roots/vendor-roots.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { defaultPolicy } from './default-policy.ts';
import { impossibleKinds } from './impossible-kinds.ts';
import type { EvidencePolicy, PolicyRoot } from './policy.ts';

/** Something that a reader of a valid policy should know. */
export interface PolicyRemark {
  /** The member, for example `policy.intel.allowed_tcb_statuses`. */
  readonly path: string;
  readonly text: string;
}

function isSimulatedRoot({ name, kind, certificatePem }: PolicyRoot): boolean {
  const [der] = parsePemCertificates(certificatePem, name, 1);
  return der === undefined || !isVendorRoot(der, kind);
}

function* rootRemarks({ roots }: EvidencePolicy): Generator<PolicyRemark> {
  for (const [i, root] of roots.entries()) {
    // No vendor's root for TPMs or tokens is built in: whoever names one decides for himself.
    if (root.kind === 'tpm' || root.kind === 'nras' || !isSimulatedRoot(root)) continue;
    yield {
      path: `policy.roots[${i}]`,
      text: `${JSON.stringify(root.name)} is not a hardware vendor's root: what ends in it is SIMULATED and proves nothing about hardware`,
    };
  }
}

function* applicationRemarks(policy: EvidencePolicy): Generator<PolicyRemark> {
  if (policy.composeHashes === null) {
    yield {
      path: 'policy.compose_hashes',
      text: 'any application is accepted: the hardware is judged, not what runs on it',
    };
  }
  const usesNitro = policy.kinds.includes('nitro') && policy.nitro.pcrs === null;
  if (usesNitro) yield { path: 'policy.nitro.pcrs', text: 'any enclave image is accepted' };
  const usesSgx = policy.kinds.includes('sgx');
  if (usesSgx && policy.intel.mrEnclaves === null && policy.intel.mrSigners === null) {
    yield { path: 'policy.intel.mr_enclaves', text: 'any SGX enclave of any signer is accepted' };
  }
  const usesSnp = policy.kinds.includes('snp') || policy.kinds.includes('azure-snp');
  if (usesSnp && policy.amd.launchDigests === null) {
    yield {
      path: 'policy.amd.launch_digests',
      text: 'any SEV-SNP guest is accepted: its firmware and kernel are not judged',
    };
  }
  const usesTdx = policy.kinds.some((kind) => kind.endsWith('tdx'));
  if (usesTdx && policy.intel.mrTds === null) {
    yield { path: 'policy.intel.mr_tds', text: 'any TDX firmware is accepted (MRTD is not compared)' };
  }
  const usesTpm = policy.kinds.some((kind) => kind === 'tpm' || kind.startsWith('azure-'));
  if (usesTpm && policy.tpm.pcrs === null) {
    yield { path: 'policy.tpm.pcrs', text: 'any PCR values are accepted: what booted is not judged' };
  }
}

function* intelRemarks({ intel, kinds }: EvidencePolicy): Generator<PolicyRemark> {
  if (!kinds.some((kind) => kind.endsWith('tdx') || kind === 'sgx')) return;
  const weak = intel.allowedTcbStatuses.filter((status) => status !== 'UpToDate');
  if (weak.length > 0) {
    const text = `${weak.join(', ')}: platforms with known weaknesses are accepted`;
    yield { path: 'policy.intel.allowed_tcb_statuses', text };
  }
  if (intel.allowedAdvisories.length > 0) {
    const text = `${intel.allowedAdvisories.length} published weaknesses do not count`;
    yield { path: 'policy.intel.allowed_advisories', text };
  }
  const floor = defaultPolicy.intel.minTcbEvaluationDataNumber ?? 0;
  const minimum = intel.minTcbEvaluationDataNumber;
  if (minimum === undefined || minimum < floor) {
    const text = `collateral from before TCB recovery ${floor} is accepted: weaknesses found since do not count`;
    yield { path: 'policy.intel.min_tcb_evaluation_data_number', text };
  }
}

function* amdRemarks({ amd, kinds }: EvidencePolicy): Generator<PolicyRemark> {
  if (!kinds.some((kind) => kind.endsWith('snp'))) return;
  if (amd.products.includes('milan')) {
    const text = 'milan: secrets were extracted from such processors, so that their reports can be forged';
    yield { path: 'policy.amd.products', text };
  }
  if (amd.maxVmpl > 0) {
    const text = `reports from VMPL ${amd.maxVmpl} are accepted: guest software that is not the most privileged speaks`;
    yield { path: 'policy.amd.max_vmpl', text };
  }
  if (amd.allowMigrationAgent) {
    yield {
      path: 'policy.amd.allow_migration_agent',
      text: 'a migration agent may move the guest and its memory',
    };
  }
}

function* platformRemarks({ platforms }: EvidencePolicy): Generator<PolicyRemark> {
  const both = (platforms.allow ?? []).filter((id) => platforms.deny.includes(id));
  if (both.length > 0) {
    const text = `${both.length} platforms are allowed and denied: they are denied`;
    yield { path: 'policy.platforms.deny', text };
  }
}

function* deviceRemarks({ nvidia, kinds }: EvidencePolicy): Generator<PolicyRemark> {
  const showsDevices = kinds.includes('nvidia') || kinds.includes('nras');
  if (nvidia.minGpus + nvidia.minSwitches > 0 && !showsDevices) {
    const text = 'devices are asked for, and no kind shows any: every host is refused';
    yield { path: 'policy.nvidia.min_gpus', text };
  }
  if (kinds.includes('nras')) {
    yield { path: 'policy.kinds', text: "nras: a service's token is the service's word, not evidence" };
  }
  if (kinds.includes('tpm')) {
    yield { path: 'policy.kinds', text: 'tpm: a TPM alone keeps nobody out of memory' };
  }
  if (!kinds.includes('nvidia')) return;
  if (!nvidia.requireRims) {
    yield {
      path: 'policy.nvidia.require_rims',
      text: 'measurements of GPU firmware need not be compared with references',
    };
  }
  if (!nvidia.requireOcsp) {
    yield { path: 'policy.nvidia.require_ocsp', text: 'revoked GPU certificates may go unnoticed' };
  }
}

/**
 * What in a valid policy is weaker than the default, and what can never be satisfied. Empty lists mean neither.
 * Throws `ATTEST_FORMAT` or `CORE_ENCODING` for roots that `parsePolicy` would have refused.
 */
export function reviewPolicy(policy: EvidencePolicy): PolicyRemark[] {
  const dead = [...impossibleKinds(policy)].map(([kind, { path, why }]) => ({
    path,
    text: `evidence of kind ${kind} is always refused: ${why}`,
  }));
  return [
    ...rootRemarks(policy),
    ...dead,
    ...intelRemarks(policy),
    ...platformRemarks(policy),
    ...amdRemarks(policy),
    ...deviceRemarks(policy),
    ...applicationRemarks(policy),
  ];
}
