// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {PairClone} from "./PairClone.sol";

/// @title Finds and makes the pair of two tokens
/// @notice A pair is an ERC-1167 clone at an address that follows from the two tokens.
contract PairFactory {
    /// @notice The pair whose code the clones run.
    address public immutable implementation = address(new PairClone());

    /// @notice The pair of two tokens, in either order; zero where there is none.
    mapping(address a => mapping(address b => address)) public pairOf;

    event PairMade(address indexed token0, address indexed token1, address pair);

    error PairExists(address pair);

    /// @notice Makes the pair of `a` and `b`. Anyone may. Errors: {PairExists}, `SameTokens`.
    function makePair(address a, address b) external returns (address pair) {
        (address token0, address token1) = a < b ? (a, b) : (b, a);
        if (pairOf[token0][token1] != address(0)) revert PairExists(pairOf[token0][token1]);
        pair = Clones.cloneDeterministic(implementation, keccak256(abi.encode(token0, token1)));
        PairClone(pair).initialize(token0, token1);
        pairOf[token0][token1] = pair;
        pairOf[token1][token0] = pair;
        emit PairMade(token0, token1, pair);
    }
}
