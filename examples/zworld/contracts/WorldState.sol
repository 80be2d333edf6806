// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {PauseSwitch} from "@zos/zlib-contracts/contracts/guard/PauseSwitch.sol";
import {OneAddressDao} from "@zos/zlib-contracts/contracts/governance/OneAddressDao.sol";
import {GameItems} from "@zos/zlib-contracts/contracts/game/GameItems.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Deed, Kinds, Slot} from "./Kinds.sol";

/// @title What all parts of the world share
/// @notice Heroes, the treasury, deeds and scores. Gold is the ERC-20 at the world's address; what the world pays comes from its treasury and
/// what it charges goes back there, so that no gold is made after the beginning.
abstract contract WorldState is OneAddressDao, GameItems, PauseSwitch, ReentrancyGuardTransient {
    struct Hero {
        bytes32 name;
        // 1 warrior, 2 ranger, 3 mage.
        uint8 class;
        uint16 level;
        uint32 xp;
        uint16 health;
        uint16 energy;
        // When `energy` was so.
        uint64 energyAt;
        uint16 strength;
        uint16 agility;
        uint16 mind;
        // Not yet given to a trait.
        uint16 points;
        uint16 x;
        uint16 y;
        uint32 guild;
        uint16 rating;
        uint32 wins;
        uint32 losses;
        uint64 joinedAt;
    }

    /// @notice May add quests, recipes, monsters and seasons.
    bytes32 public constant STORYTELLER_ROLE = keccak256("STORYTELLER_ROLE");
    uint256 internal constant GOLD = 1e18;
    uint256 internal constant ENERGY_SECONDS = 30;

    mapping(address player => Hero) internal heroes;
    mapping(address player => mapping(Slot => uint256)) internal worn;
    mapping(address player => mapping(Slot => uint8)) internal enchantment;
    mapping(address player => mapping(Deed => uint256)) internal deeds;
    mapping(address player => uint256) internal companion;
    mapping(uint256 parcel => address) internal holderOf;

    /// @notice Gold that belongs to the world itself. Stakes, bids, deals and distributions also lie at its address and are not part of it.
    uint256 public treasury;

    uint32 internal season;
    mapping(uint32 season => mapping(address player => uint256)) internal scores;
    mapping(uint32 season => address[]) internal ranking;

    event Did(address indexed player, Deed indexed deed, uint256 amount);
    event LevelReached(address indexed player, uint16 level);
    event TreasuryPaid(address indexed to, uint256 amount);

    error NoHero(address player);
    error TooTired(uint256 energy, uint256 needed);
    error TreasuryEmpty(uint256 wanted, uint256 has);
    error NotHere(uint256 x, uint256 y);
    error OffTheMap(uint256 x, uint256 y);
    error NotYours(uint256 parcel);
    error NotGovernance(address caller);
    error TooEarly(uint256 until);
    error BadChoice();

    /// @dev What every action of a hero begins with.
    modifier acts() {
        _requireHero();
        _;
    }

    function _requireHero() private view {
        _requireNotPaused();
        if (heroes[msg.sender].joinedAt == 0) revert NoHero(msg.sender);
    }

    /// @notice Pays gold out of the treasury. By a proposal only. Errors: {NotGovernance}, {TreasuryEmpty}.
    function spendTreasury(address to, uint256 amount) external {
        if (msg.sender != address(this)) revert NotGovernance(msg.sender);
        _pay(to, amount);
        emit TreasuryPaid(to, amount);
    }

    /// @notice Gives gold to the treasury.
    function donateToTreasury(uint256 amount) external {
        _charge(msg.sender, amount);
    }

    function _charge(address from, uint256 amount) internal {
        _transfer(from, address(this), amount);
        treasury += amount;
    }

    function _pay(address to, uint256 amount) internal {
        if (amount > treasury) revert TreasuryEmpty(amount, treasury);
        treasury -= amount;
        _transfer(address(this), to, amount);
    }

    function _give(address to, uint256 item, uint256 amount) internal {
        if (amount > 0) _mint(to, item, amount, "");
    }

    function _takeItem(address from, uint256 item, uint256 amount) internal {
        if (amount > 0) _burn(from, item, amount);
    }

    /// @dev Energy now: one each half minute, up to 100 and 5 for each level.
    function _energy(Hero storage hero) internal view returns (uint256 energy) {
        energy = hero.energy + (block.timestamp - hero.energyAt) / ENERGY_SECONDS;
        uint256 most = 100 + 5 * uint256(hero.level);
        if (energy > most) energy = most;
    }

    function _tire(Hero storage hero, uint256 cost) internal {
        uint256 energy = _energy(hero);
        if (energy < cost) revert TooTired(energy, cost);
        hero.energy = uint16(energy - cost);
        hero.energyAt = uint64(block.timestamp);
    }

    function _mostHealth(Hero storage hero) internal view returns (uint256) {
        return 50 + 10 * uint256(hero.level) + 2 * uint256(hero.strength);
    }

    function _learn(address player, uint256 xp) internal {
        Hero storage hero = heroes[player];
        hero.xp += uint32(xp);
        while (hero.level < 1_000 && hero.xp >= 50 * uint256(hero.level) * hero.level) {
            hero.level += 1;
            hero.points += 3;
            hero.health = uint16(_mostHealth(hero));
            emit LevelReached(player, hero.level);
        }
        _score(player, xp);
    }

    function _did(address player, Deed deed, uint256 amount) internal {
        deeds[player][deed] += amount;
        emit Did(player, deed, amount);
    }

    /// @dev Adds to the season's score and keeps the ranking of the best twenty in order.
    function _score(address player, uint256 points) internal {
        uint256 mine = scores[season][player] + points;
        scores[season][player] = mine;
        address[] storage best = ranking[season];
        uint256 at = best.length;
        for (uint256 i; i < best.length; ++i) if (best[i] == player) at = i;
        if (at == best.length) {
            if (best.length < 20) best.push(player);
            else if (scores[season][best[19]] < mine) (at, best[19]) = (19, player);
            else return;
        }
        for (; at > 0 && scores[season][best[at - 1]] < mine; --at) {
            (best[at - 1], best[at]) = (best[at], best[at - 1]);
        }
    }

    function _onMap(uint256 x, uint256 y) internal pure {
        if (x >= Kinds.SIDE || y >= Kinds.SIDE) revert OffTheMap(x, y);
    }

    function _standsAt(Hero storage hero, uint256 x, uint256 y) internal view {
        if (hero.x != x || hero.y != y) revert NotHere(x, y);
    }

    function _distance(uint256 x0, uint256 y0, uint256 x1, uint256 y1) internal pure returns (uint256) {
        return (x0 > x1 ? x0 - x1 : x1 - x0) + (y0 > y1 ? y0 - y1 : y1 - y0);
    }

    /// @dev Attack and defence of a hero with what it wears and who goes with it.
    function _attack(address player) internal view virtual returns (uint256);
    function _defence(address player) internal view virtual returns (uint256);

    function _update(address from, address to, uint256[] memory ids, uint256[] memory values)
        internal
        virtual
        override
    {
        super._update(from, to, ids, values);
        for (uint256 i; i < ids.length; ++i) if (Kinds.isParcel(ids[i])) holderOf[ids[i]] = to;
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        virtual
        override(OneAddressDao, GameItems, AccessControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }
}
