// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The arithmetic of pools that keep the product of their reserves
/// @notice Fees are in basis points of what comes in. All roundings favour the pool: the product never falls.
library ConstantProduct {
    /// @notice What a swap of a {Pair} pays, basis points.
    uint256 internal constant PAIR_FEE_BP = 30;
    /// @notice Basis points in a whole.
    uint256 internal constant BP = 10_000;

    error EmptyPool();
    error TooMuchOut(uint256 wanted, uint256 reserve);

    /// @notice What comes out for `amountIn`, rounded down.
    function amountOut(uint256 amountIn, uint256 reserveIn, uint256 reserveOut, uint256 feeBp)
        internal
        pure
        returns (uint256)
    {
        if (reserveIn == 0 || reserveOut == 0) revert EmptyPool();
        uint256 kept = amountIn * (BP - feeBp);
        return Math.mulDiv(kept, reserveOut, reserveIn * BP + kept);
    }

    /// @notice What has to come in for `out`, rounded up.
    function amountIn(uint256 out, uint256 reserveIn, uint256 reserveOut, uint256 feeBp)
        internal
        pure
        returns (uint256)
    {
        if (reserveIn == 0 || reserveOut == 0) revert EmptyPool();
        if (out >= reserveOut) revert TooMuchOut(out, reserveOut);
        return Math.mulDiv(reserveIn * BP, out, (reserveOut - out) * (BP - feeBp), Math.Rounding.Ceil);
    }

    /// @notice Shares for adding both sides to a pool. The first `locked` shares belong to nobody: they make it dear to inflate a share's price.
    function sharesFor(
        uint256 amount0,
        uint256 amount1,
        uint256 reserve0,
        uint256 reserve1,
        uint256 shares,
        uint256 locked
    ) internal pure returns (uint256) {
        if (shares == 0) return Math.saturatingSub(Math.sqrt(amount0 * amount1), locked);
        return Math.min(Math.mulDiv(amount0, shares, reserve0), Math.mulDiv(amount1, shares, reserve1));
    }
}
