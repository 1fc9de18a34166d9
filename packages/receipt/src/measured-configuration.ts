import {
  type Address,
  asAddress,
  asModelHash,
  Fields,
  type JsonObject,
  type ModelHash,
  parseJson,
} from '@dcml/core';
import { ReceiptError, readAs } from './receipt-error.ts';

/** How the enclave learns what is on chain; the same values as `ChannelView.source` of @dcml/chain. */
export type ChainViewSource = 'operator_asserted' | 'verifier_derived';
export type EngineKind = 'llama' | 'upstream';

/**
 * What an enclave may do, measured with its program: the `dcml` member of the dstack application compose, whose
 * SHA-256 the platform extends into RTMR3. Another chain, contract or model is another measurement.
 */
export interface MeasuredConfiguration {
  readonly version: 1;
  readonly chainId: number;
  readonly channelsContract: Address;
  readonly registryContract: Address;
  readonly models: readonly ModelHash[];
  readonly chainView: ChainViewSource;
  readonly engine: EngineKind;
}

/** The value of the `dcml` member. */
export function encodeMeasuredConfiguration(configuration: MeasuredConfiguration): JsonObject {
  return {
    version: 1,
    chain_id: configuration.chainId,
    channels_contract: configuration.channelsContract,
    registry_contract: configuration.registryContract,
    models: configuration.models,
    chain_view: configuration.chainView,
    engine: configuration.engine,
  };
}

function readModels(fields: Fields): ModelHash[] {
  const models = fields.array('models', 256).map((model) => {
    if (typeof model !== 'string')
      throw new ReceiptError('RECEIPT_CONFIGURATION', 'dcml.models: expected strings');
    return asModelHash(model);
  });
  if (models.length === 0) throw new ReceiptError('RECEIPT_CONFIGURATION', 'dcml.models: is empty');
  return models;
}

/** From the exact compose text that was measured. Strict: an unknown member is refused. Throws `RECEIPT_CONFIGURATION`. */
export function parseMeasuredConfiguration(appCompose: string): MeasuredConfiguration {
  return readAs('RECEIPT_CONFIGURATION', () => {
    const compose = new Fields(parseJson(appCompose), 'app_compose');
    const fields = compose.object('dcml');
    const configuration: MeasuredConfiguration = {
      version: fields.integer('version', 1, 1) as 1,
      chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
      channelsContract: asAddress(fields.string('channels_contract', 42)),
      registryContract: asAddress(fields.string('registry_contract', 42)),
      models: readModels(fields),
      chainView: fields.oneOf('chain_view', ['operator_asserted', 'verifier_derived']),
      engine: fields.oneOf('engine', ['llama', 'upstream']),
    };
    fields.done();
    return configuration;
  });
}
