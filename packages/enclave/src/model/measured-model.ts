import type { ModelHash, Random } from '@dcml/core';
import { hashModel } from '@dcml/model/node';
import type { MeasuredConfiguration, ModelEvent } from '@dcml/receipt';
import { EnclaveError } from '../enclave-error.ts';
import type { EnclaveSettings } from '../settings.ts';
import { describeModel } from './describe-model.ts';
import { openPrivateModel } from './private-copy.ts';

/** The model that this instance may serve: checked, and out of others' reach. */
export interface MeasuredModel {
  readonly hash: ModelHash;
  /** Where the engine loads it from. */
  readonly path: string;
  /** What receipts say of it, but for the engine. */
  readonly event: Omit<ModelEvent, 'engine'>;
  close(): Promise<void>;
}

/**
 * Hashes the model (DCML section 3, `load_model`) and compares with what the measured configuration names.
 * Throws `ENCLAVE_MODEL_MISMATCH` for any other weights, tokenizer, template or configuration: there is no switch.
 */
export async function loadMeasuredModel(
  settings: EnclaveSettings,
  configuration: MeasuredConfiguration,
  random: Random,
  signal: AbortSignal,
): Promise<MeasuredModel> {
  if (configuration.engine !== settings.engine.kind) {
    throw new EnclaveError(
      'ENCLAVE_CONFIG',
      `the measured configuration names the engine ${configuration.engine}`,
    );
  }
  const file = await openPrivateModel(settings.modelPath, random);
  try {
    const hashed = await hashModel(file.path, { signal });
    const { modelHash } = hashed;
    if (!configuration.models.includes(modelHash)) {
      throw new EnclaveError(
        'ENCLAVE_MODEL_MISMATCH',
        `the model hashes to ${modelHash}, which is not measured`,
        {
          details: { model: modelHash, measured: configuration.models },
        },
      );
    }
    return { hash: modelHash, path: file.path, event: describeModel(hashed), close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}
