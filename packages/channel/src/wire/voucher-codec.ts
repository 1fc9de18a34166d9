import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { ChannelConfig, SignedVoucher } from '../types.ts';
import { readAmount, readChannelId, readSignature } from './chain-values.ts';
import { decodeChannelConfig, encodeChannelConfig } from './config-codec.ts';

/** A voucher with its channel, as the enclave leaves it with the host before it serves. */
export interface VoucherRecord {
  readonly config: ChannelConfig;
  readonly voucher: SignedVoucher;
}

export function encodeVoucherRecord({ config, voucher }: VoucherRecord): JsonObject {
  return {
    channel_id: voucher.channelId,
    config: encodeChannelConfig(config),
    max_claimable: String(voucher.maxClaimableWei),
    signature: voucher.signature,
  };
}

/** Syntax only: neither the id nor the signature is checked. Throws `CORE_FIELD`, `CHANNEL_CONFIG` or `CHANNEL_SIGNATURE`. */
export function decodeVoucherRecord(json: JsonValue | undefined, path = 'voucher'): VoucherRecord {
  const fields = new Fields(json, path);
  const record: VoucherRecord = {
    config: decodeChannelConfig(fields.required('config'), `${path}.config`),
    voucher: {
      channelId: readChannelId(fields, 'channel_id'),
      maxClaimableWei: readAmount(fields, 'max_claimable'),
      signature: readSignature(fields, 'signature'),
    },
  };
  fields.done();
  return record;
}
