// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelRegistry} from "../src/ModelRegistry.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {Test} from "./support/Test.sol";

contract ModelRegistryTest is Test {
    bytes32 private constant MODEL = keccak256("model");
    bytes32 private constant IMAGE = keccak256("image");
    address private constant OWNER = address(0xC0FFEE01);
    address private constant HOST = address(0xC0FFEE02);
    address private constant OTHER = address(0xC0FFEE03);

    ModelRegistry private registry;

    function setUp() public {
        vm.warp(1_800_000_000);
        registry = new ModelRegistry();
    }

    function register() private {
        bytes32[] memory images = new bytes32[](1);
        images[0] = IMAGE;
        vm.prank(OWNER);
        registry.registerModel(MODEL, 10, 20, images, "uri");
    }

    function addHost(address host) private {
        vm.prank(host);
        registry.registerHost(MODEL, 1, 2, "endpoint");
    }

    function text(uint256 length) private pure returns (string memory) {
        return string(new bytes(length));
    }

    function refuse(bytes4 selector, bytes32 model) private {
        vm.expectRevert(abi.encodeWithSelector(selector, model));
    }

    function test_registerModel_isFoundByIndexAndHash() public {
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelRegistered(MODEL, OWNER, "uri");
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelPriceAnnounced(MODEL, 10, 20, uint64(block.timestamp));
        vm.expectEmit(address(registry));
        emit IModelRegistry.ComposeHashAdded(MODEL, IMAGE);
        register();
        assertEq(registry.modelCount(), 1, "count");
        assertEq(registry.modelAt(0), MODEL, "model");
        IModelRegistry.Model memory model = registry.getModel(MODEL);
        assertEq(model.owner, OWNER, "owner");
        assertEq(model.ownerPromptPerMTok, 10, "prompt");
        assertEq(model.ownerCompletionPerMTok, 20, "completion");
        assertEq(model.nextPriceFrom, 0, "no change pending");
        assertEq(model.uri, "uri", "uri");
        assertEq(registry.composeHashes(MODEL).length, 1, "images");
        assertEq(registry.composeHashes(MODEL)[0], IMAGE, "image");
    }

    function test_registerModel_refusesZeroSecondAndLongText() public {
        bytes32[] memory none = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryZeroModel.selector));
        registry.registerModel(bytes32(0), 1, 1, none, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTextLength.selector, 513, 512));
        registry.registerModel(MODEL, 1, 1, none, text(513));
        registry.registerModel(MODEL, 1, 1, none, text(512));
        refuse(IModelRegistry.ModelRegistryModelExists.selector, MODEL);
        vm.prank(OTHER);
        registry.registerModel(MODEL, 1, 1, none, "");
    }

    function test_registerModel_refusesBadImages() public {
        bytes32[] memory images = new bytes32[](2);
        images[0] = IMAGE;
        refuse(IModelRegistry.ModelRegistryBadComposeHash.selector, bytes32(0));
        registry.registerModel(MODEL, 1, 1, images, "");
        images[1] = IMAGE;
        refuse(IModelRegistry.ModelRegistryBadComposeHash.selector, IMAGE);
        registry.registerModel(MODEL, 1, 1, images, "");
        images = new bytes32[](33);
        for (uint256 i = 0; i < 33; i++) {
            images[i] = bytes32(i + 1);
        }
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTooManyComposeHashes.selector, 32));
        registry.registerModel(MODEL, 1, 1, images, "");
    }

    function test_unknownModel_isRefusedEverywhere() public {
        bytes4 unknown = IModelRegistry.ModelRegistryUnknownModel.selector;
        refuse(unknown, MODEL);
        registry.getModel(MODEL);
        refuse(unknown, MODEL);
        registry.composeHashes(MODEL);
        refuse(unknown, MODEL);
        registry.channelTerms(MODEL, HOST);
        refuse(unknown, MODEL);
        registry.registerHost(MODEL, 1, 2, "endpoint");
        refuse(unknown, MODEL);
        registry.announcePrice(MODEL, 1, 2);
        assertEq(registry.hostCount(MODEL), 0, "hosts");
    }

    function test_ownerFunctions_refuseOthers() public {
        register();
        bytes memory notOwner = abi.encodeWithSelector(IModelRegistry.ModelRegistryNotOwner.selector, MODEL, OTHER);
        vm.startPrank(OTHER);
        vm.expectRevert(notOwner);
        registry.announcePrice(MODEL, 1, 1);
        vm.expectRevert(notOwner);
        registry.setModelUri(MODEL, "theirs");
        vm.expectRevert(notOwner);
        registry.addComposeHash(MODEL, keccak256("backdoor"));
        vm.expectRevert(notOwner);
        registry.removeComposeHash(MODEL, IMAGE);
        vm.stopPrank();
    }

    function test_announcePrice_holdsOnlyAfterTheNotice() public {
        register();
        uint64 from = uint64(block.timestamp) + registry.PRICE_NOTICE();
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelPriceAnnounced(MODEL, 30, 40, from);
        vm.prank(OWNER);
        registry.announcePrice(MODEL, 30, 40);

        vm.warp(from - 1);
        IModelRegistry.Model memory model = registry.getModel(MODEL);
        assertEq(model.ownerPromptPerMTok, 10, "old price before");
        assertEq(model.nextOwnerPromptPerMTok, 30, "announced prompt");
        assertEq(model.nextOwnerCompletionPerMTok, 40, "announced completion");
        assertEq(model.nextPriceFrom, from, "announced from");
        (, uint128 prompt, uint128 completion,) = registry.channelTerms(MODEL, HOST);
        assertEq(prompt, 10, "terms before");

        vm.warp(from);
        model = registry.getModel(MODEL);
        assertEq(model.ownerPromptPerMTok, 30, "new price");
        assertEq(model.ownerCompletionPerMTok, 40, "new price");
        assertEq(model.nextPriceFrom, 0, "nothing pending");
        assertEq(model.nextOwnerPromptPerMTok, 0, "nothing pending");
        (, prompt, completion,) = registry.channelTerms(MODEL, HOST);
        assertEq(prompt, 30, "terms after");
        assertEq(completion, 40, "terms after");
    }

    function test_announcePrice_replacesOnlyWhatIsPending() public {
        register();
        vm.startPrank(OWNER);
        registry.announcePrice(MODEL, 30, 40);
        vm.warp(block.timestamp + registry.PRICE_NOTICE() - 1);
        registry.announcePrice(MODEL, 50, 60);
        vm.warp(block.timestamp + 1);
        assertEq(registry.getModel(MODEL).ownerPromptPerMTok, 10, "the first announcement never held");
        vm.warp(block.timestamp + registry.PRICE_NOTICE());
        registry.announcePrice(MODEL, 70, 80);
        assertEq(registry.getModel(MODEL).ownerPromptPerMTok, 50, "the second holds until the third does");
        vm.stopPrank();
    }

    /// A model's price is what the newest announcement of at least PRICE_NOTICE ago said.
    function testFuzz_announcePrice_agreesWithAReference(uint32[6] memory waits) public {
        register();
        uint64 notice = registry.PRICE_NOTICE();
        uint256[7] memory times;
        uint128[7] memory prices;
        prices[0] = 10;
        vm.startPrank(OWNER);
        for (uint256 i = 1; i < 7; i++) {
            vm.warp(block.timestamp + waits[i - 1] % (2 * notice));
            // An announcement that is still pending is forgotten.
            if (i > 1 && times[i - 1] + notice > block.timestamp) prices[i - 1] = prices[i - 2];
            times[i] = block.timestamp;
            prices[i] = uint128(100 + i);
            registry.announcePrice(MODEL, prices[i], 0);
            assertEq(registry.getModel(MODEL).ownerPromptPerMTok, prices[i - 1], "price in force");
        }
        vm.stopPrank();
    }

    function test_setModelUri() public {
        register();
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTextLength.selector, 513, 512));
        registry.setModelUri(MODEL, text(513));
        vm.expectEmit(address(registry));
        emit IModelRegistry.ModelUriChanged(MODEL, "moved");
        registry.setModelUri(MODEL, "moved");
        vm.stopPrank();
        assertEq(registry.getModel(MODEL).uri, "moved", "uri");
    }

    function test_composeHashes_addAndRemove() public {
        register();
        bytes32 second = keccak256("second");
        vm.startPrank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.ComposeHashAdded(MODEL, second);
        registry.addComposeHash(MODEL, second);
        refuse(IModelRegistry.ModelRegistryBadComposeHash.selector, second);
        registry.addComposeHash(MODEL, second);
        vm.expectEmit(address(registry));
        emit IModelRegistry.ComposeHashRemoved(MODEL, IMAGE);
        registry.removeComposeHash(MODEL, IMAGE);
        assertEq(registry.composeHashes(MODEL).length, 1, "one left");
        assertEq(registry.composeHashes(MODEL)[0], second, "the other");
        refuse(IModelRegistry.ModelRegistryUnknownComposeHash.selector, IMAGE);
        registry.removeComposeHash(MODEL, IMAGE);
        vm.stopPrank();
    }

    function test_registerHost_updateHost() public {
        register();
        vm.expectEmit(address(registry));
        emit IModelRegistry.HostSet(MODEL, HOST, 1, 2, "endpoint");
        addHost(HOST);
        (address owner,,, bool isHost) = registry.channelTerms(MODEL, HOST);
        assertEq(owner, OWNER, "owner");
        assertTrue(isHost, "is a host");
        (,,, isHost) = registry.channelTerms(MODEL, OTHER);
        assertTrue(!isHost, "is none");
        vm.startPrank(HOST);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryHostExists.selector, MODEL, HOST));
        registry.registerHost(MODEL, 1, 2, "endpoint");
        vm.expectEmit(address(registry));
        emit IModelRegistry.HostSet(MODEL, HOST, 3, 4, "elsewhere");
        registry.updateHost(MODEL, 3, 4, "elsewhere");
        vm.stopPrank();
        IModelRegistry.Host memory entry = registry.getHost(MODEL, HOST);
        assertEq(entry.host, HOST, "host");
        assertEq(entry.hostPromptPerMTok, 3, "prompt");
        assertEq(entry.hostCompletionPerMTok, 4, "completion");
        assertEq(entry.endpoint, "elsewhere", "endpoint");
        assertEq(registry.hostCount(MODEL), 1, "still one");
    }

    function test_host_textBoundsAndUnknown() public {
        register();
        vm.startPrank(HOST);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTextLength.selector, 0, 512));
        registry.registerHost(MODEL, 1, 2, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTextLength.selector, 513, 512));
        registry.registerHost(MODEL, 1, 2, text(513));
        bytes memory unknown = abi.encodeWithSelector(IModelRegistry.ModelRegistryUnknownHost.selector, MODEL, HOST);
        vm.expectRevert(unknown);
        registry.updateHost(MODEL, 1, 2, "endpoint");
        vm.expectRevert(unknown);
        registry.removeHost(MODEL);
        vm.expectRevert(unknown);
        registry.getHost(MODEL, HOST);
        registry.registerHost(MODEL, 1, 2, text(512));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistryTextLength.selector, 0, 512));
        registry.updateHost(MODEL, 1, 2, "");
        vm.stopPrank();
    }

    /// Whatever the order of joining and leaving, the list and the lookups agree.
    function testFuzz_hosts_listAndLookupAgree(uint8[24] memory steps) public {
        register();
        bool[6] memory present;
        uint256 count;
        for (uint256 i = 0; i < steps.length; i++) {
            uint256 who = steps[i] % 6;
            address host = address(uint160(0xBEEF00 + who));
            vm.prank(host);
            if (present[who]) registry.removeHost(MODEL);
            else registry.registerHost(MODEL, uint128(who), 0, "endpoint");
            present[who] = !present[who];
            count = present[who] ? count + 1 : count - 1;
        }
        assertEq(registry.hostCount(MODEL), count, "count");
        for (uint256 i = 0; i < count; i++) {
            IModelRegistry.Host memory entry = registry.hostAt(MODEL, i);
            uint256 who = uint160(entry.host) - 0xBEEF00;
            assertTrue(present[who], "listed host is present");
            assertEq(entry.hostPromptPerMTok, who, "own entry");
            assertEq(registry.getHost(MODEL, entry.host).host, entry.host, "lookup");
            present[who] = false;
        }
    }

    function test_removeHost_emits() public {
        register();
        addHost(HOST);
        vm.expectEmit(address(registry));
        emit IModelRegistry.HostRemoved(MODEL, HOST);
        vm.prank(HOST);
        registry.removeHost(MODEL);
        assertEq(registry.hostCount(MODEL), 0, "none left");
    }
}
