// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {InferenceChannels} from "../src/InferenceChannels.sol";
import {IInferenceChannels} from "../src/interfaces/IInferenceChannels.sol";
import {ChannelFixture} from "./support/ChannelFixture.sol";

contract RefusingReceiver {
    function deposit(InferenceChannels channels) external payable {
        channels.depositBond{value: msg.value}();
    }

    function take(InferenceChannels channels, uint256 amount) external {
        channels.withdrawBond(amount);
    }
}

/// Tries to be paid again while it is being paid.
contract ReenteringReceiver {
    InferenceChannels private immutable channels;
    bytes public again;
    bytes4 public refusal;

    constructor(InferenceChannels target) {
        channels = target;
    }

    function deposit() external payable {
        channels.depositBond{value: msg.value}();
    }

    function take(uint256 amount, bytes calldata call) external {
        again = call;
        channels.withdrawBond(amount);
    }

    receive() external payable {
        (bool done, bytes memory answer) = address(channels).call(again);
        if (!done) refusal = bytes4(answer);
    }
}

contract MoneyTest is ChannelFixture {
    function test_depositBond() public {
        vm.expectEmit(address(channels));
        emit IInferenceChannels.BondDeposited(host, 2 ether, 12 ether);
        vm.prank(host);
        channels.depositBond{value: 2 ether}();
        assertEq(channels.bondOf(host), 12 ether, "pool");
        vm.prank(host);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsZeroAmount.selector));
        channels.depositBond();
    }

    function test_withdrawBond_onlyWhatIsFree() public {
        openChannel(configOf(1), 4 ether);
        vm.startPrank(host);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceChannels.InferenceChannelsBondTooSmall.selector, host, 6 ether, 6 ether + 1
            )
        );
        channels.withdrawBond(6 ether + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsZeroAmount.selector));
        channels.withdrawBond(0);
        uint256 before = host.balance;
        vm.expectEmit(address(channels));
        emit IInferenceChannels.BondWithdrawn(host, 6 ether, 0);
        channels.withdrawBond(6 ether);
        assertEq(host.balance - before, 6 ether, "paid");
        assertEq(channels.bondOf(host), 0, "pool");
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceChannels.InferenceChannelsBondTooSmall.selector, stranger, 0, 1)
        );
        channels.withdrawBond(1);
    }

    function test_withdraw_paysTheWholeCreditToTheAccountItself() public {
        openChannel(configOf(1), DEPOSIT);
        closeChannel(configOf(1), 0.3 ether, 0.2 ether);
        vm.expectEmit(address(channels));
        emit IInferenceChannels.Withdrawn(owner, 0.3 ether);
        vm.prank(stranger);
        channels.withdraw(owner);
        assertEq(owner.balance, 0.3 ether, "paid");
        assertEq(stranger.balance, 0, "not to the sender");
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsZeroAmount.selector));
        channels.withdraw(owner);
    }

    function test_refusingReceiver_stopsOnlyItself() public {
        RefusingReceiver receiver = new RefusingReceiver();
        receiver.deposit{value: 1 ether}(channels);
        vm.expectRevert(
            abi.encodeWithSelector(
                IInferenceChannels.InferenceChannelsPaymentRefused.selector, address(receiver), 1 ether
            )
        );
        receiver.take(channels, 1 ether);
        assertEq(channels.bondOf(address(receiver)), 1 ether, "kept");
        openChannel(configOf(1), DEPOSIT);
        closeChannel(configOf(1), 1, 1);
        channels.withdraw(owner);
    }

    function test_reentrancy_isRefused() public {
        ReenteringReceiver receiver = new ReenteringReceiver(channels);
        receiver.deposit{value: 2 ether}();
        receiver.take(1 ether, abi.encodeCall(channels.withdrawBond, (1 ether)));
        assertEq(address(receiver).balance, 1 ether, "paid once");
        assertEq(channels.bondOf(address(receiver)), 1 ether, "the rest is there");
        assertTrue(
            receiver.refusal() == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "refused by the guard"
        );
        receiver.take(1 ether, abi.encodeCall(channels.withdraw, (address(receiver))));
        assertTrue(
            receiver.refusal() == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "refused by the guard"
        );
    }

    function test_plainTransfers_areRefused() public {
        vm.prank(payer);
        (bool sent,) = address(channels).call{value: 1}("");
        assertTrue(!sent, "no way in but the functions");
    }
}
