/** The EIP-712 types as viem wants them. */
export const typedDataTypes = {
  PriceTerms: [
    { name: 'ownerPromptPerMTok', type: 'uint128' },
    { name: 'ownerCompletionPerMTok', type: 'uint128' },
    { name: 'hostPromptPerMTok', type: 'uint128' },
    { name: 'hostCompletionPerMTok', type: 'uint128' },
  ],
  ChannelConfig: [
    { name: 'payer', type: 'address' },
    { name: 'payerAuthorizer', type: 'address' },
    { name: 'host', type: 'address' },
    { name: 'owner', type: 'address' },
    { name: 'model', type: 'bytes32' },
    { name: 'token', type: 'address' },
    { name: 'enclaveKey', type: 'address' },
    { name: 'challenge', type: 'bytes32' },
    { name: 'price', type: 'PriceTerms' },
    { name: 'closeWindowSeconds', type: 'uint32' },
  ],
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
  ],
  CloseApproval: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'chargedOwner', type: 'uint128' },
    { name: 'chargedHost', type: 'uint128' },
  ],
  Offer: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxDeposit', type: 'uint128' },
    { name: 'expiresAt', type: 'uint64' },
  ],
  ChannelRequest: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'action', type: 'string' },
    { name: 'expiresAt', type: 'uint64' },
  ],
} as const;
