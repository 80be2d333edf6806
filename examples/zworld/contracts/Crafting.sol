// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {CommitReveal} from "@zos/zlib-contracts/contracts/game/CommitReveal.sol";
import {Deed, Kinds, Slot} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Crafting: recipes, workshops, salvage and enchantment
/// @notice A recipe turns up to four kinds of items into one. Skill grows with what is made and saves material.
abstract contract Crafting is WorldState, CommitReveal {
    struct Recipe {
        bytes32 title;
        uint32[4] inputs;
        uint16[4] amounts;
        uint32 output;
        uint16 outputAmount;
        uint16 energy;
        // Lowest skill of who may make it.
        uint16 skill;
        bool retired;
    }

    struct Batch {
        uint32 recipe;
        uint32 times;
        uint64 readyAt;
    }

    bytes32 internal constant ENCHANT = "enchant";

    Recipe[] internal recipes;
    mapping(address player => uint256) internal craftSkill;
    mapping(address player => Batch) internal batches;
    mapping(address player => Slot) internal enchanting;

    event RecipeAdded(uint256 indexed id, bytes32 title);
    event RecipeRetired(uint256 indexed id);
    event Crafted(address indexed player, uint256 indexed recipe, uint256 item, uint256 amount);
    event BatchStarted(address indexed player, uint256 indexed recipe, uint32 times, uint64 readyAt);
    event Salvaged(address indexed player, uint256 item, uint256 back);
    event Enchanted(address indexed player, Slot slot, uint8 level, bool worked);

    error NoSuchRecipe(uint256 id);
    error SkillTooLow(uint256 skill, uint256 needed);
    error BatchRunning(uint64 readyAt);
    error NoBatch();
    error CannotSalvage(uint256 item);
    error NothingWorn();

    /// @notice Adds a recipe; its id follows from the order.
    function addRecipe(Recipe calldata one) external onlyRole(STORYTELLER_ROLE) returns (uint256 id) {
        if (one.outputAmount == 0 || one.amounts[0] == 0 || one.retired || !_isItemDefined(one.output)) {
            revert BadChoice();
        }
        recipes.push(one);
        id = recipes.length;
        emit RecipeAdded(id, one.title);
    }

    function retireRecipe(uint256 id) external onlyRole(STORYTELLER_ROLE) {
        _recipe(id).retired = true;
        emit RecipeRetired(id);
    }

    function recipe(uint256 id) external view returns (Recipe memory) {
        return _recipe(id);
    }

    function recipeCount() external view returns (uint256) {
        return recipes.length;
    }

    /// @notice One point for ten things made; each ten points save a twentieth of the material, up to a quarter.
    function skillOf(address player) public view returns (uint256) {
        return craftSkill[player] / 10;
    }

    /// @notice What a player has to give for `times` of a recipe: items and amounts.
    function materialFor(address player, uint256 id, uint256 times)
        public
        view
        returns (uint256[4] memory items, uint256[4] memory amounts)
    {
        Recipe storage one = _recipe(id);
        uint256 saved = skillOf(player) / 10 * 5;
        if (saved > 25) saved = 25;
        for (uint256 i; i < 4; ++i) {
            items[i] = one.inputs[i];
            uint256 whole = uint256(one.amounts[i]) * times;
            amounts[i] = whole - whole * saved / 100;
        }
    }

    /// @notice Makes a recipe up to 20 times at once.
    function craft(uint256 id, uint256 times) external nonReentrant acts {
        if (times == 0 || times > 20) revert BadChoice();
        Recipe storage one = _spend(id, times);
        _tire(heroes[msg.sender], uint256(one.energy) * times);
        _finish(id, times);
    }

    /// @notice Leaves up to 200 of a recipe to the workshop: a minute each, and a quarter of the energy.
    function startBatch(uint256 id, uint32 times) external nonReentrant acts {
        Batch storage mine = batches[msg.sender];
        if (mine.times != 0) revert BatchRunning(mine.readyAt);
        if (times == 0 || times > 200) revert BadChoice();
        Recipe storage one = _spend(id, times);
        _tire(heroes[msg.sender], (uint256(one.energy) * times + 3) / 4);
        batches[msg.sender] = Batch(uint32(id), times, uint64(block.timestamp + uint256(times) * 60));
        emit BatchStarted(msg.sender, id, times, batches[msg.sender].readyAt);
    }

    function batchOf(address player) external view returns (Batch memory) {
        return batches[player];
    }

    function collectBatch() external nonReentrant acts {
        Batch memory mine = batches[msg.sender];
        if (mine.times == 0) revert NoBatch();
        if (block.timestamp < mine.readyAt) revert BatchRunning(mine.readyAt);
        delete batches[msg.sender];
        _finish(mine.recipe, mine.times);
    }

    /// @notice Takes something apart: a third of what its recipe needs comes back.
    function salvage(uint256 id) external nonReentrant acts {
        Recipe storage one = _recipe(id);
        if (one.outputAmount != 1) revert CannotSalvage(one.output);
        _tire(heroes[msg.sender], 2);
        _takeItem(msg.sender, one.output, 1);
        uint256 back;
        for (uint256 i; i < 4; ++i) {
            uint256 amount = one.amounts[i] / 3;
            back += amount;
            if (amount > 0) _give(msg.sender, one.inputs[i], amount);
        }
        emit Salvaged(msg.sender, one.output, back);
    }

    /// @notice First step of an enchantment of what is worn: pays a crystal and commits to a secret.
    function commitEnchant(Slot slot, bytes32 hash) external acts {
        if (slot == Slot.None || worn[msg.sender][slot] == 0) revert NothingWorn();
        if (enchantment[msg.sender][slot] >= 10) revert BadChoice();
        _takeItem(msg.sender, Kinds.CRYSTAL, 1);
        enchanting[msg.sender] = slot;
        _commit(msg.sender, ENCHANT, hash);
    }

    /// @notice Second step: works more rarely with each level; fails with a level lost above 5. A keen mind helps.
    function revealEnchant(bytes32 secret) external acts returns (bool worked) {
        Slot slot = enchanting[msg.sender];
        uint256 dice = _reveal(msg.sender, ENCHANT, secret) % 100;
        if (worn[msg.sender][slot] == 0) revert NothingWorn();
        uint8 level = enchantment[msg.sender][slot];
        worked = dice < 90 - 8 * uint256(level) + heroes[msg.sender].mind / 5;
        if (worked) level += 1;
        else if (level > 5) level -= 1;
        enchantment[msg.sender][slot] = level;
        _learn(msg.sender, 5);
        emit Enchanted(msg.sender, slot, level, worked);
    }

    function _spend(uint256 id, uint256 times) private returns (Recipe storage one) {
        one = _recipe(id);
        if (one.retired) revert NoSuchRecipe(id);
        if (skillOf(msg.sender) < one.skill) revert SkillTooLow(skillOf(msg.sender), one.skill);
        (uint256[4] memory items, uint256[4] memory amounts) = materialFor(msg.sender, id, times);
        for (uint256 i; i < 4; ++i) _takeItem(msg.sender, items[i], amounts[i]);
    }

    function _finish(uint256 id, uint256 times) private {
        Recipe storage one = recipes[id - 1];
        uint256 amount = uint256(one.outputAmount) * times;
        craftSkill[msg.sender] += times;
        _did(msg.sender, Deed.Craft, times);
        _learn(msg.sender, 2 * times);
        emit Crafted(msg.sender, id, one.output, amount);
        _give(msg.sender, one.output, amount);
    }

    function _recipe(uint256 id) private view returns (Recipe storage) {
        if (id == 0 || id > recipes.length) revert NoSuchRecipe(id);
        return recipes[id - 1];
    }
}
