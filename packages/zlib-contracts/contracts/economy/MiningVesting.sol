// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Vesting of mining rewards
/// @notice 40 % of a reward is paid at once, 60 % becomes free by the second over 180 days.
/// @dev The rewards of an account are kept by the day they were granted in, one word a day, however many there are. As long as none of a
/// day's rewards has ended, their sum is a straight line that needs only the sum of the amounts and the sum of amount × time; the lines of
/// all days add up to one. A day's rewards end within one day, 180 days later; during it their true sum is concave, and we pay along its
/// chord, which lies below and meets it at both ends. So nothing is ever paid early, nothing more than a day late, and everything is paid.
contract MiningVesting {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @notice Seconds over which the locked part becomes free.
    uint256 public constant VESTING = 180 days;

    /// @notice Per ten thousand, what is free at once.
    uint256 public constant FREE_BPS = 4_000;

    /// @notice The token that rewards are paid in.
    IERC20 public immutable token;

    /// @dev The locked parts that one day's rewards have. 2^96 exceeds 10^9 ZOS, and 2^112 that times a day.
    struct Day {
        uint96 amount;
        // Sum of amount × seconds since the day's begin.
        uint112 weighted;
        // Seconds since the day's begin of the first and of the last reward.
        uint24 first;
        uint24 last;
    }

    struct Account {
        // Locked parts of days of which nothing has ended, and their sum of amount × time.
        uint256 amount;
        uint256 weighted;
        // Of days that have ended altogether.
        uint256 done;
        // Of the locked parts, paid so far.
        uint256 paid;
        // Days with rewards, and how many of them have left `amount` and `weighted`.
        uint32[] list;
        uint256 ended;
        // The day whose rewards are ending, in `list` before `ended`; it is not in `done` yet.
        bool ending;
        mapping(uint256 day => Day) days_;
    }

    mapping(address account => Account) private _accounts;

    /// @notice `account` was granted `amount`, of which `free` was paid at once.
    event Granted(address indexed account, uint256 amount, uint256 free);

    /// @notice `amount` of the locked rewards was paid to `account`.
    event Released(address indexed account, uint256 amount);

    /// @notice A reward of nothing.
    error EmptyReward();

    constructor(IERC20 token_) {
        token = token_;
    }

    /// @notice Takes `amount` from the caller, pays the free part to `account` and locks the rest. Anyone may grant.
    /// @dev Gas does not grow with the number of rewards: at most two ended days are tidied away when a new day begins.
    function grant(address account, uint256 amount) external {
        if (amount == 0) revert EmptyReward();
        uint256 free = (amount * FREE_BPS) / 10_000;
        uint256 locked = amount - free;
        uint256 today = block.timestamp / 1 days;
        uint256 offset = block.timestamp % 1 days;

        Account storage a = _accounts[account];
        Day storage day = a.days_[today];
        if (day.amount == 0) {
            // Two out for one in: the list of days that have not ended never exceeds 182.
            _settle(a, 2);
            a.list.push(today.toUint32());
            day.first = uint24(offset);
        }
        day.amount = (day.amount + locked).toUint96();
        day.weighted = (day.weighted + locked * offset).toUint112();
        day.last = uint24(offset);
        a.amount += locked;
        a.weighted += locked * block.timestamp;

        emit Granted(account, amount, free);
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (free > 0) token.safeTransfer(account, free);
    }

    /// @notice Pays what has become free to `account`. Anyone may call it.
    function release(address account) external returns (uint256 amount) {
        Account storage a = _accounts[account];
        _settle(a, type(uint256).max);
        uint256 free = _freed(a);
        // The sum of several lines may round to a unit less than one line did a second before.
        amount = free > a.paid ? free - a.paid : 0;
        if (amount == 0) return 0;
        a.paid += amount;
        emit Released(account, amount);
        token.safeTransfer(account, amount);
    }

    /// @notice What {release} would pay now.
    function releasable(address account) external view returns (uint256) {
        Account storage a = _accounts[account];
        uint256 free = _freed(a);
        return free > a.paid ? free - a.paid : 0;
    }

    /// @notice What is still locked or not yet released.
    function unpaid(address account) external view returns (uint256) {
        Account storage a = _accounts[account];
        uint256 total = a.amount + a.done - a.paid;
        return a.ending ? total + a.days_[a.list[a.ended - 1]].amount : total;
    }

    /// @dev Moves days that have begun to end out of the common line, at most `limit` of them.
    function _settle(Account storage a, uint256 limit) private {
        uint256 index = a.ended;
        uint256 length = a.list.length;
        if (a.ending) {
            uint256 number = a.list[index - 1];
            Day memory day = a.days_[number];
            if (block.timestamp < number * 1 days + day.last + VESTING) return;
            a.done += day.amount;
            a.ending = false;
        }
        uint256 amount;
        uint256 weighted;
        for (uint256 moved; index < length && moved < limit; ++moved) {
            uint256 number = a.list[index];
            Day memory day = a.days_[number];
            uint256 begin = number * 1 days;
            if (block.timestamp < begin + day.first + VESTING) break;
            amount += day.amount;
            weighted += day.weighted + uint256(day.amount) * begin;
            ++index;
            if (block.timestamp < begin + day.last + VESTING) {
                a.ending = true;
                a.amount -= amount;
                a.weighted -= weighted;
                a.done += amount - day.amount;
                a.ended = index;
                return;
            }
        }
        if (amount == 0) return;
        a.amount -= amount;
        a.weighted -= weighted;
        a.done += amount;
        a.ended = index;
    }

    /// @dev What of the locked parts is free now, paid or not, whether or not the days are settled.
    function _freed(Account storage a) private view returns (uint256 free) {
        free = a.done;
        uint256 index = a.ended;
        uint256 length = a.list.length;
        uint256 amount = a.amount;
        uint256 weighted = a.weighted;
        if (a.ending) free += _freedOf(a.days_[a.list[index - 1]], a.list[index - 1]);
        for (; index < length; ++index) {
            uint256 number = a.list[index];
            Day memory day = a.days_[number];
            uint256 begin = number * 1 days;
            if (block.timestamp < begin + day.first + VESTING) break;
            free += _freedOf(day, number);
            amount -= day.amount;
            weighted -= day.weighted + uint256(day.amount) * begin;
        }
        free += (amount * block.timestamp - weighted) / VESTING;
    }

    /// @dev What is free of a day's rewards once the first of them has ended.
    function _freedOf(Day memory day, uint256 number) private view returns (uint256) {
        uint256 firstEnd = number * 1 days + day.first + VESTING;
        uint256 lastEnd = number * 1 days + day.last + VESTING;
        if (block.timestamp >= lastEnd) return day.amount;
        uint256 atFirstEnd = (uint256(day.amount) * (day.first + VESTING) - day.weighted) / VESTING;
        return atFirstEnd + ((day.amount - atFirstEnd) * (block.timestamp - firstEnd)) / (lastEnd - firstEnd);
    }
}
