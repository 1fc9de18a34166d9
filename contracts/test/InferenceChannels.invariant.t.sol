// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InferenceChannels} from "../src/InferenceChannels.sol";
import {IInferenceChannels} from "../src/interfaces/IInferenceChannels.sol";
import {ChannelHandler} from "./support/ChannelHandler.sol";
import {Test} from "./support/Test.sol";

/// The handler keeps a reference of all money; after every random call the contract must agree with it.
contract InferenceChannelsInvariants is Test {
    ChannelHandler private handler;
    InferenceChannels private channels;

    function setUp() public {
        handler = new ChannelHandler();
        channels = handler.channels();
    }

    /// @dev forge asks for it: only the handler is called at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    struct Selectors {
        address addr;
        bytes4[] selectors;
    }

    /// @dev forge asks for it: the moves, not the handler's inner calls.
    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[] memory moves = new bytes4[](13);
        moves[0] = ChannelHandler.depositBond.selector;
        moves[1] = ChannelHandler.withdrawBond.selector;
        moves[2] = ChannelHandler.open.selector;
        moves[3] = ChannelHandler.close.selector;
        moves[4] = ChannelHandler.startClose.selector;
        moves[5] = ChannelHandler.finalize.selector;
        moves[6] = ChannelHandler.withdraw.selector;
        moves[7] = ChannelHandler.wait.selector;
        moves[8] = ChannelHandler.tryOpenAgain.selector;
        moves[9] = ChannelHandler.tryCloseTooHigh.selector;
        moves[10] = ChannelHandler.tryCloseOverVoucher.selector;
        moves[11] = ChannelHandler.tryCloseClosed.selector;
        moves[12] = ChannelHandler.tryFinalizeEarly.selector;
        targets = new Selectors[](1);
        targets[0] = Selectors(address(handler), moves);
    }

    /// All accounts and channels at once: the contract holds exactly
    /// open deposits, the equal bonds behind them, free bonds and credits, and each is what the reference says.
    function invariant_everyWeiIsAccountedFor() public view {
        uint256 held;
        for (uint256 i = 0; i < handler.accountCount(); i++) {
            address account = handler.accounts(i);
            uint256 credit = channels.balanceOf(account);
            uint256 bond = channels.bondOf(account);
            assertEq(credit, handler.credits(account), "credit");
            assertEq(bond, handler.bonds(account), "bond");
            held += credit + bond;
        }
        for (uint256 i = 0; i < handler.channelCount(); i++) {
            ChannelHandler.Tracked memory tracked = handler.channelAt(i);
            (uint128 deposit, uint64 closesAt, IInferenceChannels.Status status) =
                channels.channel(channels.channelId(tracked.config));
            assertEq(uint256(status), uint256(tracked.status), "status");
            bool isClosed = tracked.status == IInferenceChannels.Status.Closed;
            assertEq(deposit, isClosed ? 0 : tracked.deposit, "deposit");
            assertEq(closesAt, isClosed ? 0 : tracked.closesAt, "window");
            held += 2 * uint256(deposit);
        }
        assertEq(address(channels).balance, held, "balance");
    }

    /// The invariants say nothing if the moves never get anywhere: a fixed walk reaches every outcome.
    function test_handler_reachesEveryOutcome() public {
        bytes4[] memory moves = this.targetSelectors()[0].selectors;
        for (uint256 i = 0; i < 300; i++) {
            bytes32 seed = keccak256(abi.encode(i));
            bytes4 move = moves[uint256(seed) % moves.length];
            bytes memory arguments = abi.encode(
                keccak256(abi.encode(seed, 1)), keccak256(abi.encode(seed, 2)), keccak256(abi.encode(seed, 3)), seed
            );
            (bool done,) = address(handler).call(bytes.concat(move, arguments));
            assertTrue(done, "an honest move failed");
        }
        invariant_everyWeiIsAccountedFor();
        invariant_noForbiddenMoveSucceeded();
        assertTrue(handler.seen("open") > 0, "open");
        assertTrue(handler.seen("closed") > 0, "closed");
        assertTrue(handler.seen("answered") > 0, "answered");
        assertTrue(handler.seen("finalized") > 0, "finalized");
        assertTrue(handler.seen("refused") > 0, "refused");
    }

    /// No challenge opened twice, nothing paid too much or too early.
    function invariant_noForbiddenMoveSucceeded() public view {
        assertTrue(!handler.broken(), "a forbidden move succeeded");
    }
}
