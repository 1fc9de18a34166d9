// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChannelConfig, PriceTerms} from "./interfaces/IInferenceChannels.sol";

/// @title EIP-712 struct hashes of the channel protocol (docs/protocol/contracts.md).
/// @notice Pure: the contract adds its domain. The texts are the protocol; one changed letter is another protocol.
library ChannelTypes {
    bytes32 internal constant PRICE_TERMS_TYPEHASH = keccak256(
        "PriceTerms(uint128 ownerPromptPerMTok,uint128 ownerCompletionPerMTok,uint128 hostPromptPerMTok,uint128 hostCompletionPerMTok)"
    );
    bytes32 internal constant CHANNEL_CONFIG_TYPEHASH = keccak256(
        "ChannelConfig(address payer,address payerAuthorizer,address host,address owner,bytes32 model,address token,address enclaveKey,bytes32 challenge,PriceTerms price,uint32 closeWindowSeconds)PriceTerms(uint128 ownerPromptPerMTok,uint128 ownerCompletionPerMTok,uint128 hostPromptPerMTok,uint128 hostCompletionPerMTok)"
    );
    bytes32 internal constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    bytes32 internal constant CLOSE_APPROVAL_TYPEHASH =
        keccak256("CloseApproval(bytes32 channelId,uint128 chargedOwner,uint128 chargedHost)");
    bytes32 internal constant OFFER_TYPEHASH =
        keccak256("Offer(bytes32 channelId,uint128 maxDeposit,uint64 expiresAt)");
    bytes32 internal constant CHANNEL_REQUEST_TYPEHASH =
        keccak256("ChannelRequest(bytes32 channelId,string action,uint64 expiresAt)");

    function hashPrice(PriceTerms calldata price) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                PRICE_TERMS_TYPEHASH,
                price.ownerPromptPerMTok,
                price.ownerCompletionPerMTok,
                price.hostPromptPerMTok,
                price.hostCompletionPerMTok
            )
        );
    }

    function hashConfig(ChannelConfig calldata config) internal pure returns (bytes32) {
        // Two halves, since eleven arguments at once do not fit on the stack; both are whole words.
        return keccak256(
            bytes.concat(
                abi.encode(
                    CHANNEL_CONFIG_TYPEHASH,
                    config.payer,
                    config.payerAuthorizer,
                    config.host,
                    config.owner,
                    config.model
                ),
                abi.encode(
                    config.token,
                    config.enclaveKey,
                    config.challenge,
                    hashPrice(config.price),
                    config.closeWindowSeconds
                )
            )
        );
    }

    function hashVoucher(bytes32 id, uint128 maxClaimableAmount) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPEHASH, id, maxClaimableAmount));
    }

    function hashCloseApproval(bytes32 id, uint128 chargedOwner, uint128 chargedHost) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSE_APPROVAL_TYPEHASH, id, chargedOwner, chargedHost));
    }

    function hashOffer(bytes32 id, uint128 maxDeposit, uint64 expiresAt) internal pure returns (bytes32) {
        return keccak256(abi.encode(OFFER_TYPEHASH, id, maxDeposit, expiresAt));
    }

    function hashChannelRequest(bytes32 id, string calldata action, uint64 expiresAt) internal pure returns (bytes32) {
        return keccak256(abi.encode(CHANNEL_REQUEST_TYPEHASH, id, keccak256(bytes(action)), expiresAt));
    }
}
