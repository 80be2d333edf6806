// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {VestingWalletUpgradeable} from "@openzeppelin/contracts-upgradeable/finance/VestingWalletUpgradeable.sol";

/// @title A wallet that releases evenly over time
/// @notice OpenZeppelin's VestingWallet with a beneficiary that cannot be changed: who could buy the ownership would have bought locked coins.
/// @dev Holds any number of tokens and the chain's coin. Deposits that come later follow the same line as if they had been there from the start.
abstract contract LinearVesting is VestingWalletUpgradeable {
    error BeneficiaryIsFixed();

    /// @notice The beneficiary cannot be changed.
    function transferOwnership(address) public pure virtual override {
        revert BeneficiaryIsFixed();
    }

    /// @notice The beneficiary cannot be removed.
    function renounceOwnership() public pure virtual override {
        revert BeneficiaryIsFixed();
    }
}
