import type { JsonObject } from '@dcml/core';
import type { AmdPolicy, AmdTcb } from './amd-policy.ts';
import type { IntelPolicy } from './intel-policy.ts';
import type { NvidiaPolicy } from './nvidia-policy.ts';
import type { EvidencePolicy } from './policy.ts';

function encodeIntel(intel: IntelPolicy): JsonObject {
  const { minTcbEvaluationDataNumber: minimum, rtmrs } = intel;
  return {
    allowed_tcb_statuses: intel.allowedTcbStatuses,
    allowed_advisories: intel.allowedAdvisories,
    ...(minimum === undefined ? {} : { min_tcb_evaluation_data_number: minimum }),
    mr_tds: intel.mrTds,
    rtmrs: { '0': rtmrs[0], '1': rtmrs[1], '2': rtmrs[2], '3': rtmrs[3] },
    mr_enclaves: intel.mrEnclaves,
    mr_signers: intel.mrSigners,
    min_isv_svn: intel.minIsvSvn,
  };
}

function encodeTcb({ bootloader, tee, snp, microcode, fmc }: AmdTcb): JsonObject {
  return { bootloader, tee, snp, microcode, ...(fmc === undefined ? {} : { fmc }) };
}

function encodeAmd(amd: AmdPolicy): JsonObject {
  return {
    products: amd.products,
    endorsements: amd.endorsements,
    min_tcb: Object.fromEntries(
      Object.entries(amd.minTcb).map(([product, tcb]) => [product, encodeTcb(tcb)]),
    ),
    launch_digests: amd.launchDigests,
    host_data: amd.hostData,
    max_vmpl: amd.maxVmpl,
    allow_smt: amd.allowSmt,
    allow_migration_agent: amd.allowMigrationAgent,
  };
}

function encodeNvidia(nvidia: NvidiaPolicy): JsonObject {
  const { minDriverVersion } = nvidia;
  return {
    min_gpus: nvidia.minGpus,
    min_switches: nvidia.minSwitches,
    architectures: nvidia.architectures,
    require_rims: nvidia.requireRims,
    require_ocsp: nvidia.requireOcsp,
    ...(minDriverVersion === undefined ? {} : { min_driver_version: minDriverVersion }),
  };
}

/** The text that `parsePolicy` reads. */
export function encodePolicy(policy: EvidencePolicy): string {
  const document: JsonObject = {
    version: policy.version,
    kinds: policy.kinds,
    roots: policy.roots.map(({ name, kind, certificatePem }) => ({
      name,
      kind,
      certificate_pem: certificatePem,
    })),
    platforms: { allow: policy.platforms.allow, deny: policy.platforms.deny },
    compose_hashes: policy.composeHashes,
    accept_registered_compose_hashes: policy.acceptRegisteredComposeHashes,
    image_digests: policy.imageDigests,
    max_keyset_lifetime_seconds: policy.maxKeysetLifetimeSeconds,
    max_evidence_age_seconds: policy.maxEvidenceAgeSeconds,
    intel: encodeIntel(policy.intel),
    amd: encodeAmd(policy.amd),
    nvidia: encodeNvidia(policy.nvidia),
    nitro: { pcrs: policy.nitro.pcrs },
    tpm: { pcrs: policy.tpm.pcrs, required_pcrs: policy.tpm.requiredPcrs },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
