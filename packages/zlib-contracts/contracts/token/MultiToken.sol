// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC1155Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC1155/ERC1155Upgradeable.sol";

/// @title ERC-1155 that counts how many of each id there are
/// @dev OpenZeppelin's ERC1155Supply has a `totalSupply()` that would clash with an ERC-20 at the same address; this has none.
abstract contract MultiToken is ERC1155Upgradeable {
    /// @custom:storage-location erc7201:zlib.storage.MultiToken
    struct MultiTokenStorage {
        mapping(uint256 id => uint256) supply;
    }

    bytes32 private constant MULTI_TOKEN_STORAGE = 0x64f1caf4407a55aeb8ea079417da22d79ccb7b4d1589f039561cd3fe7c627300;

    function _multiToken() private pure returns (MultiTokenStorage storage $) {
        assembly {
            $.slot := MULTI_TOKEN_STORAGE
        }
    }

    /// @param uri_ With `{id}` where clients put the id (ERC-1155).
    function __MultiToken_init(string memory uri_) internal onlyInitializing {
        __ERC1155_init(uri_);
    }

    /// @notice How many of `id` exist.
    function supplyOf(uint256 id) public view returns (uint256) {
        return _multiToken().supply[id];
    }

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        virtual
        override
    {
        super._update(from, to, ids, values);
        MultiTokenStorage storage $ = _multiToken();
        if (from == address(0)) {
            for (uint256 i; i < ids.length; ++i) $.supply[ids[i]] += values[i];
        }
        if (to == address(0)) {
            for (uint256 i; i < ids.length; ++i) $.supply[ids[i]] -= values[i];
        }
    }
}
