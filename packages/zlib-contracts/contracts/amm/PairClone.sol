// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Pair} from "./Pair.sol";

/// @title The pair that a factory clones
/// @notice Its own storage is never used: the constructor closes it.
contract PairClone is Pair {
    constructor() {
        _disableInitializers();
    }

    /// @notice Called once by the factory in the transaction that makes the clone.
    function initialize(address a, address b) external initializer {
        __Pair_init(a, b);
    }
}
