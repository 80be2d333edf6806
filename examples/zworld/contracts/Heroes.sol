// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Deed, Kinds, Slot} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Heroes: who plays
/// @notice One hero an account. Acting costs energy, which comes back with time; levels give points for traits.
abstract contract Heroes is WorldState {
    /// @notice Gold that a new hero gets, and how many get it in a day.
    uint256 public constant WELCOME_GOLD = 50 * GOLD;
    uint256 public constant NEWCOMERS_A_DAY = 500;

    mapping(uint256 day => uint256) internal newcomers;
    mapping(bytes32 name => address) internal heroNamed;

    event Joined(address indexed player, bytes32 indexed name, uint8 class);
    event Renamed(address indexed player, bytes32 name);
    event Travelled(address indexed player, uint16 x, uint16 y);
    event Worn(address indexed player, Slot slot, uint256 item);
    event Retired(address indexed player);

    error AlreadyJoined();
    error NameTaken(bytes32 name);
    error NoPoints(uint256 points);
    error NotWearable(uint256 item);
    error NotHurt();

    /// @notice Enters the world with a name and a class (1 warrior, 2 ranger, 3 mage). Also allows the world to take the player's gold for what
    /// the player does in its market, bank and auctions.
    function join(bytes32 name_, uint8 class) external nonReentrant {
        _requireNotPaused();
        Hero storage hero = heroes[msg.sender];
        if (hero.joinedAt != 0) revert AlreadyJoined();
        if (class == 0 || class > 3) revert BadChoice();
        _takeName(name_);
        hero.name = name_;
        hero.class = class;
        hero.level = 1;
        hero.joinedAt = uint64(block.timestamp);
        hero.energyAt = uint64(block.timestamp);
        hero.energy = 100;
        (hero.strength, hero.agility, hero.mind) = (5, 5, 5);
        if (class == 1) hero.strength = 9;
        else if (class == 2) hero.agility = 9;
        else hero.mind = 9;
        hero.rating = 1_000;
        hero.health = uint16(_mostHealth(hero));
        uint256 place = uint256(keccak256(abi.encode(msg.sender)));
        (hero.x, hero.y) = (uint16(place % Kinds.SIDE), uint16((place >> 16) % Kinds.SIDE));
        _approve(msg.sender, address(this), type(uint256).max);
        emit Joined(msg.sender, name_, class);
        uint256 today = block.timestamp / 1 days;
        if (newcomers[today] < NEWCOMERS_A_DAY && treasury >= WELCOME_GOLD) {
            newcomers[today] += 1;
            _pay(msg.sender, WELCOME_GOLD);
        }
        _give(msg.sender, Kinds.BREAD, 3);
        _give(msg.sender, Kinds.WOOD, 10);
    }

    /// @notice Takes another name, for 20 gold.
    function rename(bytes32 name_) external acts {
        _charge(msg.sender, 20 * GOLD);
        delete heroNamed[heroes[msg.sender].name];
        _takeName(name_);
        heroes[msg.sender].name = name_;
        emit Renamed(msg.sender, name_);
    }

    /// @notice Leaves the world. The name becomes free; what the account owns stays its own.
    function retire() external acts {
        Hero storage hero = heroes[msg.sender];
        if (hero.guild != 0) revert BadChoice();
        delete heroNamed[hero.name];
        delete heroes[msg.sender];
        emit Retired(msg.sender);
    }

    function hero(address player) external view returns (Hero memory one) {
        one = heroes[player];
        if (one.joinedAt != 0) one.energy = uint16(_energy(heroes[player]));
    }

    function playerNamed(bytes32 name_) external view returns (address) {
        return heroNamed[name_];
    }

    function energyOf(address player) external view returns (uint256) {
        return _energy(heroes[player]);
    }

    /// @notice What a hero wears: item and enchantment of weapon, body and tool.
    function gearOf(address player) external view returns (uint256[3] memory items, uint8[3] memory enchantments) {
        for (uint8 i; i < 3; ++i) {
            items[i] = worn[player][Slot(i + 1)];
            enchantments[i] = enchantment[player][Slot(i + 1)];
        }
    }

    function powerOf(address player) external view returns (uint256 attack, uint256 defence) {
        return (_attack(player), _defence(player));
    }

    function deedsOf(address player) external view returns (uint256[10] memory counts) {
        for (uint8 i; i < 10; ++i) counts[i] = deeds[player][Deed(i)];
    }

    /// @notice Gives points to the traits.
    function train(uint16 strength, uint16 agility, uint16 mind) external acts {
        Hero storage one = heroes[msg.sender];
        uint256 wanted = uint256(strength) + agility + mind;
        if (wanted == 0 || wanted > one.points) revert NoPoints(one.points);
        one.points -= uint16(wanted);
        one.strength += strength;
        one.agility += agility;
        one.mind += mind;
    }

    /// @notice Takes all points back, for 5 gold a level.
    function forget() external acts {
        Hero storage one = heroes[msg.sender];
        _charge(msg.sender, 5 * GOLD * one.level);
        uint16 spent = one.strength + one.agility + one.mind - 19;
        one.points += spent;
        (one.strength, one.agility, one.mind) = (5, 5, 5);
        if (one.class == 1) one.strength = 9;
        else if (one.class == 2) one.agility = 9;
        else one.mind = 9;
        if (one.health > _mostHealth(one)) one.health = uint16(_mostHealth(one));
    }

    /// @notice Walks to another parcel: one energy a step, fewer for the agile.
    function travel(uint16 x, uint16 y) external acts {
        _onMap(x, y);
        Hero storage one = heroes[msg.sender];
        uint256 steps = _distance(one.x, one.y, x, y);
        if (steps == 0) revert BadChoice();
        uint256 cost = steps * 20 / (20 + uint256(one.agility)) + 1;
        _tire(one, cost);
        (one.x, one.y) = (x, y);
        _did(msg.sender, Deed.Travel, steps);
        emit Travelled(msg.sender, x, y);
    }

    /// @notice Eats a bread: 25 energy.
    function eat() external acts {
        _takeItem(msg.sender, Kinds.BREAD, 1);
        Hero storage one = heroes[msg.sender];
        one.energy = uint16(_energy(one) + 25);
        one.energyAt = uint64(block.timestamp);
    }

    /// @notice Drinks a potion: half of the health.
    function drink() external acts {
        Hero storage one = heroes[msg.sender];
        uint256 most = _mostHealth(one);
        if (one.health >= most) revert NotHurt();
        _takeItem(msg.sender, Kinds.POTION, 1);
        uint256 health = one.health + most / 2;
        one.health = uint16(health > most ? most : health);
    }

    /// @notice Sleeps: ten energy become a tenth of the health, more for the strong.
    function rest() external acts {
        Hero storage one = heroes[msg.sender];
        uint256 most = _mostHealth(one);
        if (one.health >= most) revert NotHurt();
        _tire(one, 10);
        uint256 health = one.health + most / 10 + one.strength / 2;
        one.health = uint16(health > most ? most : health);
    }

    /// @notice Wears an item; what was worn there comes back.
    function wear(uint256 item) external nonReentrant acts {
        Slot slot = slotOf(item);
        if (slot == Slot.None) revert NotWearable(item);
        uint256 before = worn[msg.sender][slot];
        _takeItem(msg.sender, item, 1);
        worn[msg.sender][slot] = item;
        enchantment[msg.sender][slot] = 0;
        emit Worn(msg.sender, slot, item);
        if (before != 0) _give(msg.sender, before, 1);
    }

    /// @notice Takes an item off. Its enchantment is lost.
    function takeOff(Slot slot) external nonReentrant acts {
        uint256 item = worn[msg.sender][slot];
        if (item == 0) revert NotWearable(0);
        worn[msg.sender][slot] = 0;
        enchantment[msg.sender][slot] = 0;
        emit Worn(msg.sender, slot, 0);
        _give(msg.sender, item, 1);
    }

    /// @notice Where an item is worn.
    function slotOf(uint256 item) public pure returns (Slot) {
        if (item >= Kinds.SWORD && item <= Kinds.STAFF) return Slot.Weapon;
        if (item == Kinds.SHIELD || item == Kinds.ARMOR) return Slot.Body;
        if (item == Kinds.PICKAXE) return Slot.Tool;
        return Slot.None;
    }

    function _attack(address player) internal view virtual override returns (uint256) {
        Hero storage one = heroes[player];
        uint256 weapon = worn[player][Slot.Weapon];
        uint256 power = 5 + one.strength;
        if (weapon == Kinds.SWORD) power += 8 + one.strength;
        else if (weapon == Kinds.BOW) power += 8 + one.agility;
        else if (weapon == Kinds.STAFF) power += 8 + one.mind;
        return power + 2 * uint256(enchantment[player][Slot.Weapon]);
    }

    function _defence(address player) internal view virtual override returns (uint256) {
        Hero storage one = heroes[player];
        uint256 body = worn[player][Slot.Body];
        uint256 power = 3 + (uint256(one.agility) + one.strength) / 2;
        if (body == Kinds.SHIELD) power += 6;
        else if (body == Kinds.ARMOR) power += 10;
        return power + 2 * uint256(enchantment[player][Slot.Body]);
    }

    function _takeName(bytes32 name_) private {
        if (name_ == 0) revert BadChoice();
        if (heroNamed[name_] != address(0)) revert NameTaken(name_);
        heroNamed[name_] = msg.sender;
    }
}
