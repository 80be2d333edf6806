// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Deed, Kinds, Slot} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title Land: parcels, buildings, harvests, rent and tax
/// @notice A parcel is an item of which there is one. Buildings make resources by the minute; who does not pay the tax for a month loses the parcel.
abstract contract Land is WorldState {
    enum Terrain {
        Plain,
        Forest,
        Hill,
        Mountain,
        Swamp,
        Lake
    }

    struct Parcel {
        // 0 none, 1 farm, 2 sawmill, 3 quarry, 4 mine, 5 garden, 6 tower.
        uint8 building;
        uint8 level;
        uint64 harvestedAt;
        uint64 taxedUntil;
        address tenant;
        uint64 rentedUntil;
        // Gold a day for who wants to rent; 0 is not to let.
        uint128 rent;
        bytes32 sign;
    }

    struct ParcelView {
        uint16 x;
        uint16 y;
        Terrain terrain;
        address holder;
        Parcel parcel;
    }

    mapping(uint256 id => Parcel) internal parcels;
    uint256 internal claimedParcels;
    bytes32 internal mapSeed;

    event Claimed(address indexed player, uint16 x, uint16 y, uint256 price);
    event Built(address indexed player, uint16 x, uint16 y, uint8 building, uint8 level);
    event Harvested(address indexed player, uint16 x, uint16 y, uint256 item, uint256 amount);
    event ToLet(uint16 x, uint16 y, uint128 rent);
    event Rented(address indexed tenant, uint16 x, uint16 y, uint64 until);
    event Taxed(uint16 x, uint16 y, uint64 until);
    event Repossessed(address indexed from, uint16 x, uint16 y);
    event SignSet(uint16 x, uint16 y, bytes32 text);

    error ParcelTaken(address holder);
    error CannotBuild(Terrain terrain, uint8 building);
    error NothingBuilt();
    error NothingRipe(uint256 from);
    error NotToLet();
    error RentedOut(uint64 until);
    error TaxPaid(uint64 until);

    /// @notice What the ground at (x, y) is. Follows from the seed of the map, nothing is stored.
    function terrainAt(uint256 x, uint256 y) public view returns (Terrain) {
        uint256 dice = uint256(keccak256(abi.encode(mapSeed, x / 2, y / 2))) % 100;
        uint256 fine = uint256(keccak256(abi.encode(mapSeed, x, y, "fine"))) % 100;
        if (fine < 12) return Terrain.Plain;
        if (dice < 34) return Terrain.Plain;
        if (dice < 58) return Terrain.Forest;
        if (dice < 74) return Terrain.Hill;
        if (dice < 86) return Terrain.Mountain;
        if (dice < 94) return Terrain.Swamp;
        return Terrain.Lake;
    }

    function parcel(uint16 x, uint16 y) public view returns (ParcelView memory) {
        _onMap(x, y);
        uint256 id = Kinds.parcel(x, y);
        return ParcelView(x, y, terrainAt(x, y), holderOf[id], parcels[id]);
    }

    /// @notice The parcels of a rectangle, row by row, at most 256.
    function map(uint16 x, uint16 y, uint16 width, uint16 height) external view returns (ParcelView[] memory views) {
        uint256 count = uint256(width) * height;
        if (count == 0 || count > 256) revert BadChoice();
        views = new ParcelView[](count);
        for (uint16 i; i < count; ++i) views[i] = parcel(x + i % width, y + i / width);
    }

    /// @notice What the next parcel costs: 10 gold, and a fifth of a gold more for each that was claimed before.
    function landPrice() public view returns (uint256) {
        return 10 * GOLD + claimedParcels * GOLD / 5;
    }

    /// @notice Claims the parcel on which the hero stands.
    function claimLand(uint16 x, uint16 y) external nonReentrant acts {
        _onMap(x, y);
        _standsAt(heroes[msg.sender], x, y);
        uint256 id = Kinds.parcel(x, y);
        if (holderOf[id] != address(0)) revert ParcelTaken(holderOf[id]);
        if (terrainAt(x, y) == Terrain.Lake) revert CannotBuild(Terrain.Lake, 0);
        uint256 price = landPrice();
        _charge(msg.sender, price);
        claimedParcels += 1;
        if (!_isItemDefined(id)) _defineItem(id, false, 1, 0);
        parcels[id].taxedUntil = uint64(block.timestamp + 7 days);
        _learn(msg.sender, 10);
        emit Claimed(msg.sender, x, y, price);
        _give(msg.sender, id, 1);
    }

    /// @notice Builds on one's parcel, or raises what stands there by a level (up to 10).
    function build(uint16 x, uint16 y, uint8 building) external nonReentrant acts {
        uint256 id = _own(x, y);
        Parcel storage one = parcels[id];
        if (building == 0 || building > 6) revert BadChoice();
        if (one.building == building) {
            if (one.level >= 10) revert BadChoice();
        } else if (one.building != 0 || !fits(terrainAt(x, y), building)) {
            revert CannotBuild(terrainAt(x, y), building);
        }
        uint256 level = uint256(one.level) + 1;
        _tire(heroes[msg.sender], 5 + level);
        (uint256 wood, uint256 stone) = buildingCost(building, level);
        _takeItem(msg.sender, Kinds.WOOD, wood);
        _takeItem(msg.sender, Kinds.STONE, stone);
        one.building = building;
        one.level = uint8(level);
        if (level == 1) one.harvestedAt = uint64(block.timestamp);
        _did(msg.sender, Deed.Build, 1);
        _learn(msg.sender, 8 * level);
        emit Built(msg.sender, x, y, building, uint8(level));
    }

    /// @notice Wood and stone for a level of a building.
    function buildingCost(uint8 building, uint256 level) public pure returns (uint256 wood, uint256 stone) {
        if (building == 6) return (12 * level, 10 * level);
        return (6 * level, 4 * (level - 1));
    }

    /// @notice Tears down what stands on one's parcel; half of the last level's wood is saved.
    function demolish(uint16 x, uint16 y) external nonReentrant acts {
        Parcel storage one = parcels[_own(x, y)];
        if (one.building == 0) revert NothingBuilt();
        (uint256 wood,) = buildingCost(one.building, one.level);
        (one.building, one.level) = (0, 0);
        emit Built(msg.sender, x, y, 0, 0);
        _give(msg.sender, Kinds.WOOD, wood / 2);
    }

    /// @notice What a harvest would bring now. A building makes an item a minute and level, for at most eight hours.
    function ripeAt(uint16 x, uint16 y) public view returns (uint256 item, uint256 amount) {
        Parcel storage one = parcels[Kinds.parcel(x, y)];
        if (one.building == 0 || one.building == 6) return (0, 0);
        uint256 minutesPassed = (block.timestamp - one.harvestedAt) / 60;
        if (minutesPassed > 480) minutesPassed = 480;
        return (productOf(one.building), minutesPassed * one.level);
    }

    /// @notice Brings in what the building made: its holder's, or its tenant's.
    function harvest(uint16 x, uint16 y) external nonReentrant acts {
        uint256 id = Kinds.parcel(x, y);
        Parcel storage one = parcels[id];
        _standsAt(heroes[msg.sender], x, y);
        if (msg.sender != (one.rentedUntil > block.timestamp ? one.tenant : holderOf[id])) revert NotYours(id);
        (uint256 item, uint256 amount) = ripeAt(x, y);
        if (amount == 0) revert NothingRipe(one.harvestedAt + 60);
        _tire(heroes[msg.sender], 3);
        if (worn[msg.sender][Slot.Tool] == Kinds.PICKAXE && (item == Kinds.STONE || item == Kinds.ORE)) {
            amount += amount / 2;
        }
        one.harvestedAt = uint64(block.timestamp);
        _did(msg.sender, Deed.Harvest, amount);
        _learn(msg.sender, 2 + amount / 4);
        emit Harvested(msg.sender, x, y, item, amount);
        _give(msg.sender, item, amount);
    }

    /// @notice Gathers by hand what the ground bears: 8 energy, two or three pieces, no building needed.
    function gather() external nonReentrant acts {
        Hero storage one = heroes[msg.sender];
        _tire(one, 8);
        Terrain ground = terrainAt(one.x, one.y);
        uint256 item = Kinds.HERB;
        if (ground == Terrain.Forest) item = Kinds.WOOD;
        else if (ground == Terrain.Hill) item = Kinds.STONE;
        else if (ground == Terrain.Mountain) item = Kinds.ORE;
        else if (ground == Terrain.Plain) item = Kinds.GRAIN;
        uint256 amount = one.mind >= 9 ? 3 : 2;
        _did(msg.sender, Deed.Harvest, amount);
        _learn(msg.sender, 3);
        emit Harvested(msg.sender, one.x, one.y, item, amount);
        _give(msg.sender, item, amount);
    }

    /// @notice Offers a parcel for so much gold a day; 0 takes the offer back.
    function letLand(uint16 x, uint16 y, uint128 rent) external acts {
        parcels[_own(x, y)].rent = rent;
        emit ToLet(x, y, rent);
    }

    /// @notice Rents a parcel for some days: who rents, harvests.
    function rentLand(uint16 x, uint16 y, uint16 numberOfDays, uint128 mostRent) external acts {
        uint256 id = Kinds.parcel(x, y);
        Parcel storage one = parcels[id];
        if (one.rent == 0 || one.rent > mostRent || numberOfDays == 0 || numberOfDays > 60) revert NotToLet();
        if (one.rentedUntil > block.timestamp) revert RentedOut(one.rentedUntil);
        if (holderOf[id] == msg.sender) revert BadChoice();
        _transfer(msg.sender, holderOf[id], uint256(one.rent) * numberOfDays);
        one.tenant = msg.sender;
        one.rentedUntil = uint64(block.timestamp + uint256(numberOfDays) * 1 days);
        emit Rented(msg.sender, x, y, one.rentedUntil);
    }

    /// @notice The tenant leaves before the time.
    function leaveLand(uint16 x, uint16 y) external acts {
        Parcel storage one = parcels[Kinds.parcel(x, y)];
        if (one.tenant != msg.sender || one.rentedUntil <= block.timestamp) revert NotToLet();
        one.rentedUntil = uint64(block.timestamp);
        emit Rented(msg.sender, x, y, one.rentedUntil);
    }

    /// @notice Pays the tax of a parcel for a week: a gold and one more for each level built. At most eight weeks ahead.
    function payTax(uint16 x, uint16 y) external acts {
        _onMap(x, y);
        Parcel storage one = parcels[Kinds.parcel(x, y)];
        uint256 from = one.taxedUntil > block.timestamp ? one.taxedUntil : block.timestamp;
        if (one.taxedUntil == 0 || from > block.timestamp + 7 weeks) revert TaxPaid(one.taxedUntil);
        _charge(msg.sender, GOLD * (1 + one.level));
        one.taxedUntil = uint64(from + 1 weeks);
        emit Taxed(x, y, one.taxedUntil);
    }

    /// @notice Takes a parcel whose tax is 30 days late from its holder; it can be claimed again. What stands there stays.
    function repossess(uint16 x, uint16 y) external acts {
        _onMap(x, y);
        uint256 id = Kinds.parcel(x, y);
        address holder = holderOf[id];
        if (holder == address(0)) revert NotYours(id);
        if (block.timestamp < parcels[id].taxedUntil + 30 days) revert TaxPaid(parcels[id].taxedUntil);
        (parcels[id].tenant, parcels[id].rentedUntil, parcels[id].rent) = (address(0), 0, 0);
        emit Repossessed(holder, x, y);
        _burn(holder, id, 1);
    }

    /// @notice Puts up a sign of up to 32 bytes.
    function setSign(uint16 x, uint16 y, bytes32 text) external acts {
        parcels[_own(x, y)].sign = text;
        emit SignSet(x, y, text);
    }

    /// @notice Whether a building can stand on a terrain.
    function fits(Terrain terrain, uint8 building) public pure returns (bool) {
        if (building == 6) return terrain != Terrain.Lake && terrain != Terrain.Swamp;
        if (building == 1) return terrain == Terrain.Plain;
        if (building == 2) return terrain == Terrain.Forest;
        if (building == 3) return terrain == Terrain.Hill || terrain == Terrain.Mountain;
        if (building == 4) return terrain == Terrain.Mountain;
        return building == 5 && (terrain == Terrain.Swamp || terrain == Terrain.Plain);
    }

    /// @notice What a building makes.
    function productOf(uint8 building) public pure returns (uint256) {
        if (building == 1) return Kinds.GRAIN;
        if (building == 2) return Kinds.WOOD;
        if (building == 3) return Kinds.STONE;
        if (building == 4) return Kinds.ORE;
        return building == 5 ? Kinds.HERB : 0;
    }

    function _own(uint16 x, uint16 y) internal view returns (uint256 id) {
        _onMap(x, y);
        id = Kinds.parcel(x, y);
        if (holderOf[id] != msg.sender) revert NotYours(id);
    }
}
