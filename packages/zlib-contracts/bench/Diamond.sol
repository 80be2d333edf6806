// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title What a diamond (EIP-2535) has to do at every call: look the facet up in storage, and delegate
/// @dev Written by hand for the comparison; without loupe and cuts, which cost nothing at a call.
contract Diamond {
    struct DiamondStorage {
        mapping(bytes4 selector => address facet) facets;
    }

    bytes32 private constant POSITION = keccak256("diamond.standard.diamond.storage");

    constructor(bytes4[] memory selectors, address[] memory facets) {
        for (uint256 i; i < selectors.length; ++i) _storage().facets[selectors[i]] = facets[i];
    }

    fallback() external payable {
        address facet = _storage().facets[msg.sig];
        require(facet != address(0), "no such function");
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), facet, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }

    function _storage() private pure returns (DiamondStorage storage s) {
        bytes32 position = POSITION;
        assembly {
            s.slot := position
        }
    }
}
