// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {OneAddressDao} from "@zos/zlib-contracts/contracts/governance/OneAddressDao.sol";

/// @title Budgets: money that a vote grants over time
/// @notice A budget flows to its receiver by the second until it ends or a vote closes it. What has flowed cannot be taken back.
abstract contract Treasury is OneAddressDao {
    using SafeERC20 for IERC20;

    struct Budget {
        address receiver;
        uint64 start;
        uint64 end;
        IERC20 token;
        uint256 amount;
        uint256 paid;
    }

    Budget[] private _budgets;

    event BudgetOpened(uint256 indexed id, address indexed receiver, address token, uint256 amount, uint64 end);
    event BudgetPaid(uint256 indexed id, uint256 amount);
    event BudgetClosed(uint256 indexed id, uint256 kept);

    error BadBudget();
    error NoBudget(uint256 id);

    /// @notice Opens a budget that begins now. By a proposal only. Errors: {BadBudget}, `GovernorOnlyExecutor`.
    function openBudget(address receiver, IERC20 token, uint256 amount, uint64 duration)
        external
        onlyGovernance
        returns (uint256 id)
    {
        if (receiver == address(0) || amount == 0 || duration == 0 || duration > 3_650 days) revert BadBudget();
        uint64 start = uint64(block.timestamp);
        _budgets.push(Budget(receiver, start, start + duration, token, amount, 0));
        id = _budgets.length;
        emit BudgetOpened(id, receiver, address(token), amount, start + duration);
    }

    /// @notice Stops a budget; what has flowed until now stays its receiver's. By a proposal only. Errors: {NoBudget}, `GovernorOnlyExecutor`.
    function closeBudget(uint256 id) external onlyGovernance {
        Budget storage one = _budget(id);
        if (block.timestamp >= one.end) revert NoBudget(id);
        uint256 flowed = _flowed(one);
        emit BudgetClosed(id, one.amount - flowed);
        one.amount = flowed;
        one.end = uint64(block.timestamp);
    }

    /// @notice Pays what has flowed and was not paid. Anyone may call it. Errors: {NoBudget}.
    function collectBudget(uint256 id) external returns (uint256 amount) {
        Budget storage one = _budget(id);
        amount = _flowed(one) - one.paid;
        one.paid += amount;
        emit BudgetPaid(id, amount);
        one.token.safeTransfer(one.receiver, amount);
    }

    function budget(uint256 id) external view returns (Budget memory) {
        return _budget(id);
    }

    /// @notice Budgets opened so far; ids begin with 1.
    function budgetCount() external view returns (uint256) {
        return _budgets.length;
    }

    function _flowed(Budget storage one) private view returns (uint256) {
        if (block.timestamp >= one.end) return one.amount;
        return Math.mulDiv(one.amount, block.timestamp - one.start, one.end - one.start);
    }

    function _budget(uint256 id) private view returns (Budget storage) {
        if (id == 0 || id > _budgets.length) revert NoBudget(id);
        return _budgets[id - 1];
    }
}
