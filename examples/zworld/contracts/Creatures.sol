// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {CommitReveal} from "@zos/zlib-contracts/contracts/game/CommitReveal.sol";
import {Deed, Kinds} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Creatures: hatched, fed, taught and bred
/// @notice A creature has sixteen genes of four bits; they decide its kind, strength and how fast it learns. Children mix their parents' genes.
abstract contract Creatures is WorldState, CommitReveal {
    struct Creature {
        address keeper;
        bytes32 name;
        uint64 genes;
        uint16 generation;
        uint16 level;
        uint32 xp;
        uint64 fedUntil;
        uint64 breedsFrom;
        uint32 mother;
        uint32 father;
    }

    bytes32 internal constant HATCH = "hatch";
    bytes32 internal constant BREED = "breed";

    Creature[] internal creatures;
    mapping(address player => uint256[]) internal kept;
    mapping(address player => uint256[2]) internal breeding;

    event Hatched(uint256 indexed id, address indexed keeper, uint64 genes, uint32 mother, uint32 father);
    event CreatureNamed(uint256 indexed id, bytes32 name);
    event CreatureFed(uint256 indexed id, uint64 until);
    event CreatureTaught(uint256 indexed id, uint16 level);
    event CreatureGiven(uint256 indexed id, address indexed from, address indexed to);
    event CompanionSet(address indexed player, uint256 indexed id);
    event CreatureFreed(uint256 indexed id);

    error NotKeeper(uint256 id);
    error Hungry(uint256 id);
    error NotReadyToBreed(uint256 id, uint64 from);
    error TooManyCreatures();

    /// @notice First step of hatching an egg.
    function commitHatch(bytes32 hash) external acts {
        if (kept[msg.sender].length >= 20) revert TooManyCreatures();
        _takeItem(msg.sender, Kinds.EGG, 1);
        _commit(msg.sender, HATCH, hash);
    }

    /// @notice Second step: the genes come out of the secret and the block.
    function revealHatch(bytes32 secret) external acts returns (uint256 id) {
        uint256 luck = _reveal(msg.sender, HATCH, secret);
        id = _born(uint64(luck), 0, 0, 0);
        _did(msg.sender, Deed.Hatch, 1);
    }

    function creature(uint256 id) external view returns (Creature memory) {
        return _creature(id);
    }

    function creaturesOf(address player) external view returns (uint256[] memory) {
        return kept[player];
    }

    /// @notice Kind (0 to 15), strength and wit that the genes give, before teaching.
    function traitsOf(uint256 id) public view returns (uint256 kind, uint256 strength, uint256 wit) {
        uint256 genes = _creature(id).genes;
        kind = genes & 15;
        for (uint256 i = 1; i < 9; ++i) strength += (genes >> (4 * i)) & 15;
        for (uint256 i = 9; i < 16; ++i) wit += (genes >> (4 * i)) & 15;
    }

    /// @notice What a creature adds to its keeper's raids on bosses: strength by level, half when it is hungry.
    function mightOf(uint256 id) public view returns (uint256 might) {
        Creature storage one = _creature(id);
        (, uint256 strength,) = traitsOf(id);
        might = strength * (10 + uint256(one.level)) / 10;
        if (block.timestamp > one.fedUntil) might /= 2;
    }

    function nameCreature(uint256 id, bytes32 name_) external acts {
        _mine(id).name = name_;
        emit CreatureNamed(id, name_);
    }

    /// @notice Three grain keep it fed for a day, at most a week ahead.
    function feedCreature(uint256 id) external acts {
        Creature storage one = _mine(id);
        uint256 from = one.fedUntil > block.timestamp ? one.fedUntil : block.timestamp;
        if (from > block.timestamp + 6 days) revert TooEarly(from - 6 days);
        _takeItem(msg.sender, Kinds.GRAIN, 3);
        one.fedUntil = uint64(from + 1 days);
        emit CreatureFed(id, one.fedUntil);
    }

    /// @notice Teaches a creature that is fed: 6 energy; it learns by its wit.
    function teachCreature(uint256 id) external acts {
        Creature storage one = _mine(id);
        if (block.timestamp > one.fedUntil) revert Hungry(id);
        _tire(heroes[msg.sender], 6);
        (,, uint256 wit) = traitsOf(id);
        one.xp += uint32(5 + wit / 8);
        if (one.level < 50 && one.xp >= 20 * (uint256(one.level) + 1) * (uint256(one.level) + 1)) one.level += 1;
        _learn(msg.sender, 2);
        emit CreatureTaught(id, one.level);
    }

    /// @notice First step of breeding two of one's creatures that are fed. It costs an herb and a gold for each generation.
    function commitBreed(uint256 mother, uint256 father, bytes32 hash) external acts {
        if (mother == father || kept[msg.sender].length >= 20) revert TooManyCreatures();
        _readyToBreed(mother);
        _readyToBreed(father);
        _takeItem(msg.sender, Kinds.HERB, 1);
        _charge(msg.sender, GOLD * (1 + uint256(_creature(mother).generation) + _creature(father).generation));
        breeding[msg.sender] = [mother, father];
        _commit(msg.sender, BREED, hash);
    }

    /// @notice Second step: each gene is the mother's or the father's; one in sixteen is new.
    function revealBreed(bytes32 secret) external acts returns (uint256 id) {
        uint256 luck = _reveal(msg.sender, BREED, secret);
        (uint256 mother, uint256 father) = (breeding[msg.sender][0], breeding[msg.sender][1]);
        Creature storage she = _mine(mother);
        Creature storage he = _mine(father);
        she.breedsFrom = uint64(block.timestamp + 1 days);
        he.breedsFrom = uint64(block.timestamp + 1 days);
        uint16 generation = (she.generation > he.generation ? she.generation : he.generation) + 1;
        id = _born(_mix(she.genes, he.genes, luck), generation, uint32(mother), uint32(father));
    }

    /// @notice Gives a creature to another player.
    function giveCreature(uint256 id, address to) external acts {
        Creature storage one = _mine(id);
        if (heroes[to].joinedAt == 0 || to == msg.sender) revert NoHero(to);
        if (kept[to].length >= 20) revert TooManyCreatures();
        _unlist(id);
        one.keeper = to;
        kept[to].push(id);
        emit CreatureGiven(id, msg.sender, to);
    }

    /// @notice Chooses the creature that goes along; 0 for none.
    function setCompanion(uint256 id) external acts {
        if (id != 0) _mine(id);
        companion[msg.sender] = id;
        emit CompanionSet(msg.sender, id);
    }

    function companionOf(address player) external view returns (uint256) {
        return companion[player];
    }

    /// @notice Lets a creature go; a tenth of what it learned goes to its keeper.
    function freeCreature(uint256 id) external acts {
        Creature storage one = _mine(id);
        _unlist(id);
        one.keeper = address(0);
        _learn(msg.sender, one.xp / 10);
        emit CreatureFreed(id);
    }

    function _born(uint64 genes, uint16 generation, uint32 mother, uint32 father) private returns (uint256 id) {
        if (kept[msg.sender].length >= 20) revert TooManyCreatures();
        creatures.push();
        id = creatures.length;
        Creature storage one = creatures[id - 1];
        (one.keeper, one.genes, one.generation) = (msg.sender, genes, generation);
        (one.mother, one.father) = (mother, father);
        one.fedUntil = uint64(block.timestamp + 1 days);
        one.breedsFrom = uint64(block.timestamp + 1 hours);
        kept[msg.sender].push(id);
        _learn(msg.sender, 10);
        emit Hatched(id, msg.sender, genes, mother, father);
    }

    function _mix(uint256 a, uint256 b, uint256 luck) private pure returns (uint64 genes) {
        for (uint256 i; i < 16; ++i) {
            uint256 shift = 4 * i;
            uint256 gene = ((luck >> i) & 1 == 0 ? a : b) >> shift;
            if ((luck >> (16 + shift)) & 15 == 0) gene = luck >> (80 + shift);
            genes |= uint64((gene & 15) << shift);
        }
    }

    function _readyToBreed(uint256 id) private view {
        Creature storage one = _mine(id);
        if (block.timestamp > one.fedUntil) revert Hungry(id);
        if (block.timestamp < one.breedsFrom) revert NotReadyToBreed(id, one.breedsFrom);
    }

    function _unlist(uint256 id) private {
        uint256[] storage all = kept[msg.sender];
        for (uint256 i; i < all.length; ++i) {
            if (all[i] != id) continue;
            all[i] = all[all.length - 1];
            all.pop();
            break;
        }
        if (companion[msg.sender] == id) companion[msg.sender] = 0;
    }

    function _mine(uint256 id) private view returns (Creature storage one) {
        one = _creature(id);
        if (one.keeper != msg.sender) revert NotKeeper(id);
    }

    function _creature(uint256 id) private view returns (Creature storage) {
        if (id == 0 || id > creatures.length) revert NotKeeper(id);
        return creatures[id - 1];
    }
}
