import type { Tpm } from './tpm.ts';
import { algorithms, CURVE_P256, handles, objectAttributes } from './tpm-constants.ts';
import { TpmWriter } from './tpm-writer.ts';

/** A restricted P-256 signing key: it signs only what the TPM itself states. `TPMT_PUBLIC`. */
export function attestationKeyTemplate(): Uint8Array<ArrayBuffer> {
  const { fixedTpm, fixedParent, sensitiveDataOrigin, userWithAuth, noDictionaryAttack, restricted, sign } =
    objectAttributes;
  const attributes =
    fixedTpm | fixedParent | sensitiveDataOrigin | userWithAuth | noDictionaryAttack | restricted | sign;
  return (
    new TpmWriter()
      .u16(algorithms.ecc)
      .u16(algorithms.sha256)
      .u32(attributes)
      // No policy, no symmetric cipher, ECDSA with SHA-256, no key derivation, and a point for the TPM to choose.
      .u16(0)
      .u16(algorithms.null)
      .u16(algorithms.ecdsa)
      .u16(algorithms.sha256)
      .u16(CURVE_P256)
      .u16(algorithms.null)
      .u16(0)
      .u16(0)
      .finish()
  );
}

export interface TpmKey {
  readonly handle: number;
  /** `TPMT_PUBLIC`. */
  readonly publicArea: Uint8Array;
}

/**
 * The primary key of a template in the endorsement hierarchy (part 3, `TPM2_CreatePrimary`): always the same key for
 * one TPM and one template. It takes one of few slots until `flushContext`.
 */
export async function createPrimary(tpm: Tpm, template: Uint8Array, signal: AbortSignal): Promise<TpmKey> {
  const parameters = new TpmWriter()
    // An empty password and no data of ours, no outside information, no PCR at creation.
    .sized(new TpmWriter().u16(0).u16(0).finish())
    .sized(template)
    .u16(0)
    .u32(0)
    .finish();
  const answer = await tpm.run(
    {
      name: 'createPrimary',
      handles: [handles.endorsement],
      authorized: true,
      parameters,
      answersHandle: true,
    },
    signal,
  );
  return { handle: answer.handle!, publicArea: answer.parameters.sized() };
}
