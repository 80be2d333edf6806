// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {ERC1155Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC1155/ERC1155Upgradeable.sol";
import {MultiToken} from "../token/MultiToken.sol";

/// @title Kinds of items with rules of their own
/// @notice Each kind is an id of an ERC-1155. A kind may have a greatest supply, and may be bound to whoever first gets it.
abstract contract GameItems is MultiToken, AccessControlUpgradeable {
    struct ItemKind {
        bool defined;
        // Cannot be given away, only used up.
        bool bound;
        // Most that may ever exist at a time; 0 for any number.
        uint128 maxSupply;
        // Where its picture and description lie; see StorageRefs.
        bytes32 record;
    }

    /// @custom:storage-location erc7201:zlib.storage.GameItems
    struct ItemsStorage {
        mapping(uint256 id => ItemKind) kinds;
    }

    bytes32 private constant ITEMS_STORAGE = 0x002a750d97776875905ae695abd9d0b307c7bf56e2694e42ae8329d6a99cc100;

    /// @notice May define kinds.
    bytes32 public constant ITEM_DESIGNER_ROLE = keccak256("ITEM_DESIGNER_ROLE");
    /// @notice May make items.
    bytes32 public constant ITEM_MINTER_ROLE = keccak256("ITEM_MINTER_ROLE");

    event ItemDefined(uint256 indexed id, bool bound, uint128 maxSupply, bytes32 record);

    error ItemDefinedAlready(uint256 id);
    error NoSuchItem(uint256 id);
    error ItemBound(uint256 id);
    error TooManyItems(uint256 id, uint256 supply, uint128 maxSupply);

    function _items() private pure returns (ItemsStorage storage $) {
        assembly {
            $.slot := ITEMS_STORAGE
        }
    }

    function itemKind(uint256 id) external view returns (ItemKind memory) {
        return _items().kinds[id];
    }

    /// @notice Defines a kind, once. Errors: {ItemDefinedAlready}.
    function defineItem(uint256 id, bool bound, uint128 maxSupply, bytes32 record)
        external
        onlyRole(ITEM_DESIGNER_ROLE)
    {
        _defineItem(id, bound, maxSupply, record);
    }

    /// @notice Makes items. Errors: {NoSuchItem}, {TooManyItems}.
    function mintItem(address to, uint256 id, uint256 amount) external onlyRole(ITEM_MINTER_ROLE) {
        _mint(to, id, amount, "");
    }

    /// @notice Uses up items of one's own.
    function burnItem(uint256 id, uint256 amount) external {
        _burn(msg.sender, id, amount);
    }

    function _isItemDefined(uint256 id) internal view returns (bool) {
        return _items().kinds[id].defined;
    }

    function _defineItem(uint256 id, bool bound, uint128 maxSupply, bytes32 record) internal {
        ItemsStorage storage $ = _items();
        if ($.kinds[id].defined) revert ItemDefinedAlready(id);
        $.kinds[id] = ItemKind(true, bound, maxSupply, record);
        emit ItemDefined(id, bound, maxSupply, record);
    }

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        virtual
        override
    {
        super._update(from, to, ids, values);
        for (uint256 i; i < ids.length; ++i) {
            ItemKind storage kind = _items().kinds[ids[i]];
            if (from == address(0)) {
                if (!kind.defined) revert NoSuchItem(ids[i]);
                uint256 supply = supplyOf(ids[i]);
                if (kind.maxSupply > 0 && supply > kind.maxSupply) revert TooManyItems(ids[i], supply, kind.maxSupply);
            } else if (to != address(0) && kind.bound) {
                revert ItemBound(ids[i]);
            }
        }
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        virtual
        override(ERC1155Upgradeable, AccessControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }
}
