import { decodePriceTerms, type PriceTerms } from '@dcml/channel';
import { type Address, asAddress, asModelHash, Fields, type JsonValue, type ModelHash } from '@dcml/core';

export interface HostEnclave {
  readonly url: string;
  readonly models: readonly ModelHash[];
}

/** What the host asks for one model, the owner's part included. */
export interface HostOfferTerms {
  readonly model: ModelHash;
  readonly price: PriceTerms;
  readonly maxDepositWei: bigint;
}

/** What a host says of itself; binding only through its signed offers. */
export interface HostDescription {
  readonly host: Address;
  readonly chainId: number;
  readonly channelsContract: Address;
  readonly registryContract: Address;
  readonly enclaves: readonly HostEnclave[];
  readonly closeWindowSeconds: number;
  readonly offers: readonly HostOfferTerms[];
}

function readModel(value: JsonValue, path: string): ModelHash {
  return asModelHash(new Fields({ model: value }, path).string('model', 66));
}

function readEnclave(value: JsonValue, index: number): HostEnclave {
  const fields = new Fields(value, `enclaves[${index}]`);
  const enclave = {
    url: new URL(fields.string('url', 2048)).origin,
    models: fields.array('models', 256).map((model) => readModel(model, fields.path)),
  };
  fields.done();
  return enclave;
}

function readOffer(value: JsonValue, index: number): HostOfferTerms {
  const fields = new Fields(value, `offers[${index}]`);
  const offer = {
    model: readModel(fields.required('model'), fields.path),
    price: decodePriceTerms(fields.required('price')),
    maxDepositWei: fields.decimal('max_deposit'),
  };
  fields.done();
  return offer;
}

/** Throws `CORE_FIELD` or `CORE_ENCODING`. */
export function decodeHostDescription(value: JsonValue): HostDescription {
  const fields = new Fields(value, 'host');
  const description: HostDescription = {
    host: asAddress(fields.string('host', 42)),
    chainId: fields.integer('chain_id', 1, Number.MAX_SAFE_INTEGER),
    channelsContract: asAddress(fields.string('channels_contract', 42)),
    registryContract: asAddress(fields.string('registry_contract', 42)),
    enclaves: fields.array('enclaves', 256).map(readEnclave),
    closeWindowSeconds: fields.integer('close_window_seconds', 1, 0xffff_ffff),
    offers: fields.array('offers', 256).map(readOffer),
  };
  fields.done();
  return description;
}
