// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Where models, their prices, their accepted enclave images and their hosts are found.
/// @notice Prices are in wei per million tokens. A model is named by the hash of its manifest.
interface IModelRegistry {
    /// @notice A model as it is now.
    /// @param owner Who registered it and receives the owner's part of every charge.
    /// @param ownerPromptPerMTok Price of a million prompt tokens, in force now.
    /// @param ownerCompletionPerMTok Price of a million completion tokens, in force now.
    /// @param nextOwnerPromptPerMTok Announced price of prompt tokens; zero when no change is pending.
    /// @param nextOwnerCompletionPerMTok Announced price of completion tokens; zero when no change is pending.
    /// @param nextPriceFrom Unix seconds from which the announced price holds; zero when no change is pending.
    /// @param uri Where the manifest and the packages can be fetched; a hint, checked against the model hash.
    struct Model {
        address owner;
        uint128 ownerPromptPerMTok;
        uint128 ownerCompletionPerMTok;
        uint128 nextOwnerPromptPerMTok;
        uint128 nextOwnerCompletionPerMTok;
        uint64 nextPriceFrom;
        string uri;
    }

    /// @notice Who serves a model, and for how much on top of the owner's price.
    /// @param host The host's account.
    /// @param hostPromptPerMTok The host's price of a million prompt tokens.
    /// @param hostCompletionPerMTok The host's price of a million completion tokens.
    /// @param endpoint Where the host answers; a hint, the enclave behind it proves itself by attestation.
    struct Host {
        address host;
        uint128 hostPromptPerMTok;
        uint128 hostCompletionPerMTok;
        string endpoint;
    }

    /// @notice A model was registered.
    event ModelRegistered(bytes32 indexed model, address indexed owner, string uri);
    /// @notice The owner announced a price; it is in force from `from` (Unix seconds).
    event ModelPriceAnnounced(
        bytes32 indexed model, uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok, uint64 from
    );
    /// @notice The owner moved the place where the model's files are found.
    event ModelUriChanged(bytes32 indexed model, string uri);
    /// @notice An enclave image may run the model from now on.
    event ComposeHashAdded(bytes32 indexed model, bytes32 indexed composeHash);
    /// @notice An enclave image is no longer accepted for the model.
    event ComposeHashRemoved(bytes32 indexed model, bytes32 indexed composeHash);
    /// @notice A host registered itself for a model or changed what it said.
    event HostSet(
        bytes32 indexed model,
        address indexed host,
        uint128 hostPromptPerMTok,
        uint128 hostCompletionPerMTok,
        string endpoint
    );
    /// @notice A host takes no new channels of a model.
    event HostRemoved(bytes32 indexed model, address indexed host);

    /// @notice The zero hash names no model.
    error ModelRegistryZeroModel();
    /// @notice Somebody registered this model before.
    error ModelRegistryModelExists(bytes32 model);
    /// @notice No model has this hash.
    error ModelRegistryUnknownModel(bytes32 model);
    /// @notice Only the model's owner may do this.
    error ModelRegistryNotOwner(bytes32 model, address caller);
    /// @notice A text is longer than `max` bytes, or empty where it must not be.
    error ModelRegistryTextLength(uint256 length, uint256 max);
    /// @notice A model accepts at most `max` images.
    error ModelRegistryTooManyComposeHashes(uint256 max);
    /// @notice An image hash is zero or already accepted.
    error ModelRegistryBadComposeHash(bytes32 composeHash);
    /// @notice The image is not accepted for the model.
    error ModelRegistryUnknownComposeHash(bytes32 composeHash);
    /// @notice The host is registered for the model already: use `updateHost`.
    error ModelRegistryHostExists(bytes32 model, address host);
    /// @notice The host is not registered for the model.
    error ModelRegistryUnknownHost(bytes32 model, address host);

    /// @notice Registers a model; the caller owns it. First come, first served: the hash proves no authorship.
    /// @param model SHA-256 of the model's manifest.
    /// @param ownerPromptPerMTok Price of a million prompt tokens, in force at once.
    /// @param ownerCompletionPerMTok Price of a million completion tokens, in force at once.
    /// @param composeHashes Accepted enclave images: SHA-256 of the dstack app compose of each.
    /// @param uri Where the files are; at most MAX_TEXT_BYTES.
    function registerModel(
        bytes32 model,
        uint128 ownerPromptPerMTok,
        uint128 ownerCompletionPerMTok,
        bytes32[] calldata composeHashes,
        string calldata uri
    ) external;

    /// @notice Announces a price that holds for channels opened from PRICE_NOTICE seconds on. An announcement that
    /// is not in force yet is replaced. Open channels keep the price of their configuration.
    /// @param model The caller's model.
    /// @param ownerPromptPerMTok New price of a million prompt tokens.
    /// @param ownerCompletionPerMTok New price of a million completion tokens.
    function announcePrice(bytes32 model, uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok) external;

    /// @notice Changes where the model's files are found.
    /// @param model The caller's model.
    /// @param uri The new place; at most MAX_TEXT_BYTES.
    function setModelUri(bytes32 model, string calldata uri) external;

    /// @notice Accepts one more enclave image.
    /// @param model The caller's model.
    /// @param composeHash SHA-256 of the image's dstack app compose.
    function addComposeHash(bytes32 model, bytes32 composeHash) external;

    /// @notice Stops accepting an enclave image, for instance a broken one.
    /// @param model The caller's model.
    /// @param composeHash The image's hash.
    function removeComposeHash(bytes32 model, bytes32 composeHash) external;

    /// @notice Registers the caller as a host of a model.
    /// @param model A registered model.
    /// @param hostPromptPerMTok The host's price of a million prompt tokens.
    /// @param hostCompletionPerMTok The host's price of a million completion tokens.
    /// @param endpoint Where the host answers; 1 to MAX_TEXT_BYTES bytes.
    function registerHost(
        bytes32 model,
        uint128 hostPromptPerMTok,
        uint128 hostCompletionPerMTok,
        string calldata endpoint
    ) external;

    /// @notice Replaces what the caller said as a host. A host's price binds only through the offers that it signs.
    /// @param model A model that the caller hosts.
    /// @param hostPromptPerMTok The host's price of a million prompt tokens.
    /// @param hostCompletionPerMTok The host's price of a million completion tokens.
    /// @param endpoint Where the host answers; 1 to MAX_TEXT_BYTES bytes.
    function updateHost(
        bytes32 model,
        uint128 hostPromptPerMTok,
        uint128 hostCompletionPerMTok,
        string calldata endpoint
    ) external;

    /// @notice Takes the caller off the list of a model's hosts; open channels go on. The last host takes its index.
    /// @param model A model that the caller hosts.
    function removeHost(bytes32 model) external;

    /// @notice How many models are registered.
    /// @return The count.
    function modelCount() external view returns (uint256);

    /// @notice The hash of the model with an index, in order of registration.
    /// @param index Below `modelCount()`.
    /// @return The model's hash.
    function modelAt(uint256 index) external view returns (bytes32);

    /// @notice A model's entry; reverts for an unknown model.
    /// @param model The model's hash.
    /// @return The entry with the price in force at this block.
    function getModel(bytes32 model) external view returns (Model memory);

    /// @notice The images that may run a model; reverts for an unknown model.
    /// @param model The model's hash.
    /// @return SHA-256 of each image's dstack app compose.
    function composeHashes(bytes32 model) external view returns (bytes32[] memory);

    /// @notice How many hosts a model has.
    /// @param model The model's hash.
    /// @return The count; zero for an unknown model.
    function hostCount(bytes32 model) external view returns (uint256);

    /// @notice The host with an index; indexes change when hosts leave.
    /// @param model The model's hash.
    /// @param index Below `hostCount(model)`.
    /// @return The host's entry.
    function hostAt(bytes32 model, uint256 index) external view returns (Host memory);

    /// @notice A host's entry for a model; reverts when it is not registered.
    /// @param model The model's hash.
    /// @param host The host's account.
    /// @return The host's entry.
    function getHost(bytes32 model, address host) external view returns (Host memory);

    /// @notice What a channel needs to know, in one call; reverts for an unknown model.
    /// @param model The model's hash.
    /// @param host The host in question.
    /// @return owner The model's owner.
    /// @return ownerPromptPerMTok Price in force at this block.
    /// @return ownerCompletionPerMTok Price in force at this block.
    /// @return isHost Whether the host is registered for the model.
    function channelTerms(bytes32 model, address host)
        external
        view
        returns (address owner, uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok, bool isHost);
}
