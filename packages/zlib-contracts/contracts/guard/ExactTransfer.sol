// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Taking tokens in, all of them or none
/// @notice Contracts that keep books of what they hold must not believe a token that takes a fee on the way.
library ExactTransfer {
    using SafeERC20 for IERC20;

    /// @notice Less arrived than was sent.
    error ReceivedLess(address token, uint256 expected, uint256 received);

    /// @notice Takes `amount` of `token` from `from` into this contract. Errors: {ReceivedLess}, and what the token says.
    function take(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received < amount) revert ReceivedLess(address(token), amount, received);
    }
}
