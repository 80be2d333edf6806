// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Emission of mined ZOS
/// @notice Flat within an epoch of two years, half as much in each next one: 400 M, 200 M, 100 M …, 800 M in all.
/// @dev A total of elapsed time, not a rate: what is paid in a window is a difference of two totals, so it does not depend on how often
/// it is asked for and nothing drifts. Amounts are in 10^-18 ZOS, times in seconds.
library Emission {
    /// @notice Seconds of an epoch: two years of 365 days.
    uint256 internal constant EPOCH = 2 * 365 days;

    /// @notice All that is ever mined.
    uint256 internal constant LIMIT = 800_000_000e18;

    /// @notice Coins mined in the first `elapsed` seconds. Never decreases, never exceeds `LIMIT`, defined for every input.
    /// @param elapsed Seconds since the start.
    function minted(uint256 elapsed) internal pure returns (uint256) {
        uint256 epoch = elapsed / EPOCH;
        // Shifts by 256 and more give zero: everything is mined.
        uint256 left = LIMIT >> epoch;
        uint256 leftAfter = left >> 1;
        return LIMIT - left + ((left - leftAfter) * (elapsed % EPOCH)) / EPOCH;
    }
}
