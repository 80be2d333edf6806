// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

/// @title What there is in the world
/// @dev Ids of items. Parcels of land are items too: see {Kinds.parcel}.
library Kinds {
    uint256 internal constant WOOD = 1;
    uint256 internal constant STONE = 2;
    uint256 internal constant ORE = 3;
    uint256 internal constant GRAIN = 4;
    uint256 internal constant HERB = 5;
    uint256 internal constant CRYSTAL = 6;
    uint256 internal constant PLANK = 10;
    uint256 internal constant BRICK = 11;
    uint256 internal constant INGOT = 12;
    uint256 internal constant BREAD = 13;
    uint256 internal constant POTION = 14;
    uint256 internal constant SWORD = 20;
    uint256 internal constant BOW = 21;
    uint256 internal constant STAFF = 22;
    uint256 internal constant SHIELD = 30;
    uint256 internal constant ARMOR = 31;
    uint256 internal constant PICKAXE = 40;
    uint256 internal constant EGG = 50;
    uint256 internal constant TROPHY = 60;

    /// @notice The map is a square of so many parcels a side.
    uint256 internal constant SIDE = 32;
    uint256 internal constant PARCEL_BASE = 1 << 32;

    /// @notice Item id of the parcel at (x, y).
    function parcel(uint256 x, uint256 y) internal pure returns (uint256) {
        return PARCEL_BASE + y * SIDE + x;
    }

    function isParcel(uint256 id) internal pure returns (bool) {
        return id >= PARCEL_BASE && id < PARCEL_BASE + SIDE * SIDE;
    }
}

/// @dev What heroes are counted for: quests and achievements ask for so many of one.
enum Deed {
    Harvest,
    Craft,
    Hunt,
    Duel,
    Travel,
    Trade,
    Build,
    Donate,
    Raid,
    Hatch
}

/// @dev Where a hero wears an item.
enum Slot {
    None,
    Weapon,
    Body,
    Tool
}
