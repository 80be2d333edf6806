// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {VestingWalletUpgradeable} from "@openzeppelin/contracts-upgradeable/finance/VestingWalletUpgradeable.sol";
import {VestingWalletCliffUpgradeable} from "@openzeppelin/contracts-upgradeable/finance/VestingWalletCliffUpgradeable.sol";
import {OwnableUpgradeable} from "@openzeppelin/contracts-upgradeable/access/OwnableUpgradeable.sol";
import {LinearVesting} from "./LinearVesting.sol";

/// @title A wallet that releases nothing before its cliff, then evenly
/// @notice At the cliff everything that the line has reached by then becomes free at once.
abstract contract CliffVesting is LinearVesting, VestingWalletCliffUpgradeable {
    /// @param cliffSeconds From the start. Errors: `InvalidCliffDuration` when it is longer than the whole.
    function __CliffVesting_init(address beneficiary, uint64 start_, uint64 duration_, uint64 cliffSeconds)
        internal
        onlyInitializing
    {
        __VestingWallet_init(beneficiary, start_, duration_);
        __VestingWalletCliff_init(cliffSeconds);
    }

    function transferOwnership(address) public pure override(LinearVesting, OwnableUpgradeable) {
        revert BeneficiaryIsFixed();
    }

    function renounceOwnership() public pure override(LinearVesting, OwnableUpgradeable) {
        revert BeneficiaryIsFixed();
    }

    function _vestingSchedule(uint256 total, uint64 timestamp)
        internal
        view
        virtual
        override(VestingWalletUpgradeable, VestingWalletCliffUpgradeable)
        returns (uint256)
    {
        return super._vestingSchedule(total, timestamp);
    }
}
