// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";

/// @title Locked share of foundation, team or investors
/// @notice 20 % at the start, 30 % more at the first halving, the last 50 % at the end of the lock. Nothing in between, no revocation.
/// @dev Whatever is sent here later follows the same steps, as in every VestingWallet. The beneficiary cannot be changed: with
/// OpenZeppelin's wallet alone, transferring its ownership would sell what is locked.
contract InsiderVesting is VestingWallet {
    /// @notice Time of the second step, seconds since 1970.
    uint64 public immutable halving;

    /// @notice The beneficiary is fixed.
    error BeneficiaryFixed();

    /// @notice The three times are not in order.
    error TimesOutOfOrder(uint64 start, uint64 halving, uint64 end);

    /// @param beneficiary Who receives what is released.
    /// @param start_ First step, the genesis.
    /// @param halving_ Second step, two years later.
    /// @param end_ Last step, three years after the first.
    constructor(address beneficiary, uint64 start_, uint64 halving_, uint64 end_)
        VestingWallet(beneficiary, start_, end_ > start_ ? end_ - start_ : 0)
    {
        if (start_ >= halving_ || halving_ >= end_) revert TimesOutOfOrder(start_, halving_, end_);
        halving = halving_;
    }

    /// @dev Rounds down, so the last step pays what the others left.
    function _vestingSchedule(uint256 total, uint64 timestamp) internal view override returns (uint256) {
        if (timestamp < start()) return 0;
        if (timestamp < halving) return total / 5;
        if (timestamp < end()) return total / 2;
        return total;
    }

    /// @dev Reached by `transferOwnership` and `renounceOwnership`, and once by the constructor.
    function _transferOwnership(address newOwner) internal override {
        if (owner() != address(0)) revert BeneficiaryFixed();
        super._transferOwnership(newOwner);
    }
}
