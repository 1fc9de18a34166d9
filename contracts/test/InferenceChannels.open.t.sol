// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InferenceChannels} from "../src/InferenceChannels.sol";
import {ChannelConfig, IInferenceChannels} from "../src/interfaces/IInferenceChannels.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {ChannelFixture} from "./support/ChannelFixture.sol";

contract OpenTest is ChannelFixture {
    /// Opens as the payer with an offer for these very arguments and expects the refusal.
    function refuse(
        ChannelConfig memory config,
        uint256 deposit,
        uint128 maxDeposit,
        uint64 until,
        bytes memory refusal
    ) private {
        refuseWith(config, deposit, maxDeposit, until, offerFor(config, maxDeposit, until), refusal);
    }

    function refuseWith(
        ChannelConfig memory config,
        uint256 deposit,
        uint128 maxDeposit,
        uint64 until,
        bytes memory offer,
        bytes memory refusal
    ) private {
        vm.prank(payer);
        vm.expectRevert(refusal);
        channels.open{value: deposit}(config, maxDeposit, until, offer);
        assertChannel(config, 0, 0, IInferenceChannels.Status.None);
        assertEq(address(channels).balance, 10 ether, "nothing taken");
    }

    function refuseConfig(ChannelConfig memory config, bytes memory refusal) private {
        refuse(config, DEPOSIT, DEPOSIT, soon(), refusal);
    }

    function refusalOf(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function test_open_locksDepositAndEqualBond() public {
        ChannelConfig memory config = configOf(1);
        bytes32 expected = channels.channelId(config);
        bytes memory offer = offerFor(config, 5 ether, soon());
        vm.expectEmit(address(channels));
        emit IInferenceChannels.ChannelOpened(expected, payer, host, config, DEPOSIT);
        vm.prank(payer);
        bytes32 id = channels.open{value: DEPOSIT}(config, 5 ether, soon(), offer);
        assertEq(id, expected, "id");
        assertChannel(config, DEPOSIT, 0, IInferenceChannels.Status.Open);
        assertEq(channels.bondOf(host), 9 ether, "bond locked");
        assertEq(address(channels).balance, 11 ether, "held");
        assertTrue(channels.challengeUsed(config.enclaveKey, config.challenge), "challenge used");
    }

    function test_open_atTheBounds() public {
        ChannelConfig memory config = configOf(1);
        config.closeWindowSeconds = channels.MIN_CLOSE_WINDOW();
        bytes memory offer = offerFor(config, 9 ether, uint64(block.timestamp));
        vm.prank(payer);
        channels.open{value: 9 ether}(config, 9 ether, uint64(block.timestamp), offer);
        config = configOf(2);
        config.closeWindowSeconds = channels.MAX_CLOSE_WINDOW();
        openChannel(config, 1 ether);
        assertEq(channels.bondOf(host), 0, "all of the bond");
    }

    function test_open_refusesOtherSenders() public {
        ChannelConfig memory config = configOf(1);
        bytes memory offer = offerFor(config, DEPOSIT, soon());
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsNotPayer.selector, payer, stranger));
        channels.open{value: DEPOSIT}(config, DEPOSIT, soon(), offer);
    }

    function test_open_refusesAmounts() public {
        ChannelConfig memory config = configOf(1);
        refuse(config, 0, DEPOSIT, soon(), refusalOf(IInferenceChannels.InferenceChannelsZeroAmount.selector));
        bytes4 tooLarge = IInferenceChannels.InferenceChannelsDepositTooLarge.selector;
        refuse(config, DEPOSIT + 1, DEPOSIT, soon(), abi.encodeWithSelector(tooLarge, DEPOSIT + 1, DEPOSIT));
        bytes4 tooSmall = IInferenceChannels.InferenceChannelsBondTooSmall.selector;
        bytes memory refusal = abi.encodeWithSelector(tooSmall, host, 10 ether, 10 ether + 1);
        refuse(config, 10 ether + 1, 11 ether, soon(), refusal);
    }

    function test_open_refusesExpiredOffers() public {
        uint64 past = uint64(block.timestamp) - 1;
        bytes4 expired = IInferenceChannels.InferenceChannelsOfferExpired.selector;
        refuse(configOf(1), DEPOSIT, DEPOSIT, past, abi.encodeWithSelector(expired, past));
    }

    function test_open_refusesBadConfigurations() public {
        ChannelConfig memory config = configOf(1);
        config.token = stranger;
        bytes4 token = IInferenceChannels.InferenceChannelsTokenUnsupported.selector;
        refuseConfig(config, abi.encodeWithSelector(token, stranger));

        config = configOf(1);
        config.enclaveKey = address(0);
        refuseConfig(config, refusalOf(IInferenceChannels.InferenceChannelsZeroKey.selector));

        config = configOf(1);
        config.payerAuthorizer = address(0);
        refuseConfig(config, refusalOf(IInferenceChannels.InferenceChannelsZeroKey.selector));

        config = configOf(1);
        bytes4 window = IInferenceChannels.InferenceChannelsBadCloseWindow.selector;
        config.closeWindowSeconds = 59;
        refuseConfig(config, abi.encodeWithSelector(window, 59, 60, 30 days));
        config.closeWindowSeconds = 30 days + 1;
        refuseConfig(config, abi.encodeWithSelector(window, 30 days + 1, 60, 30 days));
    }

    function test_open_refusesWhatTheRegistryDoesNotSay() public {
        ChannelConfig memory config = configOf(1);
        config.model = keccak256("unknown");
        refuseConfig(config, abi.encodeWithSelector(IModelRegistry.ModelRegistryUnknownModel.selector, config.model));

        config = configOf(1);
        config.owner = payer;
        refuseConfig(
            config, abi.encodeWithSelector(IInferenceChannels.InferenceChannelsWrongOwner.selector, payer, owner)
        );

        bytes memory wrongPrice =
            abi.encodeWithSelector(IInferenceChannels.InferenceChannelsWrongPrice.selector, 10, 20);
        config = configOf(1);
        config.price.ownerPromptPerMTok = 9;
        refuseConfig(config, wrongPrice);
        config = configOf(1);
        config.price.ownerCompletionPerMTok = 21;
        refuseConfig(config, wrongPrice);

        vm.prank(host);
        registry.removeHost(MODEL);
        refuseConfig(
            configOf(1), abi.encodeWithSelector(IInferenceChannels.InferenceChannelsUnknownHost.selector, MODEL, host)
        );
    }

    function test_open_followsTheAnnouncedPrice() public {
        vm.prank(owner);
        registry.announcePrice(MODEL, 11, 22);
        openChannel(configOf(1), DEPOSIT);
        vm.warp(block.timestamp + registry.PRICE_NOTICE());
        refuseOldPrice(configOf(2));
        ChannelConfig memory config = configOf(2);
        (config.price.ownerPromptPerMTok, config.price.ownerCompletionPerMTok) = (11, 22);
        openChannel(config, DEPOSIT);
        // The open channel keeps its price: it still closes.
        closeChannel(configOf(1), 1, 1);
    }

    function refuseOldPrice(ChannelConfig memory config) private {
        bytes memory offer = offerFor(config, DEPOSIT, soon());
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IInferenceChannels.InferenceChannelsWrongPrice.selector, 11, 22));
        channels.open{value: DEPOSIT}(config, DEPOSIT, soon(), offer);
    }

    function test_open_refusesEveryOtherOffer() public {
        ChannelConfig memory config = configOf(1);
        bytes32 id = channels.channelId(config);
        uint64 until = soon();
        bytes memory refusal = refusalOf(IInferenceChannels.InferenceChannelsBadHostSignature.selector);
        // Another signer, channel, amount, time, and another kind of message.
        refuseWith(
            config, DEPOSIT, DEPOSIT, until, signed(ENCLAVE_KEY, channels.hashOffer(id, DEPOSIT, until)), refusal
        );
        refuseWith(config, DEPOSIT, DEPOSIT, until, offerFor(configOf(2), DEPOSIT, until), refusal);
        refuseWith(config, DEPOSIT, DEPOSIT + 1, until, offerFor(config, DEPOSIT, until), refusal);
        refuseWith(config, DEPOSIT, DEPOSIT, until, offerFor(config, DEPOSIT, until + 1), refusal);
        bytes memory approval = signed(HOST_KEY, channels.hashCloseApproval(id, DEPOSIT, until));
        refuseWith(config, DEPOSIT, DEPOSIT, until, approval, refusal);
        refuseWith(config, DEPOSIT, DEPOSIT, until, "", refusal);
    }

    function test_open_refusesOffersOfAnotherChainOrContract() public {
        ChannelConfig memory config = configOf(1);
        bytes memory refusal = refusalOf(IInferenceChannels.InferenceChannelsBadHostSignature.selector);
        InferenceChannels other = new InferenceChannels(registry);
        bytes memory offer = signed(HOST_KEY, other.hashOffer(other.channelId(config), DEPOSIT, soon()));
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), offer, refusal);
        offer = offerFor(config, DEPOSIT, soon());
        vm.chainId(99);
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), offer, refusal);
    }

    function test_open_refusesMalleableAndShortSignatures() public {
        ChannelConfig memory config = configOf(1);
        bytes memory refusal = refusalOf(IInferenceChannels.InferenceChannelsBadHostSignature.selector);
        bytes memory offer = offerFor(config, DEPOSIT, soon());
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), highS(offer), refusal);
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), bytes.concat(offer, hex"00"), refusal);
        (bytes32 r, bytes32 s, uint8 v) = split(offer);
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), abi.encodePacked(r, s), refusal);
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), abi.encodePacked(r, s, v - 27), refusal);
        // EIP-2098: s with v in its top bit.
        bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
        refuseWith(config, DEPOSIT, DEPOSIT, soon(), abi.encodePacked(r, vs), refusal);
    }

    function test_challenge_opensAtMostOnceEver() public {
        ChannelConfig memory config = configOf(1);
        openChannel(config, DEPOSIT);
        bytes memory refusal = abi.encodeWithSelector(
            IInferenceChannels.InferenceChannelsChallengeUsed.selector, config.enclaveKey, config.challenge
        );
        ChannelConfig memory other = configOf(1);
        other.closeWindowSeconds = 2 hours;
        expectRefusal(config, refusal);
        expectRefusal(other, refusal);
        closeChannel(config, 0, 0);
        expectRefusal(config, refusal);
        expectRefusal(other, refusal);
        // Another enclave's challenge is another challenge, even with the same number.
        other.enclaveKey = vm.addr(0xB0B);
        openChannel(other, DEPOSIT);
    }

    function expectRefusal(ChannelConfig memory config, bytes memory refusal) private {
        bytes memory offer = offerFor(config, DEPOSIT, soon());
        vm.prank(payer);
        vm.expectRevert(refusal);
        channels.open{value: DEPOSIT}(config, DEPOSIT, soon(), offer);
    }

    /// Every field counts: a flipped configuration is another channel, which the host did not offer.
    function testFuzz_channelId_dependsOnEveryField(uint8 field, uint128 change) public view {
        ChannelConfig memory config = configOf(1);
        bytes32 id = channels.channelId(config);
        uint128 flip = change == 0 ? 1 : change;
        uint256 which = field % 13;
        if (which == 0) config.payer = address(uint160(config.payer) ^ flip);
        if (which == 1) config.payerAuthorizer = address(uint160(config.payerAuthorizer) ^ flip);
        if (which == 2) config.host = address(uint160(config.host) ^ flip);
        if (which == 3) config.owner = address(uint160(config.owner) ^ flip);
        if (which == 4) config.model = bytes32(uint256(config.model) ^ flip);
        if (which == 5) config.token = address(uint160(config.token) ^ flip);
        if (which == 6) config.enclaveKey = address(uint160(config.enclaveKey) ^ flip);
        if (which == 7) config.challenge = bytes32(uint256(config.challenge) ^ flip);
        if (which == 8) config.price.ownerPromptPerMTok ^= flip;
        if (which == 9) config.price.ownerCompletionPerMTok ^= flip;
        if (which == 10) config.price.hostPromptPerMTok ^= flip;
        if (which == 11) config.price.hostCompletionPerMTok ^= flip;
        if (which == 12) config.closeWindowSeconds ^= uint32(bound(flip, 1, type(uint32).max));
        assertTrue(channels.channelId(config) != id, "another id");
    }
}
