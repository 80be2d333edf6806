// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Deed} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Quests, daily rewards and achievements
/// @notice A quest asks for a number of deeds after it was accepted, may follow another quest, and pays gold, experience and an item.
abstract contract Quests is WorldState {
    struct Quest {
        bytes32 title;
        Deed deed;
        uint32 goal;
        // Lowest level of who may accept it.
        uint16 level;
        // Must have been completed before; 0 for none.
        uint32 follows;
        // Hours after which it may be done again; 0 for once.
        uint32 again;
        bool retired;
        uint128 gold;
        uint32 xp;
        uint256 item;
        uint32 itemAmount;
    }

    struct QuestProgress {
        bool active;
        // Deeds when it was accepted.
        uint256 from;
        uint32 completed;
        uint64 completedAt;
    }

    struct Achievement {
        bytes32 title;
        Deed deed;
        uint256 goal;
        uint128 gold;
    }

    /// @notice Most quests at a time.
    uint256 public constant MAX_ACTIVE_QUESTS = 5;

    Quest[] internal quests;
    Achievement[] internal achievements;
    mapping(address player => mapping(uint256 quest => QuestProgress)) internal progress;
    mapping(address player => uint256) internal activeQuests;
    mapping(address player => mapping(uint256 achievement => bool)) internal achieved;
    mapping(address player => uint256) internal lastDay;
    mapping(address player => uint256) internal streak;

    event QuestAdded(uint256 indexed id, bytes32 title);
    event QuestRetired(uint256 indexed id);
    event QuestAccepted(address indexed player, uint256 indexed id);
    event QuestAbandoned(address indexed player, uint256 indexed id);
    event QuestCompleted(address indexed player, uint256 indexed id, uint256 gold);
    event DailyReward(address indexed player, uint256 streak, uint256 gold);
    event AchievementAdded(uint256 indexed id, bytes32 title);
    event Achieved(address indexed player, uint256 indexed id);

    error NoSuchQuest(uint256 id);
    error QuestNotOpen(uint256 id);
    error QuestNotActive(uint256 id);
    error QuestNotDone(uint256 id, uint256 done, uint256 goal);
    error TooManyQuests();
    error LevelTooLow(uint256 level, uint256 needed);
    error NotAchieved(uint256 id);

    /// @notice Adds a quest; its id follows from the order.
    function addQuest(Quest calldata one) external onlyRole(STORYTELLER_ROLE) returns (uint256 id) {
        if (one.goal == 0 || one.title == 0 || one.retired || one.follows > quests.length) revert BadChoice();
        quests.push(one);
        id = quests.length;
        emit QuestAdded(id, one.title);
    }

    /// @notice Nobody can accept it any more; who has it can complete it.
    function retireQuest(uint256 id) external onlyRole(STORYTELLER_ROLE) {
        _quest(id).retired = true;
        emit QuestRetired(id);
    }

    function questCount() external view returns (uint256) {
        return quests.length;
    }

    function quest(uint256 id) external view returns (Quest memory) {
        return _quest(id);
    }

    /// @notice Whether it is active, deeds done, deeds asked for, how often it was completed.
    function questProgress(address player, uint256 id)
        public
        view
        returns (bool active, uint256 done, uint256 goal, uint256 completed)
    {
        Quest storage one = _quest(id);
        QuestProgress storage mine = progress[player][id];
        (active, goal, completed) = (mine.active, one.goal, mine.completed);
        if (active) done = deeds[player][one.deed] - mine.from;
        if (done > goal) done = goal;
    }

    /// @notice Ids of the quests that a player could accept now.
    function openQuests(address player) external view returns (uint256[] memory ids) {
        ids = new uint256[](quests.length);
        uint256 found;
        for (uint256 id = 1; id <= quests.length; ++id) {
            if (!progress[player][id].active && _isOpen(player, id)) ids[found++] = id;
        }
        assembly {
            mstore(ids, found)
        }
    }

    /// @notice Accepts a quest: deeds count from now on.
    function acceptQuest(uint256 id) external acts {
        Quest storage one = _quest(id);
        if (heroes[msg.sender].level < one.level) revert LevelTooLow(heroes[msg.sender].level, one.level);
        if (progress[msg.sender][id].active || !_isOpen(msg.sender, id)) revert QuestNotOpen(id);
        if (activeQuests[msg.sender] >= MAX_ACTIVE_QUESTS) revert TooManyQuests();
        activeQuests[msg.sender] += 1;
        progress[msg.sender][id].active = true;
        progress[msg.sender][id].from = deeds[msg.sender][one.deed];
        emit QuestAccepted(msg.sender, id);
    }

    function abandonQuest(uint256 id) external acts {
        if (!progress[msg.sender][id].active) revert QuestNotActive(id);
        progress[msg.sender][id].active = false;
        activeQuests[msg.sender] -= 1;
        emit QuestAbandoned(msg.sender, id);
    }

    /// @notice Takes the reward of a quest whose deeds are done.
    function completeQuest(uint256 id) external nonReentrant acts {
        (bool active, uint256 done, uint256 goal,) = questProgress(msg.sender, id);
        if (!active) revert QuestNotActive(id);
        if (done < goal) revert QuestNotDone(id, done, goal);
        QuestProgress storage mine = progress[msg.sender][id];
        mine.active = false;
        mine.completed += 1;
        mine.completedAt = uint64(block.timestamp);
        activeQuests[msg.sender] -= 1;
        Quest storage one = quests[id - 1];
        _learn(msg.sender, one.xp);
        emit QuestCompleted(msg.sender, id, one.gold);
        if (one.gold > 0) _pay(msg.sender, one.gold);
        _give(msg.sender, one.item, one.itemAmount);
    }

    /// @notice Once a day: a gold for each day in a row, up to ten.
    function collectDaily() external acts returns (uint256 gold) {
        uint256 today = block.timestamp / 1 days;
        if (lastDay[msg.sender] == today) revert TooEarly((today + 1) * 1 days);
        streak[msg.sender] = lastDay[msg.sender] + 1 == today ? streak[msg.sender] + 1 : 1;
        lastDay[msg.sender] = today;
        gold = (streak[msg.sender] > 10 ? 10 : streak[msg.sender]) * GOLD;
        emit DailyReward(msg.sender, streak[msg.sender], gold);
        _pay(msg.sender, gold);
    }

    /// @notice Days in a row, and the last of them (days since 1970).
    function streakOf(address player) external view returns (uint256 length, uint256 last) {
        return (streak[player], lastDay[player]);
    }

    function addAchievement(Achievement calldata one) external onlyRole(STORYTELLER_ROLE) returns (uint256 id) {
        if (one.goal == 0 || one.title == 0) revert BadChoice();
        achievements.push(one);
        id = achievements.length;
        emit AchievementAdded(id, one.title);
    }

    function achievement(uint256 id) external view returns (Achievement memory) {
        if (id == 0 || id > achievements.length) revert NotAchieved(id);
        return achievements[id - 1];
    }

    /// @notice Ids of what a player has achieved and claimed.
    function achievementsOf(address player) external view returns (uint256[] memory ids) {
        ids = new uint256[](achievements.length);
        uint256 found;
        for (uint256 id = 1; id <= achievements.length; ++id) if (achieved[player][id]) ids[found++] = id;
        assembly {
            mstore(ids, found)
        }
    }

    /// @notice Claims an achievement once its deeds are done, from the first day on.
    function claimAchievement(uint256 id) external acts {
        if (id == 0 || id > achievements.length || achieved[msg.sender][id]) revert NotAchieved(id);
        Achievement storage one = achievements[id - 1];
        if (deeds[msg.sender][one.deed] < one.goal) revert NotAchieved(id);
        achieved[msg.sender][id] = true;
        _score(msg.sender, 50);
        emit Achieved(msg.sender, id);
        if (one.gold > 0) _pay(msg.sender, one.gold);
    }

    function _isOpen(address player, uint256 id) private view returns (bool) {
        Quest storage one = quests[id - 1];
        QuestProgress storage mine = progress[player][id];
        if (one.retired || heroes[player].level < one.level) return false;
        if (one.follows != 0 && progress[player][one.follows].completed == 0) return false;
        if (mine.completed == 0) return true;
        return one.again != 0 && block.timestamp >= mine.completedAt + uint256(one.again) * 1 hours;
    }

    function _quest(uint256 id) private view returns (Quest storage) {
        if (id == 0 || id > quests.length) revert NoSuchQuest(id);
        return quests[id - 1];
    }
}
