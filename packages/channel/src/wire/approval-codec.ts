import { Fields, type JsonObject, type JsonValue } from '@dcml/core';
import type { SignedCloseApproval } from '../types.ts';
import { readAmount, readChannelId, readSignature } from './chain-values.ts';

export function encodeSignedCloseApproval(approval: SignedCloseApproval): JsonObject {
  const { voucher } = approval;
  return {
    channel_id: approval.channelId,
    charged_owner: String(approval.charge.ownerWei),
    charged_host: String(approval.charge.hostWei),
    enclave_signature: approval.enclaveSignature,
    voucher:
      voucher === null
        ? null
        : { max_claimable: String(voucher.maxClaimableWei), signature: voucher.signature },
  };
}

/** Syntax only; `assertCloseApproval` checks the signatures. Throws `CORE_FIELD` or `CHANNEL_SIGNATURE`. */
export function decodeSignedCloseApproval(
  json: JsonValue | undefined,
  path = 'approval',
): SignedCloseApproval {
  const fields = new Fields(json, path);
  const channelId = readChannelId(fields, 'channel_id');
  const charge = {
    ownerWei: readAmount(fields, 'charged_owner'),
    hostWei: readAmount(fields, 'charged_host'),
  };
  const enclaveSignature = readSignature(fields, 'enclave_signature');
  if (fields.required('voucher') === null) {
    fields.done();
    return { channelId, charge, enclaveSignature, voucher: null };
  }
  const nested = fields.object('voucher');
  const maxClaimableWei = readAmount(nested, 'max_claimable');
  const signature = readSignature(nested, 'signature');
  nested.done();
  fields.done();
  return { channelId, charge, enclaveSignature, voucher: { channelId, maxClaimableWei, signature } };
}
