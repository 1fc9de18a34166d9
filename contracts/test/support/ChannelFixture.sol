// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {InferenceChannels} from "../../src/InferenceChannels.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {ChannelConfig, IInferenceChannels, PriceTerms} from "../../src/interfaces/IInferenceChannels.sol";
import {Test} from "./Test.sol";

/// @notice A registered model with a host, keys for everybody, and the signatures that a channel needs.
abstract contract ChannelFixture is Test {
    uint256 internal constant HOST_KEY = 0xA11;
    uint256 internal constant ENCLAVE_KEY = 0xA12;
    uint256 internal constant AUTHORIZER_KEY = 0xA13;
    bytes32 internal constant MODEL = keccak256("model");
    uint32 internal constant WINDOW = 1 hours;
    uint128 internal constant DEPOSIT = 1 ether;

    address internal immutable host = vm.addr(HOST_KEY);
    address internal immutable owner = address(0xC0FFEE01);
    address internal immutable payer = address(0xC0FFEE02);
    address internal immutable stranger = address(0xC0FFEE03);

    ModelRegistry internal registry;
    InferenceChannels internal channels;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        registry = new ModelRegistry();
        channels = new InferenceChannels(registry);
        vm.prank(owner);
        registry.registerModel(MODEL, 10, 20, new bytes32[](0), "https://example.org/model");
        vm.prank(host);
        registry.registerHost(MODEL, 1, 2, "https://host.example.org");
        vm.deal(host, 100 ether);
        vm.deal(payer, 100 ether);
        vm.prank(host);
        channels.depositBond{value: 10 ether}();
    }

    function configOf(uint256 challenge) internal view returns (ChannelConfig memory) {
        return ChannelConfig({
            payer: payer,
            payerAuthorizer: vm.addr(AUTHORIZER_KEY),
            host: host,
            owner: owner,
            model: MODEL,
            token: address(0),
            enclaveKey: vm.addr(ENCLAVE_KEY),
            challenge: bytes32(challenge),
            price: PriceTerms(10, 20, 1, 2),
            closeWindowSeconds: WINDOW
        });
    }

    function soon() internal view returns (uint64) {
        return uint64(block.timestamp) + 600;
    }

    function offerFor(ChannelConfig memory config, uint128 maxDeposit, uint64 expiresAt)
        internal
        view
        returns (bytes memory)
    {
        return signed(HOST_KEY, channels.hashOffer(channels.channelId(config), maxDeposit, expiresAt));
    }

    function approvalFor(bytes32 id, uint128 chargedOwner, uint128 chargedHost) internal view returns (bytes memory) {
        return signed(ENCLAVE_KEY, channels.hashCloseApproval(id, chargedOwner, chargedHost));
    }

    function voucherFor(bytes32 id, uint128 maxClaimableAmount) internal view returns (bytes memory) {
        return signed(AUTHORIZER_KEY, channels.hashVoucher(id, maxClaimableAmount));
    }

    function openChannel(ChannelConfig memory config, uint128 deposit) internal returns (bytes32 id) {
        bytes memory offer = offerFor(config, deposit, soon());
        vm.prank(config.payer);
        id = channels.open{value: deposit}(config, deposit, soon(), offer);
    }

    function closeChannel(ChannelConfig memory config, uint128 chargedOwner, uint128 chargedHost) internal {
        bytes32 id = channels.channelId(config);
        uint128 authorized = chargedOwner + chargedHost;
        bytes memory approval = approvalFor(id, chargedOwner, chargedHost);
        channels.close(config, chargedOwner, chargedHost, approval, authorized, voucherFor(id, authorized));
    }

    function startClose(ChannelConfig memory config) internal {
        vm.prank(config.payer);
        channels.startClose(config);
    }

    function assertChannel(
        ChannelConfig memory config,
        uint128 deposit,
        uint64 closesAt,
        IInferenceChannels.Status status
    ) internal view {
        (uint128 actualDeposit, uint64 actualClosesAt, IInferenceChannels.Status actualStatus) =
            channels.channel(channels.channelId(config));
        assertEq(actualDeposit, deposit, "channel deposit");
        assertEq(actualClosesAt, closesAt, "channel closesAt");
        assertEq(uint256(actualStatus), uint256(status), "channel status");
    }
}
