// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @notice Prices in wei per million tokens; the owner's and the host's part apart.
struct PriceTerms {
    uint128 ownerPromptPerMTok;
    uint128 ownerCompletionPerMTok;
    uint128 hostPromptPerMTok;
    uint128 hostCompletionPerMTok;
}

/// @notice Everything that a channel is about; its EIP-712 digest is the channel's id.
/// @param payer Pays the deposit and receives what is left.
/// @param payerAuthorizer Signs vouchers.
/// @param host Locks the bond, receives the host's part.
/// @param owner Owns the model, receives the owner's part, and the bond of a host that does not answer.
/// @param model The model's hash in the registry.
/// @param token Zero for the chain's own coin, the only one this version takes.
/// @param enclaveKey Address of the enclave's attested chain key: its signature closes the channel.
/// @param challenge From the enclave; opens at most one channel.
/// @param price What tokens cost.
/// @param closeWindowSeconds How long the host may answer a close that the payer started.
struct ChannelConfig {
    address payer;
    address payerAuthorizer;
    address host;
    address owner;
    bytes32 model;
    address token;
    address enclaveKey;
    bytes32 challenge;
    PriceTerms price;
    uint32 closeWindowSeconds;
}

/// @title Payment channels for inference (DCML section 6).
/// @notice A payer locks a deposit, the host an equal bond. The enclave's approval closes the channel and pays what
/// was charged; without one the payer starts a close, and a host that stays silent for the window loses its bond to
/// the model's owner while the payer is refunded in full. Money is credited and then withdrawn.
interface IInferenceChannels {
    /// @notice A channel's life: None -> Open -> (Closing ->) Closed.
    enum Status {
        None,
        Open,
        Closing,
        Closed
    }

    /// @notice A host put money into its bond pool, which now has `pool`.
    event BondDeposited(address indexed host, uint256 amount, uint256 pool);
    /// @notice A host took money out of its bond pool, which now has `pool`.
    event BondWithdrawn(address indexed host, uint256 amount, uint256 pool);
    /// @notice A channel was opened and a bond equal to the deposit left the host's pool. The configuration is
    /// complete, so that anybody can close a channel from the chain's data and an approval alone.
    event ChannelOpened(
        bytes32 indexed channelId, address indexed payer, address indexed host, ChannelConfig config, uint128 deposit
    );
    /// @notice The payer wants to close without an approval; the host may answer until `closesAt` (Unix seconds)
    /// and as long as nobody finalized.
    event ChannelCloseStarted(bytes32 indexed channelId, address indexed host, uint64 closesAt);
    /// @notice Closed by approval: credited `chargedOwner`, `chargedHost` and `refund`; the bond is back in the pool.
    event ChannelClosed(bytes32 indexed channelId, uint128 chargedOwner, uint128 chargedHost, uint128 refund);
    /// @notice Closed without an answer: the payer was credited `refund`, the owner `bondToOwner`.
    event ChannelFinalized(bytes32 indexed channelId, uint128 refund, uint128 bondToOwner);
    /// @notice An account's whole credit was paid out to it.
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice Nothing was sent, or nothing is there to pay out.
    error InferenceChannelsZeroAmount();
    /// @notice The host's free bond is smaller than what is asked of it.
    error InferenceChannelsBondTooSmall(address host, uint256 free, uint256 needed);
    /// @notice The account refused the payment.
    error InferenceChannelsPaymentRefused(address account, uint256 amount);
    /// @notice Only the payer of the configuration may do this.
    error InferenceChannelsNotPayer(address payer, address caller);
    /// @notice Only the chain's own coin (the zero address) is taken.
    error InferenceChannelsTokenUnsupported(address token);
    /// @notice The enclave key or the payer's authorizer is the zero address.
    error InferenceChannelsZeroKey();
    /// @notice The close window is outside the bounds.
    error InferenceChannelsBadCloseWindow(uint32 closeWindowSeconds, uint32 min, uint32 max);
    /// @notice The configuration names another owner than the registry.
    error InferenceChannelsWrongOwner(address owner, address expected);
    /// @notice The configuration's owner prices are not the ones in force.
    error InferenceChannelsWrongPrice(uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok);
    /// @notice The host is not registered for the model.
    error InferenceChannelsUnknownHost(bytes32 model, address host);
    /// @notice The host's offer ended at `expiresAt` (Unix seconds).
    error InferenceChannelsOfferExpired(uint64 expiresAt);
    /// @notice The deposit is larger than what the host offered to back.
    error InferenceChannelsDepositTooLarge(uint256 deposit, uint128 maxDeposit);
    /// @notice The host did not sign this offer.
    error InferenceChannelsBadHostSignature();
    /// @notice The challenge opened a channel before.
    error InferenceChannelsChallengeUsed(address enclaveKey, bytes32 challenge);
    /// @notice The channel is not in a state that allows this.
    error InferenceChannelsWrongStatus(bytes32 channelId, Status status);
    /// @notice The charge is larger than the deposit.
    error InferenceChannelsChargeOverDeposit(uint256 charged, uint128 deposit);
    /// @notice The charge is larger than what the payer authorized.
    error InferenceChannelsChargeOverVoucher(uint256 charged, uint128 maxClaimableAmount);
    /// @notice The enclave did not sign this approval.
    error InferenceChannelsBadEnclaveSignature();
    /// @notice The payer's authorizer did not sign this voucher.
    error InferenceChannelsBadPayerSignature();
    /// @notice The host may still answer until `closesAt` (Unix seconds).
    error InferenceChannelsWindowOpen(uint64 closesAt);

    /// @notice Adds the sent wei to the caller's bond pool.
    function depositBond() external payable;

    /// @notice Pays free bond out to the caller. Bond that backs a channel is not free.
    /// @param amount Wei, at most the free bond.
    function withdrawBond(uint256 amount) external;

    /// @notice Opens a channel with the sent wei as its deposit, and locks an equal bond of the host.
    /// @param config The channel; the caller is its payer, owner and owner prices are the registry's in force.
    /// @param maxDeposit Largest deposit that the host backs with this offer.
    /// @param expiresAt Unix seconds; the offer's last second.
    /// @param hostSignature The host's EIP-712 signature of the offer: 65 bytes, low s.
    /// @return id The channel's id.
    function open(ChannelConfig calldata config, uint128 maxDeposit, uint64 expiresAt, bytes calldata hostSignature)
        external
        payable
        returns (bytes32 id);

    /// @notice Closes a channel with the enclave's approval, before anybody finalized it; anyone may send it.
    /// Beyond the paper the payer's voucher is needed too, so a broken enclave cannot take more than was authorized.
    /// @param config The channel.
    /// @param chargedOwner Wei for the owner.
    /// @param chargedHost Wei for the host.
    /// @param enclaveSignature The enclave's EIP-712 signature of the approval: 65 bytes, low s.
    /// @param maxClaimableAmount The voucher's amount; not looked at when nothing was charged.
    /// @param payerSignature The authorizer's EIP-712 signature of the voucher; not looked at when nothing was charged.
    function close(
        ChannelConfig calldata config,
        uint128 chargedOwner,
        uint128 chargedHost,
        bytes calldata enclaveSignature,
        uint128 maxClaimableAmount,
        bytes calldata payerSignature
    ) external;

    /// @notice The payer starts to close without an approval; the host's window begins.
    /// @param config The channel.
    function startClose(ChannelConfig calldata config) external;

    /// @notice After the window: refunds the payer in full and gives the bond to the owner; anyone may send it.
    /// @param config The channel.
    function finalize(ChannelConfig calldata config) external;

    /// @notice Pays an account's whole credit out to it; anyone may send it.
    /// @param account Who is paid.
    function withdraw(address account) external;

    /// @notice A channel's state.
    /// @param id The channel's id.
    /// @return deposit Wei that it holds, and the bond behind it; zero once closed.
    /// @return closesAt Unix seconds of the window's end; zero unless closing.
    /// @return status Where it is in its life.
    function channel(bytes32 id) external view returns (uint128 deposit, uint64 closesAt, Status status);

    /// @notice A host's free bond.
    /// @param host The host.
    /// @return Wei.
    function bondOf(address host) external view returns (uint256);

    /// @notice What an account can withdraw.
    /// @param account The account.
    /// @return Wei.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Whether a challenge opened a channel.
    /// @param enclaveKey The enclave that made it.
    /// @param challenge The challenge.
    /// @return True if it can open no other.
    function challengeUsed(address enclaveKey, bytes32 challenge) external view returns (bool);

    /// @notice A channel's id: the EIP-712 digest of its configuration.
    /// @param config The configuration.
    /// @return The id.
    function channelId(ChannelConfig calldata config) external view returns (bytes32);

    /// @notice What the payer's authorizer signs: owner and host together may be paid up to the amount.
    /// @param id The channel.
    /// @param maxClaimableAmount Wei, cumulative.
    /// @return The EIP-712 digest.
    function hashVoucher(bytes32 id, uint128 maxClaimableAmount) external view returns (bytes32);

    /// @notice What the enclave signs to close.
    /// @param id The channel.
    /// @param chargedOwner Wei for the owner.
    /// @param chargedHost Wei for the host.
    /// @return The EIP-712 digest.
    function hashCloseApproval(bytes32 id, uint128 chargedOwner, uint128 chargedHost) external view returns (bytes32);

    /// @notice What the host signs to back a channel.
    /// @param id The channel.
    /// @param maxDeposit Wei.
    /// @param expiresAt Unix seconds.
    /// @return The EIP-712 digest.
    function hashOffer(bytes32 id, uint128 maxDeposit, uint64 expiresAt) external view returns (bytes32);

    /// @notice What the payer's authorizer signs to ask an enclave something; never used on chain.
    /// @param id The channel.
    /// @param action What is asked.
    /// @param expiresAt Unix seconds.
    /// @return The EIP-712 digest.
    function hashChannelRequest(bytes32 id, string calldata action, uint64 expiresAt) external view returns (bytes32);
}
