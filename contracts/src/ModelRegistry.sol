// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "./interfaces/IModelRegistry.sol";

/// @title Model registry (DCML section 6, step 1).
/// @notice No account has power over anybody else's entry, and nothing here holds money.
contract ModelRegistry is IModelRegistry {
    struct Price {
        uint128 promptPerMTok;
        uint128 completionPerMTok;
    }

    struct ModelRecord {
        address owner;
        // Unix seconds from which `next` replaces `price`; zero when nothing was ever announced.
        uint64 nextFrom;
        Price price;
        Price next;
        string uri;
        bytes32[] composeHashes;
    }

    /// @notice Seconds between the announcement of a price and its start.
    uint64 public constant PRICE_NOTICE = 1 days;
    /// @notice Longest uri or endpoint in bytes.
    uint256 public constant MAX_TEXT_BYTES = 512;
    /// @notice Most images that one model accepts.
    uint256 public constant MAX_COMPOSE_HASHES = 32;

    mapping(bytes32 model => ModelRecord) private _models;
    bytes32[] private _modelList;
    mapping(bytes32 model => Host[]) private _hosts;
    // Index in `_hosts` plus one; zero: not registered.
    mapping(bytes32 model => mapping(address host => uint256)) private _hostSlot;

    modifier onlyOwner(bytes32 model) {
        if (_known(model).owner != msg.sender) revert ModelRegistryNotOwner(model, msg.sender);
        _;
    }

    /// @inheritdoc IModelRegistry
    function registerModel(
        bytes32 model,
        uint128 ownerPromptPerMTok,
        uint128 ownerCompletionPerMTok,
        bytes32[] calldata hashes,
        string calldata uri
    ) external {
        if (model == bytes32(0)) revert ModelRegistryZeroModel();
        ModelRecord storage record = _models[model];
        if (record.owner != address(0)) revert ModelRegistryModelExists(model);
        _checkText(uri, 0);
        record.owner = msg.sender;
        record.price = Price(ownerPromptPerMTok, ownerCompletionPerMTok);
        record.uri = uri;
        _modelList.push(model);
        emit ModelRegistered(model, msg.sender, uri);
        emit ModelPriceAnnounced(model, ownerPromptPerMTok, ownerCompletionPerMTok, uint64(block.timestamp));
        for (uint256 i = 0; i < hashes.length; i++) {
            _addComposeHash(model, record, hashes[i]);
        }
    }

    /// @inheritdoc IModelRegistry
    function announcePrice(bytes32 model, uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok)
        external
        onlyOwner(model)
    {
        ModelRecord storage record = _models[model];
        record.price = _priceInForce(record);
        record.next = Price(ownerPromptPerMTok, ownerCompletionPerMTok);
        uint64 from = uint64(block.timestamp) + PRICE_NOTICE;
        record.nextFrom = from;
        emit ModelPriceAnnounced(model, ownerPromptPerMTok, ownerCompletionPerMTok, from);
    }

    /// @inheritdoc IModelRegistry
    function setModelUri(bytes32 model, string calldata uri) external onlyOwner(model) {
        _checkText(uri, 0);
        _models[model].uri = uri;
        emit ModelUriChanged(model, uri);
    }

    /// @inheritdoc IModelRegistry
    function addComposeHash(bytes32 model, bytes32 composeHash) external onlyOwner(model) {
        _addComposeHash(model, _models[model], composeHash);
    }

    /// @inheritdoc IModelRegistry
    function removeComposeHash(bytes32 model, bytes32 composeHash) external onlyOwner(model) {
        bytes32[] storage hashes = _models[model].composeHashes;
        uint256 count = hashes.length;
        for (uint256 i = 0; i < count; i++) {
            if (hashes[i] != composeHash) continue;
            hashes[i] = hashes[count - 1];
            hashes.pop();
            emit ComposeHashRemoved(model, composeHash);
            return;
        }
        revert ModelRegistryUnknownComposeHash(composeHash);
    }

    /// @inheritdoc IModelRegistry
    function registerHost(
        bytes32 model,
        uint128 hostPromptPerMTok,
        uint128 hostCompletionPerMTok,
        string calldata endpoint
    ) external {
        _known(model);
        if (_hostSlot[model][msg.sender] != 0) revert ModelRegistryHostExists(model, msg.sender);
        _checkText(endpoint, 1);
        _hosts[model].push(Host(msg.sender, hostPromptPerMTok, hostCompletionPerMTok, endpoint));
        _hostSlot[model][msg.sender] = _hosts[model].length;
        emit HostSet(model, msg.sender, hostPromptPerMTok, hostCompletionPerMTok, endpoint);
    }

    /// @inheritdoc IModelRegistry
    function updateHost(
        bytes32 model,
        uint128 hostPromptPerMTok,
        uint128 hostCompletionPerMTok,
        string calldata endpoint
    ) external {
        uint256 index = _hostIndex(model, msg.sender);
        _checkText(endpoint, 1);
        _hosts[model][index] = Host(msg.sender, hostPromptPerMTok, hostCompletionPerMTok, endpoint);
        emit HostSet(model, msg.sender, hostPromptPerMTok, hostCompletionPerMTok, endpoint);
    }

    /// @inheritdoc IModelRegistry
    function removeHost(bytes32 model) external {
        uint256 index = _hostIndex(model, msg.sender);
        Host[] storage hosts = _hosts[model];
        uint256 last = hosts.length - 1;
        if (index != last) {
            hosts[index] = hosts[last];
            _hostSlot[model][hosts[index].host] = index + 1;
        }
        hosts.pop();
        delete _hostSlot[model][msg.sender];
        emit HostRemoved(model, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function modelCount() external view returns (uint256) {
        return _modelList.length;
    }

    /// @inheritdoc IModelRegistry
    function modelAt(uint256 index) external view returns (bytes32) {
        return _modelList[index];
    }

    /// @inheritdoc IModelRegistry
    function getModel(bytes32 model) external view returns (Model memory) {
        ModelRecord storage record = _known(model);
        Price memory price = _priceInForce(record);
        bool pending = record.nextFrom > block.timestamp;
        return Model({
            owner: record.owner,
            ownerPromptPerMTok: price.promptPerMTok,
            ownerCompletionPerMTok: price.completionPerMTok,
            nextOwnerPromptPerMTok: pending ? record.next.promptPerMTok : 0,
            nextOwnerCompletionPerMTok: pending ? record.next.completionPerMTok : 0,
            nextPriceFrom: pending ? record.nextFrom : 0,
            uri: record.uri
        });
    }

    /// @inheritdoc IModelRegistry
    function composeHashes(bytes32 model) external view returns (bytes32[] memory) {
        return _known(model).composeHashes;
    }

    /// @inheritdoc IModelRegistry
    function hostCount(bytes32 model) external view returns (uint256) {
        return _hosts[model].length;
    }

    /// @inheritdoc IModelRegistry
    function hostAt(bytes32 model, uint256 index) external view returns (Host memory) {
        return _hosts[model][index];
    }

    /// @inheritdoc IModelRegistry
    function getHost(bytes32 model, address host) external view returns (Host memory) {
        return _hosts[model][_hostIndex(model, host)];
    }

    /// @inheritdoc IModelRegistry
    function channelTerms(bytes32 model, address host)
        external
        view
        returns (address owner, uint128 ownerPromptPerMTok, uint128 ownerCompletionPerMTok, bool isHost)
    {
        ModelRecord storage record = _known(model);
        Price memory price = _priceInForce(record);
        return (record.owner, price.promptPerMTok, price.completionPerMTok, _hostSlot[model][host] != 0);
    }

    function _known(bytes32 model) private view returns (ModelRecord storage record) {
        record = _models[model];
        if (record.owner == address(0)) revert ModelRegistryUnknownModel(model);
    }

    function _hostIndex(bytes32 model, address host) private view returns (uint256) {
        uint256 slot = _hostSlot[model][host];
        if (slot == 0) revert ModelRegistryUnknownHost(model, host);
        return slot - 1;
    }

    function _priceInForce(ModelRecord storage record) private view returns (Price memory) {
        uint64 nextFrom = record.nextFrom;
        return nextFrom != 0 && nextFrom <= block.timestamp ? record.next : record.price;
    }

    function _addComposeHash(bytes32 model, ModelRecord storage record, bytes32 composeHash) private {
        bytes32[] storage hashes = record.composeHashes;
        uint256 count = hashes.length;
        if (count == MAX_COMPOSE_HASHES) revert ModelRegistryTooManyComposeHashes(MAX_COMPOSE_HASHES);
        if (composeHash == bytes32(0)) revert ModelRegistryBadComposeHash(composeHash);
        for (uint256 i = 0; i < count; i++) {
            if (hashes[i] == composeHash) revert ModelRegistryBadComposeHash(composeHash);
        }
        hashes.push(composeHash);
        emit ComposeHashAdded(model, composeHash);
    }

    function _checkText(string calldata text, uint256 min) private pure {
        uint256 length = bytes(text).length;
        if (length < min || length > MAX_TEXT_BYTES) revert ModelRegistryTextLength(length, MAX_TEXT_BYTES);
    }
}
