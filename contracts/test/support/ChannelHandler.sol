// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {InferenceChannels} from "../../src/InferenceChannels.sol";
import {ModelRegistry} from "../../src/ModelRegistry.sol";
import {ChannelConfig, IInferenceChannels, PriceTerms} from "../../src/interfaces/IInferenceChannels.sol";
import {Test} from "./Test.sol";

/// @notice Plays all roles at random, with a model of the money beside the contract. Honest moves must succeed;
/// forbidden moves are tried too and must fail.
contract ChannelHandler is Test {
    struct Tracked {
        ChannelConfig config;
        uint128 deposit;
        uint64 closesAt;
        IInferenceChannels.Status status;
        bool finalized;
    }

    uint256 private constant ENCLAVE_KEY = 0xE1;
    uint256 private constant AUTHORIZER_KEY = 0xE2;
    bytes32 private constant MODEL = keccak256("model");

    InferenceChannels public immutable channels;
    address public immutable owner = address(0xC0FFEE01);
    uint256[2] private hostKeys = [uint256(0xB1), 0xB2];
    address[] public accounts;
    Tracked[] private tracked;

    // The reference: what every account must have, by the rules of the paper and nothing else.
    mapping(address account => uint256) public credits;
    mapping(address host => uint256) public bonds;
    mapping(bytes32 outcome => uint256) public seen;
    bool public broken;

    constructor() {
        vm.warp(1_800_000_000);
        ModelRegistry registry = new ModelRegistry();
        channels = new InferenceChannels(registry);
        vm.prank(owner);
        registry.registerModel(MODEL, 1, 2, new bytes32[](0), "");
        // Hosts and the owner are payers too: any two roles may coincide (DCML section 6).
        accounts = [vm.addr(hostKeys[0]), vm.addr(hostKeys[1]), owner, address(0xC0FFEE02)];
        for (uint256 i = 0; i < accounts.length; i++) {
            vm.deal(accounts[i], 1000 ether);
        }
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(accounts[i]);
            registry.registerHost(MODEL, 1, 2, "endpoint");
        }
    }

    function channelCount() external view returns (uint256) {
        return tracked.length;
    }

    function channelAt(uint256 index) external view returns (Tracked memory) {
        return tracked[index];
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    // Honest moves.

    function depositBond(uint256 who, uint256 amount) public {
        address host = accounts[who % 2];
        if (host.balance == 0) return;
        amount = bound(amount, 1, host.balance);
        vm.prank(host);
        channels.depositBond{value: amount}();
        bonds[host] += amount;
    }

    function withdrawBond(uint256 who, uint256 amount) external {
        address host = accounts[who % 2];
        if (bonds[host] == 0) return;
        amount = bound(amount, 1, bonds[host]);
        uint256 before = host.balance;
        vm.prank(host);
        channels.withdrawBond(amount);
        bonds[host] -= amount;
        assertEq(host.balance - before, amount, "bond paid out");
    }

    function open(uint256 payerSeed, uint256 hostSeed, uint256 amount) external {
        address payer = accounts[payerSeed % accounts.length];
        address host = accounts[hostSeed % 2];
        if (bonds[host] == 0) depositBond(hostSeed, amount);
        uint256 most = bonds[host] < payer.balance ? bonds[host] : payer.balance;
        if (most == 0) return;
        uint128 deposit = uint128(bound(amount, 1, most));
        ChannelConfig memory config = ChannelConfig({
            payer: payer,
            payerAuthorizer: vm.addr(AUTHORIZER_KEY),
            host: host,
            owner: owner,
            model: MODEL,
            token: address(0),
            enclaveKey: vm.addr(ENCLAVE_KEY),
            challenge: bytes32(tracked.length + 1),
            price: PriceTerms(1, 2, 1, 2),
            closeWindowSeconds: 1 hours
        });
        callOpen(config, deposit);
        bonds[host] -= deposit;
        tracked.push(Tracked(config, deposit, 0, IInferenceChannels.Status.Open, false));
        seen["open"]++;
    }

    function close(uint256 which, uint256 ownerSeed, uint256 hostSeed, uint256 extra) external {
        (bool found, uint256 index) = pick(which);
        if (!found || !holdsMoney(tracked[index].status)) return;
        Tracked storage channel = tracked[index];
        uint128 chargedOwner = uint128(bound(ownerSeed, 0, channel.deposit));
        uint128 chargedHost = uint128(bound(hostSeed, 0, channel.deposit - chargedOwner));
        callClose(channel.config, chargedOwner, chargedHost, chargedOwner + chargedHost + extra % 1 ether);
        credits[owner] += chargedOwner;
        credits[channel.config.host] += chargedHost;
        credits[channel.config.payer] += channel.deposit - chargedOwner - chargedHost;
        bonds[channel.config.host] += channel.deposit;
        seen[channel.status == IInferenceChannels.Status.Open ? bytes32("closed") : bytes32("answered")]++;
        channel.status = IInferenceChannels.Status.Closed;
    }

    function startClose(uint256 which) external {
        (bool found, uint256 index) = pick(which);
        if (!found || tracked[index].status != IInferenceChannels.Status.Open) return;
        Tracked storage channel = tracked[index];
        vm.prank(channel.config.payer);
        channels.startClose(channel.config);
        channel.status = IInferenceChannels.Status.Closing;
        channel.closesAt = uint64(block.timestamp) + channel.config.closeWindowSeconds;
    }

    function finalize(uint256 which) external {
        (bool found, uint256 index) = pick(which);
        if (!found || tracked[index].status != IInferenceChannels.Status.Closing) return;
        Tracked storage channel = tracked[index];
        if (block.timestamp < channel.closesAt) vm.warp(channel.closesAt);
        channels.finalize(channel.config);
        credits[channel.config.payer] += channel.deposit;
        credits[owner] += channel.deposit;
        channel.status = IInferenceChannels.Status.Closed;
        channel.finalized = true;
        seen["finalized"]++;
    }

    function withdraw(uint256 who) external {
        address account = accounts[who % accounts.length];
        if (credits[account] == 0) return;
        uint256 before = account.balance;
        channels.withdraw(account);
        assertEq(account.balance - before, credits[account], "credit paid out");
        credits[account] = 0;
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 hours));
    }

    // Forbidden moves.

    function tryOpenAgain(uint256 which, uint256 amount) external {
        (bool found, uint256 index) = pick(which);
        if (!found) return;
        ChannelConfig memory config = tracked[index].config;
        uint256 most = bonds[config.host] < config.payer.balance ? bonds[config.host] : config.payer.balance;
        if (most == 0) return;
        // The same challenge, in the same channel and in another one.
        config.closeWindowSeconds = amount % 2 == 0 ? 1 hours : 2 hours;
        mustFail(abi.encodeCall(this.callOpen, (config, uint128(bound(amount, 1, most)))));
    }

    function tryCloseTooHigh(uint256 which, uint256 over) external {
        (bool found, uint256 index) = pick(which);
        if (!found) return;
        uint256 charged = tracked[index].deposit + bound(over, 1, 1 ether);
        mustFail(abi.encodeCall(this.callClose, (tracked[index].config, uint128(charged), 0, charged)));
    }

    function tryCloseOverVoucher(uint256 which, uint256 charged) external {
        (bool found, uint256 index) = pick(which);
        if (!found) return;
        uint128 amount = uint128(bound(charged, 1, tracked[index].deposit));
        mustFail(abi.encodeCall(this.callClose, (tracked[index].config, amount, 0, amount - 1)));
    }

    function tryCloseClosed(uint256 which) external {
        (bool found, uint256 index) = pick(which);
        if (!found || tracked[index].status != IInferenceChannels.Status.Closed) return;
        mustFail(abi.encodeCall(this.callClose, (tracked[index].config, 1, 0, 1)));
        mustFail(abi.encodeCall(this.callFinalize, (tracked[index].config)));
    }

    function tryFinalizeEarly(uint256 which) external {
        (bool found, uint256 index) = pick(which);
        if (!found) return;
        Tracked storage channel = tracked[index];
        bool isDue = channel.status == IInferenceChannels.Status.Closing && block.timestamp >= channel.closesAt;
        if (!isDue) mustFail(abi.encodeCall(this.callFinalize, (channel.config)));
    }

    // External, so that a failure can be caught.

    function callOpen(ChannelConfig memory config, uint128 deposit) public {
        bytes32 digest = channels.hashOffer(channels.channelId(config), deposit, uint64(block.timestamp));
        bytes memory offer = signed(hostKeys[config.host == accounts[0] ? 0 : 1], digest);
        vm.prank(config.payer);
        channels.open{value: deposit}(config, deposit, uint64(block.timestamp), offer);
    }

    function callClose(ChannelConfig memory config, uint128 chargedOwner, uint128 chargedHost, uint256 authorized)
        public
    {
        bytes32 id = channels.channelId(config);
        bytes memory approval = signed(ENCLAVE_KEY, channels.hashCloseApproval(id, chargedOwner, chargedHost));
        bytes memory voucher = signed(AUTHORIZER_KEY, channels.hashVoucher(id, uint128(authorized)));
        channels.close(config, chargedOwner, chargedHost, approval, uint128(authorized), voucher);
    }

    function callFinalize(ChannelConfig memory config) external {
        channels.finalize(config);
    }

    function mustFail(bytes memory call) private {
        (bool done,) = address(this).call(call);
        if (done) broken = true;
        seen["refused"]++;
    }

    function pick(uint256 which) private view returns (bool found, uint256 index) {
        if (tracked.length == 0) return (false, 0);
        return (true, which % tracked.length);
    }

    function holdsMoney(IInferenceChannels.Status status) private pure returns (bool) {
        return status == IInferenceChannels.Status.Open || status == IInferenceChannels.Status.Closing;
    }
}
