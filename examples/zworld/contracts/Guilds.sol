// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Deed} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Guilds: members, dues, a treasury that officers spend together, alliances and wars
abstract contract Guilds is WorldState {
    struct Guild {
        bytes32 name;
        address leader;
        uint32 members;
        // Gold a week.
        uint128 dues;
        uint256 gold;
        uint32 ally;
        uint32 enemy;
        uint64 warUntil;
        uint256 warScore;
        bytes32 motto;
    }

    struct Spending {
        uint32 guild;
        bool done;
        uint16 approvals;
        address to;
        uint256 gold;
        uint64 until;
    }

    uint256 public constant GUILD_PRICE = 30 * GOLD;
    uint256 public constant MAX_MEMBERS = 50;

    uint32 internal guildCount;
    mapping(uint32 id => Guild) internal guilds;
    mapping(bytes32 name => uint32) internal guildNamed;
    mapping(uint32 id => address[]) internal members;
    // 0 member, 1 officer, 2 leader.
    mapping(address player => uint8) internal rank;
    mapping(address player => uint32) internal invitedTo;
    mapping(address player => uint64) internal duesPaidUntil;
    mapping(uint32 id => uint32) internal allianceOffered;
    Spending[] internal spendings;
    mapping(uint256 id => mapping(address officer => bool)) internal approved;

    event GuildFounded(uint32 indexed id, bytes32 name, address indexed leader);
    event GuildEnded(uint32 indexed id);
    event Invited(uint32 indexed id, address indexed player);
    event GuildJoined(uint32 indexed id, address indexed player);
    event GuildLeft(uint32 indexed id, address indexed player);
    event RankSet(uint32 indexed id, address indexed player, uint8 rank);
    event GuildDonation(uint32 indexed id, address indexed player, uint256 gold);
    event SpendingProposed(uint256 indexed spending, uint32 indexed id, address to, uint256 gold);
    event SpendingApproved(uint256 indexed spending, address indexed officer, bool paid);
    event Allied(uint32 indexed id, uint32 indexed ally);
    event AllianceEnded(uint32 indexed id, uint32 indexed ally);
    event WarDeclared(uint32 indexed id, uint32 indexed enemy, uint64 until);
    event WarEnded(uint32 indexed winner, uint32 indexed loser, uint256 prize);

    error InGuild(uint32 id);
    error NotInGuild();
    error NotInvited(uint32 id);
    error GuildNameTaken(bytes32 name);
    error GuildFull();
    error RankTooLow(uint8 rank, uint8 needed);
    error NotAlone(uint32 members);
    error NoSpending(uint256 id);
    error ApprovedAlready(uint256 id);
    error GuildTooPoor(uint256 gold, uint256 wanted);
    error AtWar(uint32 id);
    error NotAtWar(uint32 id);

    /// @notice Founds a guild, for 30 gold.
    function foundGuild(bytes32 name_, bytes32 motto) external acts returns (uint32 id) {
        if (heroes[msg.sender].guild != 0) revert InGuild(heroes[msg.sender].guild);
        if (name_ == 0) revert BadChoice();
        if (guildNamed[name_] != 0) revert GuildNameTaken(name_);
        _charge(msg.sender, GUILD_PRICE);
        id = ++guildCount;
        guildNamed[name_] = id;
        guilds[id].name = name_;
        guilds[id].motto = motto;
        guilds[id].leader = msg.sender;
        emit GuildFounded(id, name_, msg.sender);
        _enter(id, msg.sender, 2);
    }

    function guild(uint32 id) external view returns (Guild memory) {
        return guilds[id];
    }

    function guildTotal() external view returns (uint32) {
        return guildCount;
    }

    function guildOfName(bytes32 name_) external view returns (uint32) {
        return guildNamed[name_];
    }

    function guildMembers(uint32 id) external view returns (address[] memory players, uint8[] memory ranks) {
        players = members[id];
        ranks = new uint8[](players.length);
        for (uint256 i; i < players.length; ++i) ranks[i] = rank[players[i]];
    }

    function invitationOf(address player) external view returns (uint32) {
        return invitedTo[player];
    }

    function duesPaid(address player) external view returns (uint64 until) {
        return duesPaidUntil[player];
    }

    /// @notice An officer invites a player.
    function invite(address player) external acts {
        uint32 id = _atLeast(1);
        if (heroes[player].joinedAt == 0) revert NoHero(player);
        invitedTo[player] = id;
        emit Invited(id, player);
    }

    function acceptInvitation(uint32 id) external acts {
        if (heroes[msg.sender].guild != 0) revert InGuild(heroes[msg.sender].guild);
        if (invitedTo[msg.sender] != id || guilds[id].members == 0) revert NotInvited(id);
        if (guilds[id].members >= MAX_MEMBERS) revert GuildFull();
        delete invitedTo[msg.sender];
        _enter(id, msg.sender, 0);
    }

    function leaveGuild() external acts {
        uint32 id = _atLeast(0);
        if (rank[msg.sender] == 2) revert RankTooLow(2, 0);
        _exit(id, msg.sender);
    }

    /// @notice An officer sends a member of lower rank away.
    function expel(address player) external acts {
        uint32 id = _atLeast(1);
        if (heroes[player].guild != id) revert NotInGuild();
        if (rank[player] >= rank[msg.sender]) revert RankTooLow(rank[msg.sender], rank[player] + 1);
        _exit(id, player);
    }

    /// @notice The leader makes officers (1) and members (0), or hands the leadership over (2).
    function setRank(address player, uint8 newRank) external acts {
        uint32 id = _atLeast(2);
        if (heroes[player].guild != id || player == msg.sender) revert NotInGuild();
        if (newRank > 2) revert BadChoice();
        rank[player] = newRank;
        emit RankSet(id, player, newRank);
        if (newRank == 2) {
            rank[msg.sender] = 1;
            guilds[id].leader = player;
            emit RankSet(id, msg.sender, 1);
        }
    }

    function setMotto(bytes32 motto) external acts {
        guilds[_atLeast(1)].motto = motto;
    }

    function setDues(uint128 goldAWeek) external acts {
        guilds[_atLeast(2)].dues = goldAWeek;
    }

    /// @notice Pays the dues of a week.
    function payDues() external acts {
        uint32 id = _atLeast(0);
        uint64 from = duesPaidUntil[msg.sender] > block.timestamp ? duesPaidUntil[msg.sender] : uint64(block.timestamp);
        duesPaidUntil[msg.sender] = from + 1 weeks;
        _fund(id, guilds[id].dues);
    }

    function donateToGuild(uint256 gold) external acts {
        _fund(_atLeast(0), gold);
        _did(msg.sender, Deed.Donate, gold / GOLD);
    }

    /// @notice An officer proposes to pay from the guild's gold; that is the first approval.
    function proposeSpending(address to, uint256 gold) external acts returns (uint256 spending) {
        uint32 id = _atLeast(1);
        if (to == address(0) || gold == 0) revert BadChoice();
        spendings.push(Spending(id, false, 0, to, gold, uint64(block.timestamp + 7 days)));
        spending = spendings.length;
        emit SpendingProposed(spending, id, to, gold);
        _approveSpending(spending);
    }

    /// @notice Another officer approves. With more than half of the officers, the guild pays.
    function approveSpending(uint256 spending) external acts {
        _approveSpending(spending);
    }

    function spendingOf(uint256 id) external view returns (Spending memory) {
        if (id == 0 || id > spendings.length) revert NoSpending(id);
        return spendings[id - 1];
    }

    /// @notice Offers an alliance, or accepts one that was offered. Allies cannot be at war with each other.
    function ally(uint32 other) external acts {
        uint32 id = _atLeast(2);
        if (other == id || guilds[other].members == 0 || guilds[id].ally != 0 || guilds[other].ally != 0) {
            revert BadChoice();
        }
        if (guilds[id].enemy == other || guilds[other].enemy == id) revert AtWar(other);
        if (allianceOffered[other] != id) {
            allianceOffered[id] = other;
            return;
        }
        delete allianceOffered[other];
        (guilds[id].ally, guilds[other].ally) = (other, id);
        emit Allied(id, other);
    }

    function endAlliance() external acts {
        uint32 id = _atLeast(2);
        uint32 other = guilds[id].ally;
        if (other == 0) revert BadChoice();
        (guilds[id].ally, guilds[other].ally) = (0, 0);
        emit AllianceEnded(id, other);
    }

    /// @notice Declares war for three days: who wins more duels and hunts... counts what its members score meanwhile.
    function declareWar(uint32 enemy) external acts {
        uint32 id = _atLeast(2);
        if (enemy == id || guilds[enemy].members == 0 || guilds[id].ally == enemy) revert BadChoice();
        if (guilds[id].enemy != 0) revert AtWar(guilds[id].enemy);
        if (guilds[enemy].enemy != 0) revert AtWar(guilds[enemy].enemy);
        uint64 until = uint64(block.timestamp + 3 days);
        (guilds[id].enemy, guilds[id].warUntil, guilds[id].warScore) = (enemy, until, guildScore(id));
        (guilds[enemy].enemy, guilds[enemy].warUntil, guilds[enemy].warScore) = (id, until, guildScore(enemy));
        emit WarDeclared(id, enemy, until);
    }

    /// @notice Ends a war whose time is over: who scored more takes a tenth of the other's gold. Anyone may call it.
    function endWar(uint32 id) external {
        uint32 other = guilds[id].enemy;
        if (other == 0) revert NotAtWar(id);
        if (block.timestamp < guilds[id].warUntil) revert TooEarly(guilds[id].warUntil);
        (guilds[id].enemy, guilds[other].enemy) = (0, 0);
        uint256 mine = _gained(id);
        uint256 theirs = _gained(other);
        if (mine == theirs) {
            emit WarEnded(0, 0, 0);
            return;
        }
        (uint32 winner, uint32 loser) = mine > theirs ? (id, other) : (other, id);
        uint256 prize = guilds[loser].gold / 10;
        guilds[loser].gold -= prize;
        guilds[winner].gold += prize;
        emit WarEnded(winner, loser, prize);
    }

    /// @notice Sum of its members' scores of the season.
    function guildScore(uint32 id) public view returns (uint256 sum) {
        address[] storage all = members[id];
        for (uint256 i; i < all.length; ++i) sum += scores[season][all[i]];
    }

    /// @notice The last member ends the guild and takes its gold.
    function endGuild() external acts {
        uint32 id = _atLeast(2);
        Guild storage one = guilds[id];
        if (one.members > 1) revert NotAlone(one.members);
        if (one.enemy != 0) revert AtWar(one.enemy);
        if (one.ally != 0) guilds[one.ally].ally = 0;
        uint256 gold = one.gold;
        delete guildNamed[one.name];
        _exit(id, msg.sender);
        delete guilds[id];
        emit GuildEnded(id);
        if (gold > 0) _transfer(address(this), msg.sender, gold);
    }

    function _gained(uint32 id) private view returns (uint256) {
        uint256 score = guildScore(id);
        return score > guilds[id].warScore ? score - guilds[id].warScore : 0;
    }

    function _fund(uint32 id, uint256 gold) private {
        _transfer(msg.sender, address(this), gold);
        guilds[id].gold += gold;
        emit GuildDonation(id, msg.sender, gold);
    }

    function _approveSpending(uint256 spending) private {
        if (spending == 0 || spending > spendings.length) revert NoSpending(spending);
        Spending storage one = spendings[spending - 1];
        uint32 id = _atLeast(1);
        if (one.guild != id || one.done || block.timestamp > one.until) revert NoSpending(spending);
        if (approved[spending][msg.sender]) revert ApprovedAlready(spending);
        approved[spending][msg.sender] = true;
        one.approvals += 1;
        bool enough = 2 * uint256(one.approvals) > _officers(id);
        emit SpendingApproved(spending, msg.sender, enough);
        if (!enough) return;
        if (guilds[id].gold < one.gold) revert GuildTooPoor(guilds[id].gold, one.gold);
        one.done = true;
        guilds[id].gold -= one.gold;
        _transfer(address(this), one.to, one.gold);
    }

    function _officers(uint32 id) private view returns (uint256 count) {
        address[] storage all = members[id];
        for (uint256 i; i < all.length; ++i) if (rank[all[i]] > 0) ++count;
    }

    function _atLeast(uint8 needed) private view returns (uint32 id) {
        id = heroes[msg.sender].guild;
        if (id == 0) revert NotInGuild();
        if (rank[msg.sender] < needed) revert RankTooLow(rank[msg.sender], needed);
    }

    function _enter(uint32 id, address player, uint8 as_) private {
        heroes[player].guild = id;
        rank[player] = as_;
        guilds[id].members += 1;
        members[id].push(player);
        emit GuildJoined(id, player);
    }

    function _exit(uint32 id, address player) private {
        heroes[player].guild = 0;
        rank[player] = 0;
        guilds[id].members -= 1;
        address[] storage all = members[id];
        for (uint256 i; i < all.length; ++i) {
            if (all[i] != player) continue;
            all[i] = all[all.length - 1];
            all.pop();
            break;
        }
        emit GuildLeft(id, player);
    }
}
