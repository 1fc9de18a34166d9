// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChannelConfig} from "../src/interfaces/IInferenceChannels.sol";
import {ChannelFixture} from "./support/ChannelFixture.sol";

/// Whole transactions with cold storage (`isolate`): what a user pays. Figures: contracts/snapshots/.
contract GasTest is ChannelFixture {
    function setUp() public override {
        super.setUp();
        // Receivers that were paid before, as all but new ones are.
        openChannel(configOf(1000), DEPOSIT);
        closeChannel(configOf(1000), 0.3 ether, 0.2 ether);
    }

    function record(string memory name, uint256 target) private {
        assertTrue(vm.snapshotGasLastCall("InferenceChannels", name) <= target, name);
    }

    function testGas_open() public {
        ChannelConfig memory config = configOf(1);
        bytes memory offer = offerFor(config, DEPOSIT, soon());
        vm.prank(payer);
        channels.open{value: DEPOSIT}(config, DEPOSIT, soon(), offer);
        record("open", 150_000);
    }

    function testGas_close() public {
        bytes32 id = openChannel(configOf(1), DEPOSIT);
        bytes memory approval = approvalFor(id, 0.3 ether, 0.2 ether);
        bytes memory voucher = voucherFor(id, 0.5 ether);
        channels.close(configOf(1), 0.3 ether, 0.2 ether, approval, 0.5 ether, voucher);
        record("close by approval", 80_000);
    }

    function testGas_startClose() public {
        openChannel(configOf(1), DEPOSIT);
        vm.prank(payer);
        channels.startClose(configOf(1));
        record("start close", 50_000);
    }

    function testGas_finalize() public {
        openChannel(configOf(1), DEPOSIT);
        startClose(configOf(1));
        vm.warp(block.timestamp + WINDOW);
        channels.finalize(configOf(1));
        record("finalize", 80_000);
    }

    function testGas_bond() public {
        vm.prank(host);
        channels.depositBond{value: 1 ether}();
        record("deposit bond", 40_000);
        vm.prank(host);
        channels.withdrawBond(1 ether);
        record("withdraw bond", 50_000);
    }

    function testGas_withdraw() public {
        channels.withdraw(payer);
        record("withdraw", 50_000);
    }
}
