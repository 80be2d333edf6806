// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title Staking with rewards by the second
/// @notice A reward is paid evenly over a period to those who stake, by their share of the moment. Stake and reward may be the same token.
/// @dev The sum of what all have earned is kept as reward per staked unit (scaled by 1e36), so that a call costs the same for any number of
/// stakers. What is emitted while nobody stakes goes into the next period. Roundings, less than a unit a call, stay here.
abstract contract StakingRewards is AccessControlUpgradeable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:zlib.storage.StakingRewards
    struct StakingStorage {
        IERC20 stakeToken;
        IERC20 rewardToken;
        // Reward units a second, scaled by 1e18.
        uint256 rate;
        uint64 periodEnd;
        uint64 updatedAt;
        // Emitted while nobody staked, scaled by 1e18.
        uint256 idle;
        uint256 totalStaked;
        // Reward of one staked unit since the beginning, scaled by 1e36.
        uint256 perUnit;
        mapping(address account => uint256) staked;
        mapping(address account => uint256) perUnitPaid;
        mapping(address account => uint256) earned;
    }

    bytes32 private constant STAKING_STORAGE = 0x0efc54ed6a508845e4dc83a8c8331612f38e62b2f4bfbf8e67eea8411cacfc00;

    /// @notice May start a period of rewards.
    bytes32 public constant REWARDS_FUNDER_ROLE = keccak256("REWARDS_FUNDER_ROLE");

    event Staked(address indexed account, uint256 amount);
    event Unstaked(address indexed account, uint256 amount);
    event RewardPaid(address indexed account, uint256 amount);
    event RewardsFunded(uint256 amount, uint64 periodEnd);

    error NothingToStake();
    error StakeTooSmall(uint256 staked, uint256 wanted);
    error BadRewardPeriod(uint64 duration);
    error RewardTooSmall(uint256 amount, uint64 duration);

    function _staking() private pure returns (StakingStorage storage $) {
        assembly {
            $.slot := STAKING_STORAGE
        }
    }

    function __StakingRewards_init(IERC20 stakeToken_, IERC20 rewardToken_) internal onlyInitializing {
        StakingStorage storage $ = _staking();
        $.stakeToken = stakeToken_;
        $.rewardToken = rewardToken_;
    }

    function stakeToken() external view returns (address) {
        return address(_staking().stakeToken);
    }

    function rewardToken() external view returns (address) {
        return address(_staking().rewardToken);
    }

    function totalStaked() external view returns (uint256) {
        return _staking().totalStaked;
    }

    function stakedBy(address account) external view returns (uint256) {
        return _staking().staked[account];
    }

    /// @notice Last second of the running period.
    function rewardsEnd() external view returns (uint64) {
        return _staking().periodEnd;
    }

    /// @notice What `account` could withdraw as its reward now.
    function rewardOf(address account) public view returns (uint256) {
        StakingStorage storage $ = _staking();
        (uint256 perUnit,) = _accrued($);
        return $.earned[account] + Math.mulDiv($.staked[account], perUnit - $.perUnitPaid[account], 1e36);
    }

    /// @notice Adds to the caller's stake. Errors: {NothingToStake}, `ReceivedLess`.
    function stake(uint256 amount) external nonReentrant {
        if (amount == 0) revert NothingToStake();
        StakingStorage storage $ = _staking();
        _settle($, msg.sender);
        $.totalStaked += amount;
        $.staked[msg.sender] += amount;
        emit Staked(msg.sender, amount);
        ExactTransfer.take($.stakeToken, msg.sender, amount);
    }

    /// @notice Takes stake out, at any time. Errors: {StakeTooSmall}.
    function unstake(uint256 amount) external nonReentrant {
        StakingStorage storage $ = _staking();
        _settle($, msg.sender);
        uint256 staked = $.staked[msg.sender];
        if (amount > staked) revert StakeTooSmall(staked, amount);
        $.staked[msg.sender] = staked - amount;
        $.totalStaked -= amount;
        emit Unstaked(msg.sender, amount);
        $.stakeToken.safeTransfer(msg.sender, amount);
    }

    /// @notice Pays the caller its reward.
    function collectReward() external nonReentrant returns (uint256 amount) {
        StakingStorage storage $ = _staking();
        _settle($, msg.sender);
        amount = $.earned[msg.sender];
        if (amount == 0) return 0;
        $.earned[msg.sender] = 0;
        emit RewardPaid(msg.sender, amount);
        $.rewardToken.safeTransfer(msg.sender, amount);
    }

    /// @notice Starts a period of `duration` seconds with `amount`, what was left of the running one and what nobody earned.
    /// Errors: {BadRewardPeriod}, {RewardTooSmall} when it is less than a unit in a billion seconds, `ReceivedLess`.
    function fundRewards(uint256 amount, uint64 duration) external nonReentrant onlyRole(REWARDS_FUNDER_ROLE) {
        if (duration == 0 || duration > 3_650 days) revert BadRewardPeriod(duration);
        StakingStorage storage $ = _staking();
        _settle($, address(0));
        uint256 total = amount * 1e18 + $.idle;
        if (block.timestamp < $.periodEnd) total += ($.periodEnd - block.timestamp) * $.rate;
        uint256 rate = total / duration;
        if (rate < 1e9) revert RewardTooSmall(amount, duration);
        $.rate = rate;
        $.idle = total - rate * duration;
        $.updatedAt = uint64(block.timestamp);
        $.periodEnd = uint64(block.timestamp) + duration;
        emit RewardsFunded(amount, $.periodEnd);
        ExactTransfer.take($.rewardToken, msg.sender, amount);
    }

    /// @dev Brings the sums up to now, and `account` unless it is zero.
    function _settle(StakingStorage storage $, address account) private {
        (uint256 perUnit, uint256 idle) = _accrued($);
        $.perUnit = perUnit;
        $.idle = idle;
        $.updatedAt = uint64(block.timestamp);
        if (account == address(0)) return;
        $.earned[account] += Math.mulDiv($.staked[account], perUnit - $.perUnitPaid[account], 1e36);
        $.perUnitPaid[account] = perUnit;
    }

    function _accrued(StakingStorage storage $) private view returns (uint256 perUnit, uint256 idle) {
        (perUnit, idle) = ($.perUnit, $.idle);
        uint256 until = Math.min(block.timestamp, $.periodEnd);
        if (until <= $.updatedAt) return (perUnit, idle);
        uint256 emitted = (until - $.updatedAt) * $.rate;
        if ($.totalStaked == 0) idle += emitted;
        else perUnit += Math.mulDiv(emitted, 1e18, $.totalStaked);
    }
}
