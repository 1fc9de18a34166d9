// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ChannelTypes} from "./ChannelTypes.sol";
import {ChannelConfig, IInferenceChannels} from "./interfaces/IInferenceChannels.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";

/// @title Payment channels for inference (DCML section 6).
/// @notice No owner, no upgrade: a new version is a new address that users choose.
/// Invariant: the contract's balance is open deposits + the equal bonds behind them + free bonds + credits.
contract InferenceChannels is IInferenceChannels, EIP712, ReentrancyGuardTransient {
    using ECDSA for bytes32;

    // One storage slot.
    struct Channel {
        uint128 deposit;
        uint64 closesAt;
        Status status;
    }

    /// @notice Shortest close window in seconds: blocks must have time to carry the host's answer.
    uint32 public constant MIN_CLOSE_WINDOW = 60;
    /// @notice Longest close window in seconds: how long a vanished host can delay the payer's refund.
    uint32 public constant MAX_CLOSE_WINDOW = 30 days;

    /// @notice Where owners, prices and hosts are looked up when a channel opens; never afterwards.
    IModelRegistry public immutable registry;

    /// @inheritdoc IInferenceChannels
    mapping(address host => uint256) public bondOf;
    /// @inheritdoc IInferenceChannels
    mapping(address account => uint256) public balanceOf;
    /// @inheritdoc IInferenceChannels
    mapping(bytes32 id => Channel) public channel;
    /// @inheritdoc IInferenceChannels
    mapping(address enclaveKey => mapping(bytes32 challenge => bool)) public challengeUsed;

    /// @param modelRegistry The registry whose owners, prices and hosts count.
    constructor(IModelRegistry modelRegistry) EIP712("dcml InferenceChannels", "1") {
        registry = modelRegistry;
    }

    /// @inheritdoc IInferenceChannels
    function depositBond() external payable {
        if (msg.value == 0) revert InferenceChannelsZeroAmount();
        uint256 pool = bondOf[msg.sender] + msg.value;
        bondOf[msg.sender] = pool;
        emit BondDeposited(msg.sender, msg.value, pool);
    }

    /// @inheritdoc IInferenceChannels
    function withdrawBond(uint256 amount) external nonReentrant {
        if (amount == 0) revert InferenceChannelsZeroAmount();
        uint256 pool = _takeBond(msg.sender, amount);
        emit BondWithdrawn(msg.sender, amount, pool);
        _pay(msg.sender, amount);
    }

    /// @inheritdoc IInferenceChannels
    function open(ChannelConfig calldata config, uint128 maxDeposit, uint64 expiresAt, bytes calldata hostSignature)
        external
        payable
        returns (bytes32 id)
    {
        if (msg.sender != config.payer) revert InferenceChannelsNotPayer(config.payer, msg.sender);
        if (msg.value == 0) revert InferenceChannelsZeroAmount();
        if (msg.value > maxDeposit) revert InferenceChannelsDepositTooLarge(msg.value, maxDeposit);
        if (block.timestamp > expiresAt) revert InferenceChannelsOfferExpired(expiresAt);
        _checkConfig(config);

        // A challenge is part of the id, so an unused one also means that this channel never existed.
        if (challengeUsed[config.enclaveKey][config.challenge]) {
            revert InferenceChannelsChallengeUsed(config.enclaveKey, config.challenge);
        }
        challengeUsed[config.enclaveKey][config.challenge] = true;

        id = channelId(config);
        if (!_signed(config.host, hashOffer(id, maxDeposit, expiresAt), hostSignature)) {
            revert InferenceChannelsBadHostSignature();
        }
        _takeBond(config.host, msg.value);
        // Casting fits: msg.value <= maxDeposit, a uint128.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint128 deposit = uint128(msg.value);
        channel[id] = Channel(deposit, 0, Status.Open);
        emit ChannelOpened(id, config.payer, config.host, config, deposit);
    }

    /// @inheritdoc IInferenceChannels
    function close(
        ChannelConfig calldata config,
        uint128 chargedOwner,
        uint128 chargedHost,
        bytes calldata enclaveSignature,
        uint128 maxClaimableAmount,
        bytes calldata payerSignature
    ) external {
        bytes32 id = channelId(config);
        Channel storage state = channel[id];
        if (state.status != Status.Open && state.status != Status.Closing) {
            revert InferenceChannelsWrongStatus(id, state.status);
        }
        uint128 deposit = state.deposit;
        uint256 charged = uint256(chargedOwner) + chargedHost;
        if (charged > deposit) revert InferenceChannelsChargeOverDeposit(charged, deposit);
        if (!_signed(config.enclaveKey, hashCloseApproval(id, chargedOwner, chargedHost), enclaveSignature)) {
            revert InferenceChannelsBadEnclaveSignature();
        }
        // DEVIATION: DCML section 6 trusts the enclave alone; here a broken one takes at most what was authorized.
        if (charged > 0) {
            if (charged > maxClaimableAmount) revert InferenceChannelsChargeOverVoucher(charged, maxClaimableAmount);
            if (!_signed(config.payerAuthorizer, hashVoucher(id, maxClaimableAmount), payerSignature)) {
                revert InferenceChannelsBadPayerSignature();
            }
        }

        // Casting fits: charged <= deposit, a uint128.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint128 refund = deposit - uint128(charged);
        channel[id] = Channel(0, 0, Status.Closed);
        _credit(config.owner, chargedOwner);
        _credit(config.host, chargedHost);
        _credit(config.payer, refund);
        bondOf[config.host] += deposit;
        emit ChannelClosed(id, chargedOwner, chargedHost, refund);
    }

    /// @inheritdoc IInferenceChannels
    function startClose(ChannelConfig calldata config) external {
        if (msg.sender != config.payer) revert InferenceChannelsNotPayer(config.payer, msg.sender);
        bytes32 id = channelId(config);
        Channel storage state = channel[id];
        if (state.status != Status.Open) revert InferenceChannelsWrongStatus(id, state.status);
        uint64 closesAt = uint64(block.timestamp) + config.closeWindowSeconds;
        state.closesAt = closesAt;
        state.status = Status.Closing;
        emit ChannelCloseStarted(id, config.host, closesAt);
    }

    /// @inheritdoc IInferenceChannels
    function finalize(ChannelConfig calldata config) external {
        bytes32 id = channelId(config);
        Channel memory state = channel[id];
        if (state.status != Status.Closing) revert InferenceChannelsWrongStatus(id, state.status);
        if (block.timestamp < state.closesAt) revert InferenceChannelsWindowOpen(state.closesAt);
        channel[id] = Channel(0, 0, Status.Closed);
        // DCML section 6: the silent host's bond, equal to the deposit, pays the owner for whatever was used.
        _credit(config.payer, state.deposit);
        _credit(config.owner, state.deposit);
        emit ChannelFinalized(id, state.deposit, state.deposit);
    }

    /// @inheritdoc IInferenceChannels
    function withdraw(address account) external nonReentrant {
        uint256 amount = balanceOf[account];
        if (amount == 0) revert InferenceChannelsZeroAmount();
        balanceOf[account] = 0;
        emit Withdrawn(account, amount);
        _pay(account, amount);
    }

    /// @inheritdoc IInferenceChannels
    function channelId(ChannelConfig calldata config) public view returns (bytes32) {
        return _hashTypedDataV4(ChannelTypes.hashConfig(config));
    }

    /// @inheritdoc IInferenceChannels
    function hashVoucher(bytes32 id, uint128 maxClaimableAmount) public view returns (bytes32) {
        return _hashTypedDataV4(ChannelTypes.hashVoucher(id, maxClaimableAmount));
    }

    /// @inheritdoc IInferenceChannels
    function hashCloseApproval(bytes32 id, uint128 chargedOwner, uint128 chargedHost) public view returns (bytes32) {
        return _hashTypedDataV4(ChannelTypes.hashCloseApproval(id, chargedOwner, chargedHost));
    }

    /// @inheritdoc IInferenceChannels
    function hashOffer(bytes32 id, uint128 maxDeposit, uint64 expiresAt) public view returns (bytes32) {
        return _hashTypedDataV4(ChannelTypes.hashOffer(id, maxDeposit, expiresAt));
    }

    /// @inheritdoc IInferenceChannels
    function hashChannelRequest(bytes32 id, string calldata action, uint64 expiresAt) external view returns (bytes32) {
        return _hashTypedDataV4(ChannelTypes.hashChannelRequest(id, action, expiresAt));
    }

    function _checkConfig(ChannelConfig calldata config) private view {
        if (config.token != address(0)) revert InferenceChannelsTokenUnsupported(config.token);
        if (config.enclaveKey == address(0) || config.payerAuthorizer == address(0)) revert InferenceChannelsZeroKey();
        uint32 window = config.closeWindowSeconds;
        if (window < MIN_CLOSE_WINDOW || window > MAX_CLOSE_WINDOW) {
            revert InferenceChannelsBadCloseWindow(window, MIN_CLOSE_WINDOW, MAX_CLOSE_WINDOW);
        }
        (address owner, uint128 promptPerMTok, uint128 completionPerMTok, bool isHost) =
            registry.channelTerms(config.model, config.host);
        if (config.owner != owner) revert InferenceChannelsWrongOwner(config.owner, owner);
        if (
            config.price.ownerPromptPerMTok != promptPerMTok || config.price.ownerCompletionPerMTok != completionPerMTok
        ) revert InferenceChannelsWrongPrice(promptPerMTok, completionPerMTok);
        if (!isHost) revert InferenceChannelsUnknownHost(config.model, config.host);
    }

    /// @dev ECDSA refuses every length but 65 and high s. A key is never zero here, so a failed recovery never matches.
    function _signed(address key, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address signer, ECDSA.RecoverError failure,) = digest.tryRecoverCalldata(signature);
        return failure == ECDSA.RecoverError.NoError && signer == key;
    }

    function _takeBond(address host, uint256 amount) private returns (uint256 pool) {
        pool = bondOf[host];
        if (pool < amount) revert InferenceChannelsBondTooSmall(host, pool, amount);
        pool -= amount;
        bondOf[host] = pool;
    }

    function _credit(address account, uint128 amount) private {
        if (amount > 0) balanceOf[account] += amount;
    }

    function _pay(address account, uint256 amount) private {
        (bool paid,) = account.call{value: amount}("");
        if (!paid) revert InferenceChannelsPaymentRefused(account, amount);
    }
}
