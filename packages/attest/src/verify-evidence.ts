import { verifyAzureSnp } from './azure/verify-azure-snp.ts';
import { verifyAzureTdx } from './azure/verify-azure-tdx.ts';
import type { Evidence } from './evidence.ts';
import type { EvidenceVerdict } from './evidence-verdict.ts';
import { verifyNitro } from './nitro/verify-nitro.ts';
import { verifyNras } from './nvidia/verify-nras.ts';
import { verifyNvidia } from './nvidia/verify-nvidia.ts';
import { verifySgx } from './sgx/verify-sgx.ts';
import { verifySnp } from './snp/verify-snp.ts';
import { verifyTdx } from './tdx/verify-tdx.ts';
import { verifyTpm } from './tpm/verify-tpm.ts';
import type { VerifyEvidenceOptions } from './verify-context.ts';

/**
 * Verifies evidence offline: authenticity up to a root of the policy, freshness at `nowMs`, the platform's patch level,
 * and what the policy asks of the guest. A refusal is a failed claim with its reason, never an exception. Evidence
 * under a root that is no hardware vendor's is `simulated` and proves nothing about hardware, whatever the policy
 * accepts. Throws `ATTEST_POLICY` on a policy whose roots cannot be read and `ATTEST_NO_WEBCRYPTO`.
 */
export async function verifyEvidence(
  evidence: Evidence,
  options: VerifyEvidenceOptions,
): Promise<EvidenceVerdict> {
  switch (evidence.kind) {
    case 'tdx':
    case 'dstack-tdx':
      return verifyTdx(evidence, options);
    case 'sgx':
      return verifySgx(evidence, options);
    case 'snp':
      return verifySnp(evidence, options);
    case 'nvidia':
      return verifyNvidia(evidence, options);
    case 'nras':
      return verifyNras(evidence, options);
    case 'nitro':
      return verifyNitro(evidence, options);
    case 'tpm':
      return verifyTpm(evidence, options);
    case 'azure-snp':
      return verifyAzureSnp(evidence, options);
    case 'azure-tdx':
      return verifyAzureTdx(evidence, options);
  }
}
