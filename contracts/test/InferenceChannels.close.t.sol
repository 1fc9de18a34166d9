// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InferenceChannels} from "../src/InferenceChannels.sol";
import {ChannelConfig, IInferenceChannels} from "../src/interfaces/IInferenceChannels.sol";
import {ChannelFixture} from "./support/ChannelFixture.sol";

contract CloseTest is ChannelFixture {
    ChannelConfig private config;
    bytes32 private id;

    function setUp() public override {
        super.setUp();
        config = configOf(1);
        id = openChannel(config, DEPOSIT);
    }

    function assertPaid(uint256 toPayer, uint256 toOwner, uint256 toHost, uint256 bond) private view {
        assertEq(channels.balanceOf(payer), toPayer, "payer");
        assertEq(channels.balanceOf(owner), toOwner, "owner");
        assertEq(channels.balanceOf(host), toHost, "host");
        assertEq(channels.bondOf(host), bond, "bond");
    }

    function refuse(
        uint128 chargedOwner,
        uint128 chargedHost,
        bytes memory approval,
        uint128 authorized,
        bytes memory voucher,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        channels.close(config, chargedOwner, chargedHost, approval, authorized, voucher);
        assertPaid(0, 0, 0, 9 ether);
    }

    function wrongStatus(IInferenceChannels.Status status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceChannels.InferenceChannelsWrongStatus.selector, id, status);
    }

    // The payoff table of docs/protocol/contracts.md.

    function test_payoff_closedByApproval() public {
        vm.expectEmit(address(channels));
        emit IInferenceChannels.ChannelClosed(id, 0.3 ether, 0.2 ether, 0.5 ether);
        vm.prank(stranger);
        this.close(0.3 ether, 0.2 ether);
        assertPaid(0.5 ether, 0.3 ether, 0.2 ether, 10 ether);
        assertChannel(config, 0, 0, IInferenceChannels.Status.Closed);
    }

    function close(uint128 chargedOwner, uint128 chargedHost) external {
        closeChannel(config, chargedOwner, chargedHost);
    }

    function test_payoff_closedUnused_needsNoVoucher() public {
        channels.close(config, 0, 0, approvalFor(id, 0, 0), 0, "");
        assertPaid(1 ether, 0, 0, 10 ether);
    }

    function test_payoff_closedWhenAllIsUsed() public {
        closeChannel(config, 0.6 ether, 0.4 ether);
        assertPaid(0, 0.6 ether, 0.4 ether, 10 ether);
    }

    function test_payoff_answeredWithinTheWindow() public {
        startClose(config);
        closeChannel(config, 0.3 ether, 0.2 ether);
        assertPaid(0.5 ether, 0.3 ether, 0.2 ether, 10 ether);
    }

    function test_payoff_answeredLateButBeforeFinalize() public {
        startClose(config);
        vm.warp(block.timestamp + 10 * WINDOW);
        closeChannel(config, 0.3 ether, 0.2 ether);
        assertPaid(0.5 ether, 0.3 ether, 0.2 ether, 10 ether);
    }

    function test_payoff_silentHost_payerRefundedAndBondToOwner() public {
        startClose(config);
        vm.warp(block.timestamp + WINDOW);
        vm.expectEmit(address(channels));
        emit IInferenceChannels.ChannelFinalized(id, DEPOSIT, DEPOSIT);
        vm.prank(stranger);
        channels.finalize(config);
        assertPaid(1 ether, 1 ether, 0, 9 ether);
        assertChannel(config, 0, 0, IInferenceChannels.Status.Closed);
    }

    /// DCML section 6, "Bob and Alice are the same entity": using the model unpaid costs the whole bond.
    function test_payoff_payerIsHost_stillPaysTheOwner() public {
        ChannelConfig memory own = configOf(2);
        own.payer = host;
        openChannel(own, DEPOSIT);
        startClose(own);
        vm.warp(block.timestamp + WINDOW);
        channels.finalize(own);
        assertPaid(0, 1 ether, 1 ether, 8 ether);
    }

    function test_payoff_oneAccountInAllRoles_getsBackWhatItPutIn() public {
        ChannelConfig memory own = configOf(2);
        own.model = keccak256("own model");
        (own.payer, own.owner) = (host, host);
        vm.startPrank(host);
        registry.registerModel(own.model, 10, 20, new bytes32[](0), "");
        registry.registerHost(own.model, 1, 2, "endpoint");
        vm.stopPrank();
        openChannel(own, DEPOSIT);
        closeChannel(own, 0.3 ether, 0.2 ether);
        assertPaid(0, 0, 1 ether, 9 ether);
    }

    // Close.

    function test_close_refusesChargesOverTheDeposit() public {
        uint128 over = DEPOSIT - 0.4 ether + 1;
        bytes4 selector = IInferenceChannels.InferenceChannelsChargeOverDeposit.selector;
        bytes memory refusal = abi.encodeWithSelector(selector, uint256(DEPOSIT) + 1, DEPOSIT);
        refuse(over, 0.4 ether, approvalFor(id, over, 0.4 ether), DEPOSIT + 1, voucherFor(id, DEPOSIT + 1), refusal);
        // The sum must not wrap.
        uint128 max = type(uint128).max;
        refusal = abi.encodeWithSelector(selector, uint256(max) + 2, DEPOSIT);
        refuse(max, 2, approvalFor(id, max, 2), max, voucherFor(id, max), refusal);
    }

    function test_close_refusesChargesOverTheVoucher() public {
        bytes4 selector = IInferenceChannels.InferenceChannelsChargeOverVoucher.selector;
        bytes memory refusal = abi.encodeWithSelector(selector, 5, 4);
        refuse(3, 2, approvalFor(id, 3, 2), 4, voucherFor(id, 4), refusal);
        // A forged amount does not help: the voucher's signature covers it.
        refusal = abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBadPayerSignature.selector);
        refuse(3, 2, approvalFor(id, 3, 2), 5, voucherFor(id, 4), refusal);
    }

    function test_close_paysLessThanAuthorized() public {
        channels.close(config, 3, 2, approvalFor(id, 3, 2), 7, voucherFor(id, 7));
        assertPaid(DEPOSIT - 5, 3, 2, 10 ether);
    }

    function test_close_refusesOtherApprovals() public {
        bytes memory refusal = abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBadEnclaveSignature.selector);
        bytes memory voucher = voucherFor(id, 5);
        bytes32 otherId = openChannel(configOf(2), DEPOSIT);
        vm.prank(host);
        channels.depositBond{value: 1 ether}();
        refuse(3, 2, approvalFor(id, 2, 3), 5, voucher, refusal);
        refuse(3, 2, approvalFor(otherId, 3, 2), 5, voucher, refusal);
        refuse(3, 2, signed(HOST_KEY, channels.hashCloseApproval(id, 3, 2)), 5, voucher, refusal);
        refuse(3, 2, signed(ENCLAVE_KEY, channels.hashOffer(id, 3, 2)), 5, voucher, refusal);
        refuse(3, 2, signed(ENCLAVE_KEY, channels.hashVoucher(id, 5)), 5, voucher, refusal);
        refuse(3, 2, highS(approvalFor(id, 3, 2)), 5, voucher, refusal);
        refuse(3, 2, "", 5, voucher, refusal);
        refuse(0, 0, "", 0, "", refusal);
    }

    function test_close_refusesOtherVouchers() public {
        bytes memory refusal = abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBadPayerSignature.selector);
        bytes memory approval = approvalFor(id, 3, 2);
        bytes32 otherId = openChannel(configOf(2), DEPOSIT);
        vm.prank(host);
        channels.depositBond{value: 1 ether}();
        refuse(3, 2, approval, 5, voucherFor(otherId, 5), refusal);
        refuse(3, 2, approval, 5, signed(ENCLAVE_KEY, channels.hashVoucher(id, 5)), refusal);
        refuse(3, 2, approval, 5, signed(AUTHORIZER_KEY, channels.hashCloseApproval(id, 3, 2)), refusal);
        refuse(3, 2, approval, 5, highS(voucherFor(id, 5)), refusal);
        refuse(3, 2, approval, 5, "", refusal);
    }

    function test_close_refusesSignaturesOfAnotherChainOrContract() public {
        InferenceChannels other = new InferenceChannels(registry);
        bytes32 otherId = other.channelId(config);
        bytes memory approval = signed(ENCLAVE_KEY, other.hashCloseApproval(otherId, 3, 2));
        bytes memory badEnclave =
            abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBadEnclaveSignature.selector);
        refuse(3, 2, approval, 5, voucherFor(id, 5), badEnclave);
        approval = signed(ENCLAVE_KEY, other.hashCloseApproval(id, 3, 2));
        refuse(3, 2, approval, 5, voucherFor(id, 5), badEnclave);
        bytes memory voucher = signed(AUTHORIZER_KEY, other.hashVoucher(id, 5));
        bytes memory badPayer = abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBadPayerSignature.selector);
        refuse(3, 2, approvalFor(id, 3, 2), 5, voucher, badPayer);
        // After a fork the id is another one, and nothing is open under it.
        vm.chainId(99);
        id = channels.channelId(config);
        refuse(3, 2, approvalFor(id, 3, 2), 5, voucherFor(id, 5), wrongStatus(IInferenceChannels.Status.None));
    }

    function test_close_onlyOnce() public {
        bytes memory approval = approvalFor(id, 3, 2);
        bytes memory voucher = voucherFor(id, 5);
        channels.close(config, 3, 2, approval, 5, voucher);
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closed));
        channels.close(config, 3, 2, approval, 5, voucher);
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closed));
        channels.finalize(config);
        vm.prank(payer);
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closed));
        channels.startClose(config);
    }

    function test_close_notAfterFinalize() public {
        startClose(config);
        vm.warp(block.timestamp + WINDOW);
        channels.finalize(config);
        (bytes memory approval, bytes memory voucher) = (approvalFor(id, 3, 2), voucherFor(id, 5));
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closed));
        channels.close(config, 3, 2, approval, 5, voucher);
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closed));
        channels.finalize(config);
    }

    function test_unknownChannel_isRefusedEverywhere() public {
        config = configOf(7);
        id = channels.channelId(config);
        bytes memory refusal = wrongStatus(IInferenceChannels.Status.None);
        bytes memory approval = approvalFor(id, 0, 0);
        vm.expectRevert(refusal);
        channels.close(config, 0, 0, approval, 0, "");
        vm.prank(payer);
        vm.expectRevert(refusal);
        channels.startClose(config);
        vm.expectRevert(refusal);
        channels.finalize(config);
    }

    // Start close and finalize.

    function test_startClose_onlyByThePayer_onlyOnce() public {
        vm.prank(host);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsNotPayer.selector, payer, host));
        channels.startClose(config);
        uint64 closesAt = uint64(block.timestamp) + WINDOW;
        vm.expectEmit(address(channels));
        emit IInferenceChannels.ChannelCloseStarted(id, host, closesAt);
        startClose(config);
        assertChannel(config, DEPOSIT, closesAt, IInferenceChannels.Status.Closing);
        // A second start must not move the window.
        vm.warp(block.timestamp + 1);
        vm.prank(payer);
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Closing));
        channels.startClose(config);
        assertChannel(config, DEPOSIT, closesAt, IInferenceChannels.Status.Closing);
    }

    function test_finalize_notBeforeTheWindowEnds() public {
        vm.expectRevert(wrongStatus(IInferenceChannels.Status.Open));
        channels.finalize(config);
        startClose(config);
        uint64 closesAt = uint64(block.timestamp) + WINDOW;
        vm.warp(closesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsWindowOpen.selector, closesAt));
        channels.finalize(config);
        vm.warp(closesAt);
        channels.finalize(config);
    }
}
