import { AttestError } from './attest-error.ts';
import { attempt } from './claim-sheet.ts';
import { BoundedMemory } from './intel/remember.ts';
import type { EvidencePolicy, RootKind } from './policy/policy.ts';
import { type Certificate, parseCertificate } from './x509/certificate.ts';
import { parsePemCertificates } from './x509/pem.ts';

export interface VerifyEvidenceOptions {
  readonly policy: EvidencePolicy;
  /**
   * What the evidence has to bind, every byte: 64 bytes of report data (TDX, SGX, SNP), the nonce (NVIDIA 32 bytes,
   * NRAS), `user_data` (Nitro), the qualifying data (TPM, Azure). Without it `report_data_bound`, and so the verdict,
   * stays unknown.
   */
  readonly expectedReportData?: Uint8Array;
  /** Lowercase hex, read from the chain by the caller; counts only if the policy takes it. */
  readonly registeredComposeHashes?: readonly string[];
  /** The moment at which everything must be valid. */
  readonly nowMs: number;
}

/** Roots by their exact text: the same few come with every verification, and reading one takes as long as a signature. */
const knownRoots = new BoundedMemory<Certificate>(64);

/** The roots of the policy that anchor evidence of one kind. Throws `ATTEST_POLICY` on one that cannot be read. */
export function policyRoots(policy: EvidencePolicy, kind: RootKind): Certificate[] {
  return policy.roots
    .filter((root) => root.kind === kind)
    .map(({ name, certificatePem }) => {
      const known = knownRoots.get(certificatePem);
      if (known !== undefined) return known;
      const parsed = attempt(() =>
        parsePemCertificates(certificatePem, name, 1).map((der) => parseCertificate(der, name)),
      );
      const root = parsed.value?.[0];
      if (root === undefined) {
        const problem = parsed.value === undefined ? parsed.problem : 'no certificate';
        throw new AttestError('ATTEST_POLICY', `policy root ${JSON.stringify(name)}: ${problem}`);
      }
      knownRoots.set(certificatePem, root);
      return root;
    });
}
