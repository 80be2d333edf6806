// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Kinds} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Seasons and their leaderboards
/// @notice All that teaches also scores. A season's best three get its prize in halves and a trophy that cannot be given away.
abstract contract Seasons is WorldState {
    struct Season {
        bytes32 title;
        uint64 start;
        uint64 end;
        uint256 prize;
        bool closed;
    }

    mapping(uint32 id => Season) internal seasons;

    event SeasonStarted(uint32 indexed id, bytes32 title, uint64 end, uint256 prize);
    event SeasonEnded(uint32 indexed id, address first, address second, address third);

    error SeasonRunning(uint64 end);
    error NoSeason();

    /// @notice Starts the next season and sets its prize aside. The one before must be closed.
    function startSeason(bytes32 title, uint64 length, uint256 prize) external onlyRole(STORYTELLER_ROLE) {
        if (season != 0 && !seasons[season].closed) revert SeasonRunning(seasons[season].end);
        if (length == 0 || length > 365 days) revert BadChoice();
        if (prize > treasury) revert TreasuryEmpty(prize, treasury);
        treasury -= prize;
        season += 1;
        seasons[season] = Season(title, uint64(block.timestamp), uint64(block.timestamp) + length, prize, false);
        emit SeasonStarted(season, title, seasons[season].end, prize);
    }

    /// @notice Closes a season whose time is over and pays its prizes: a half, a quarter, an eighth; the rest goes back to the treasury.
    function closeSeason() external nonReentrant {
        Season storage one = seasons[season];
        if (season == 0 || one.closed) revert NoSeason();
        if (block.timestamp < one.end) revert SeasonRunning(one.end);
        one.closed = true;
        address[] storage best = ranking[season];
        treasury += one.prize;
        address[3] memory winners;
        for (uint256 i; i < 3 && i < best.length; ++i) {
            winners[i] = best[i];
            _pay(best[i], one.prize >> (i + 1));
        }
        emit SeasonEnded(season, winners[0], winners[1], winners[2]);
    }

    /// @notice The best three of a closed season take their trophy, once.
    function collectTrophy(uint32 id) external nonReentrant acts {
        if (!seasons[id].closed || trophyTaken[id][msg.sender]) revert NoSeason();
        address[] storage best = ranking[id];
        for (uint256 i; i < 3 && i < best.length; ++i) {
            if (best[i] != msg.sender) continue;
            trophyTaken[id][msg.sender] = true;
            _give(msg.sender, Kinds.TROPHY, 3 - i);
            return;
        }
        revert NoSeason();
    }

    mapping(uint32 id => mapping(address player => bool)) internal trophyTaken;

    function seasonNow() external view returns (uint32 id, Season memory one) {
        return (season, seasons[season]);
    }

    function seasonOf(uint32 id) external view returns (Season memory) {
        return seasons[id];
    }

    function scoreOf(uint32 id, address player) external view returns (uint256) {
        return scores[id][player];
    }

    /// @notice The best of a season, at most twenty, with their scores and names.
    function leaderboard(uint32 id)
        external
        view
        returns (address[] memory players, uint256[] memory points, bytes32[] memory names)
    {
        players = ranking[id];
        points = new uint256[](players.length);
        names = new bytes32[](players.length);
        for (uint256 i; i < players.length; ++i) {
            points[i] = scores[id][players[i]];
            names[i] = heroes[players[i]].name;
        }
    }
}
