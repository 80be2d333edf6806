// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {CommitReveal} from "@zos/zlib-contracts/contracts/game/CommitReveal.sol";
import {Deed} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Battles: monsters, the world's boss, and duels for a stake
/// @notice A hunt is decided by chance in two steps. A duel is five rounds of stances (1 strike beats 2 feint, 2 feint beats 3 guard, 3 guard
/// beats 1 strike): both commit, both reveal, who does not reveal in time has lost.
abstract contract Battles is WorldState, CommitReveal {
    struct Monster {
        bytes32 title;
        uint16 attack;
        uint16 defence;
        uint16 health;
        uint16 energy;
        uint32 xp;
        uint128 gold;
        uint256 loot;
        // In a hundred wins, how often it leaves its loot.
        uint8 lootChance;
    }

    struct Boss {
        bytes32 title;
        uint256 health;
        uint256 fullHealth;
        uint256 prize;
        uint64 until;
    }

    enum DuelState {
        None,
        Offered,
        Accepted,
        Over
    }

    struct Duel {
        address first;
        DuelState state;
        address second;
        // Last second of the present step.
        uint64 until;
        uint128 stake;
        bytes32 firstHash;
        bytes32 secondHash;
        // Five stances, two bits each; 0 while hidden.
        uint16 firstStances;
        uint16 secondStances;
        address winner;
    }

    bytes32 internal constant HUNT = "hunt";
    uint64 public constant DUEL_STEP = 1 hours;

    Monster[] internal monsters;
    mapping(address player => uint256) internal hunted;
    Duel[] internal duels;
    uint256 internal bossCount;
    mapping(uint256 id => Boss) internal bosses;
    mapping(uint256 id => mapping(address player => uint256)) internal damage;
    mapping(address player => uint256) internal bossHitAt;

    event MonsterAdded(uint256 indexed id, bytes32 title);
    event Hunted(address indexed player, uint256 indexed monster, bool won, uint256 healthLost);
    event BossAwoke(uint256 indexed id, bytes32 title, uint256 health, uint256 prize);
    event BossHit(uint256 indexed id, address indexed player, uint256 damage, uint256 healthLeft);
    event BossPrize(uint256 indexed id, address indexed player, uint256 gold);
    event DuelOffered(uint256 indexed id, address indexed first, address indexed second, uint128 stake);
    event DuelAccepted(uint256 indexed id);
    event DuelRevealed(uint256 indexed id, address indexed player);
    event DuelOver(uint256 indexed id, address winner);

    error NoSuchMonster(uint256 id);
    error Wounded(uint256 health);
    error NoBoss(uint256 id);
    error NoPrize();
    error NoSuchDuel(uint256 id);
    error NotYourTurn(uint256 id);
    error WrongStances(uint256 id);

    function addMonster(Monster calldata one) external onlyRole(STORYTELLER_ROLE) returns (uint256 id) {
        if (one.health == 0 || one.title == 0 || one.lootChance > 100) revert BadChoice();
        if (one.loot != 0 && !_isItemDefined(one.loot)) revert BadChoice();
        monsters.push(one);
        id = monsters.length;
        emit MonsterAdded(id, one.title);
    }

    function monster(uint256 id) public view returns (Monster memory) {
        if (id == 0 || id > monsters.length) revert NoSuchMonster(id);
        return monsters[id - 1];
    }

    function monsterCount() external view returns (uint256) {
        return monsters.length;
    }

    /// @notice First step of a hunt: pays the energy and commits to a secret. Who does not reveal has lost the energy.
    function commitHunt(uint256 id, bytes32 hash) external acts {
        Monster memory one = monster(id);
        Hero storage mine = heroes[msg.sender];
        if (mine.health < 10) revert Wounded(mine.health);
        _tire(mine, one.energy);
        hunted[msg.sender] = id;
        _commit(msg.sender, HUNT, hash);
    }

    /// @notice Second step: up to ten rounds of blows, each as strong as attack against defence and some luck.
    function revealHunt(bytes32 secret) external nonReentrant acts returns (bool won) {
        uint256 id = hunted[msg.sender];
        uint256 luck = _reveal(msg.sender, HUNT, secret);
        Monster memory one = monster(id);
        Hero storage mine = heroes[msg.sender];
        uint256 lost;
        (won, lost) = _fight(msg.sender, one, luck, mine.health);
        mine.health -= uint16(lost);
        emit Hunted(msg.sender, id, won, lost);
        if (!won) {
            _learn(msg.sender, one.xp / 5);
            return won;
        }
        mine.wins += 1;
        _did(msg.sender, Deed.Hunt, 1);
        _learn(msg.sender, one.xp);
        if (one.gold > 0) _pay(msg.sender, one.gold);
        if (one.loot != 0 && (luck >> 200) % 100 < one.lootChance) _give(msg.sender, one.loot, 1);
    }

    /// @notice What the chances are: wins of `player` against a monster in a hundred tries with dice from `seed`.
    function foresee(address player, uint256 id, uint256 seed) external view returns (uint256 wins) {
        Monster memory one = monster(id);
        uint256 health = heroes[player].health;
        for (uint256 i; i < 100; ++i) {
            (bool won,) = _fight(player, one, uint256(keccak256(abi.encode(seed, i))), health);
            if (won) ++wins;
        }
    }

    /// @notice Wakes a boss: whoever hits it shares its prize by damage. The prize is set aside from the treasury.
    function wakeBoss(bytes32 title, uint256 health, uint256 prize, uint64 lifetime)
        external
        onlyRole(STORYTELLER_ROLE)
        returns (uint256 id)
    {
        if (health == 0 || lifetime == 0 || lifetime > 90 days) revert BadChoice();
        if (bossCount > 0 && _bossLives(bosses[bossCount])) revert TooEarly(bosses[bossCount].until);
        if (prize > treasury) revert TreasuryEmpty(prize, treasury);
        treasury -= prize;
        id = ++bossCount;
        bosses[id] = Boss(title, health, health, prize, uint64(block.timestamp) + lifetime);
        emit BossAwoke(id, title, health, prize);
    }

    function boss(uint256 id) external view returns (Boss memory) {
        return bosses[id];
    }

    /// @notice Number of the last boss.
    function bossNow() external view returns (uint256) {
        return bossCount;
    }

    function bossDamageOf(uint256 id, address player) external view returns (uint256) {
        return damage[id][player];
    }

    /// @notice Hits the boss, once in ten minutes: 15 energy and a tenth of one's health.
    function hitBoss() external acts returns (uint256 hit) {
        Boss storage one = bosses[bossCount];
        if (!_bossLives(one)) revert NoBoss(bossCount);
        if (block.timestamp < bossHitAt[msg.sender] + 10 minutes) revert TooEarly(bossHitAt[msg.sender] + 10 minutes);
        Hero storage mine = heroes[msg.sender];
        if (mine.health < 10) revert Wounded(mine.health);
        _tire(mine, 15);
        mine.health -= mine.health / 10;
        bossHitAt[msg.sender] = block.timestamp;
        hit = _attack(msg.sender);
        if (hit > one.health) hit = one.health;
        one.health -= hit;
        damage[bossCount][msg.sender] += hit;
        _did(msg.sender, Deed.Hunt, 1);
        _learn(msg.sender, 4);
        emit BossHit(bossCount, msg.sender, hit, one.health);
    }

    /// @notice Pays one's share of the prize of a boss that was beaten.
    function collectBossPrize(uint256 id) external acts returns (uint256 gold) {
        Boss storage one = bosses[id];
        uint256 mine = damage[id][msg.sender];
        if (one.fullHealth == 0 || one.health != 0 || mine == 0) revert NoPrize();
        damage[id][msg.sender] = 0;
        gold = one.prize * mine / one.fullHealth;
        treasury += gold;
        emit BossPrize(id, msg.sender, gold);
        _pay(msg.sender, gold);
    }

    /// @notice Puts the prize of a boss that outlived its time back into the treasury. Anyone may call it.
    function closeBoss(uint256 id) external {
        Boss storage one = bosses[id];
        if (one.fullHealth == 0 || one.health == 0 || one.prize == 0) revert NoBoss(id);
        if (block.timestamp < one.until) revert TooEarly(one.until);
        treasury += one.prize;
        one.prize = 0;
    }

    /// @notice Offers a duel and pays the stake. `hash` is {duelHash} of five stances and a salt.
    function offerDuel(address opponent, uint128 stake, bytes32 hash) external acts returns (uint256 id) {
        if (opponent == msg.sender || heroes[opponent].joinedAt == 0) revert NoHero(opponent);
        _tire(heroes[msg.sender], 10);
        if (stake > 0) _transfer(msg.sender, address(this), stake);
        duels.push();
        id = duels.length;
        Duel storage one = duels[id - 1];
        (one.first, one.second, one.stake, one.firstHash) = (msg.sender, opponent, stake, hash);
        one.state = DuelState.Offered;
        one.until = uint64(block.timestamp) + DUEL_STEP;
        emit DuelOffered(id, msg.sender, opponent, stake);
    }

    /// @notice Accepts a duel with the same stake.
    function acceptDuel(uint256 id, bytes32 hash) external acts {
        Duel storage one = _duel(id);
        if (one.state != DuelState.Offered || msg.sender != one.second) revert NotYourTurn(id);
        if (block.timestamp > one.until) revert NotYourTurn(id);
        _tire(heroes[msg.sender], 10);
        if (one.stake > 0) _transfer(msg.sender, address(this), one.stake);
        one.secondHash = hash;
        one.state = DuelState.Accepted;
        one.until = uint64(block.timestamp) + DUEL_STEP;
        emit DuelAccepted(id);
    }

    /// @notice Takes back an offer that was not accepted: by who made it, at any time; by anyone after its time.
    function cancelDuel(uint256 id) external {
        Duel storage one = _duel(id);
        if (one.state != DuelState.Offered) revert NotYourTurn(id);
        if (msg.sender != one.first && block.timestamp <= one.until) revert NotYourTurn(id);
        one.state = DuelState.Over;
        if (one.stake > 0) _transfer(address(this), one.first, one.stake);
        emit DuelOver(id, address(0));
    }

    /// @notice Shows one's stances; the second to do so ends the duel.
    function revealDuel(uint256 id, uint8[5] calldata stances, bytes32 salt) external acts {
        Duel storage one = _duel(id);
        if (one.state != DuelState.Accepted || block.timestamp > one.until) revert NotYourTurn(id);
        bytes32 hash = duelHash(msg.sender, stances, salt);
        uint16 packed = _pack(id, stances);
        if (msg.sender == one.first && one.firstStances == 0 && hash == one.firstHash) one.firstStances = packed;
        else if (msg.sender == one.second && one.secondStances == 0 && hash == one.secondHash) one.secondStances = packed;
        else revert WrongStances(id);
        emit DuelRevealed(id, msg.sender);
        if (one.firstStances == 0 || one.secondStances == 0) return;
        uint256 points = 100 + _attack(one.first) + _defence(one.first);
        uint256 otherPoints = 100 + _attack(one.second) + _defence(one.second);
        for (uint256 i; i < 10; i += 2) {
            uint256 difference = (3 + ((one.firstStances >> i) & 3) - ((one.secondStances >> i) & 3)) % 3;
            // 1 beats 2, 2 beats 3, 3 beats 1.
            if (difference == 2) points += 60;
            else if (difference == 1) otherPoints += 60;
        }
        if (points == otherPoints) _end(id, one, address(0));
        else _end(id, one, points > otherPoints ? one.first : one.second);
    }

    /// @notice Ends an accepted duel whose time is over: who has revealed wins; nobody wins if neither has.
    function endDuel(uint256 id) external {
        Duel storage one = _duel(id);
        if (one.state != DuelState.Accepted || block.timestamp <= one.until) revert NotYourTurn(id);
        if (one.firstStances != 0) _end(id, one, one.first);
        else if (one.secondStances != 0) _end(id, one, one.second);
        else _end(id, one, address(0));
    }

    function duel(uint256 id) external view returns (Duel memory) {
        return _duel(id);
    }

    function duelCount() external view returns (uint256) {
        return duels.length;
    }

    /// @notice What to commit to.
    function duelHash(address player, uint8[5] calldata stances, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(player, stances, salt));
    }

    function _end(uint256 id, Duel storage one, address winner) private {
        one.state = DuelState.Over;
        one.winner = winner;
        emit DuelOver(id, winner);
        if (winner == address(0)) {
            if (one.stake > 0) {
                _transfer(address(this), one.first, one.stake);
                _transfer(address(this), one.second, one.stake);
            }
            return;
        }
        address loser = winner == one.first ? one.second : one.first;
        _rate(winner, loser);
        _did(winner, Deed.Duel, 1);
        _learn(winner, 20);
        if (one.stake > 0) {
            // A twentieth of the loser's stake goes to the treasury.
            uint256 cut = one.stake / 20;
            treasury += cut;
            _transfer(address(this), winner, 2 * uint256(one.stake) - cut);
        }
    }

    /// @dev Elo in whole points: 16 for equals, up to 31 for beating the better one, down to 1.
    function _rate(address winner, address loser) private {
        Hero storage up = heroes[winner];
        Hero storage down = heroes[loser];
        uint256 gain = 16;
        if (down.rating > up.rating) gain += (down.rating - up.rating) / 25;
        else gain -= (up.rating - down.rating) / 25 > 15 ? 15 : (up.rating - down.rating) / 25;
        if (gain > 31) gain = 31;
        if (gain > down.rating) gain = down.rating;
        up.rating += uint16(gain);
        down.rating -= uint16(gain);
        up.wins += 1;
        down.losses += 1;
    }

    function _fight(address player, Monster memory one, uint256 luck, uint256 health)
        private
        view
        returns (bool won, uint256 lost)
    {
        uint256 left = one.health;
        for (uint256 round; round < 10; ++round) {
            uint256 blow = _blow(_attack(player), one.defence, (luck >> (round * 16)) & 0xff);
            if (blow >= left) return (true, lost);
            left -= blow;
            lost += _blow(one.attack, _defence(player), (luck >> (round * 16 + 8)) & 0xff);
            if (lost >= health) return (false, health > 1 ? health - 1 : 0);
        }
    }

    /// @dev A blow does at least 1: attack, less half of the defence, and from half to one and a half of it by luck.
    function _blow(uint256 attack, uint256 defence, uint256 dice) private pure returns (uint256) {
        uint256 force = attack > defence / 2 ? attack - defence / 2 : 0;
        return force * (128 + dice) / 256 + 1;
    }

    function _bossLives(Boss storage one) private view returns (bool) {
        return one.health > 0 && block.timestamp < one.until;
    }

    function _pack(uint256 id, uint8[5] calldata stances) private pure returns (uint16 packed) {
        for (uint256 i; i < 5; ++i) {
            if (stances[i] == 0 || stances[i] > 3) revert WrongStances(id);
            packed |= uint16(uint256(stances[i]) << (2 * i));
        }
    }

    function _duel(uint256 id) private view returns (Duel storage) {
        if (id == 0 || id > duels.length) revert NoSuchDuel(id);
        return duels[id - 1];
    }
}
