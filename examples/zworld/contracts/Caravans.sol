// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Deed, Kinds} from "./Kinds.sol";
import {Land} from "./Land.sol";

/// @title Caravans: goods on the road
/// @notice A caravan takes a minute a parcel. Until it arrives, others may lie in wait on its way; a tower of the sender at either end guards it.
/// It pays for the risk: a fifth more of the goods arrive, given by the town.
abstract contract Caravans is Land {
    enum CaravanState {
        None,
        OnTheWay,
        Arrived,
        Robbed
    }

    struct Caravan {
        address owner;
        CaravanState state;
        uint64 leftAt;
        uint64 arrivesAt;
        uint16 x0;
        uint16 y0;
        uint16 x1;
        uint16 y1;
        uint32 item;
        uint32 amount;
        uint16 guard;
    }

    uint256 public constant MAX_LOAD = 200;

    Caravan[] internal caravans;
    mapping(address player => uint256) internal onTheRoad;
    mapping(address player => uint64) internal raidedAt;

    event CaravanLeft(uint256 indexed id, address indexed owner, uint256 item, uint256 amount, uint64 arrivesAt);
    event CaravanArrived(uint256 indexed id, uint256 amount);
    event CaravanRaided(uint256 indexed id, address indexed by, bool robbed);

    error NoSuchCaravan(uint256 id);
    error CaravanNotThere(uint256 id);
    error LoadTooLarge(uint256 amount);

    /// @notice Sends goods from one's own parcel to another place, at least 3 parcels away.
    function sendCaravan(uint16 x0, uint16 y0, uint16 x1, uint16 y1, uint256 item, uint256 amount)
        external
        acts
        returns (uint256 id)
    {
        _own(x0, y0);
        _onMap(x1, y1);
        if (amount == 0 || amount > MAX_LOAD) revert LoadTooLarge(amount);
        if (item == 0 || item > Kinds.POTION || onTheRoad[msg.sender] >= 3) revert BadChoice();
        uint256 distance = _distance(x0, y0, x1, y1);
        if (distance < 3) revert BadChoice();
        _tire(heroes[msg.sender], 6);
        _takeItem(msg.sender, item, amount);
        onTheRoad[msg.sender] += 1;
        caravans.push();
        id = caravans.length;
        Caravan storage one = caravans[id - 1];
        (one.owner, one.state, one.item, one.amount) = (msg.sender, CaravanState.OnTheWay, uint32(item), uint32(amount));
        (one.x0, one.y0, one.x1, one.y1) = (x0, y0, x1, y1);
        one.leftAt = uint64(block.timestamp);
        one.arrivesAt = uint64(block.timestamp + distance * 60);
        one.guard = uint16(_guardAt(x0, y0) + _guardAt(x1, y1));
        emit CaravanLeft(id, msg.sender, item, amount, one.arrivesAt);
    }

    function caravan(uint256 id) external view returns (Caravan memory) {
        return _caravan(id);
    }

    function caravanCount() external view returns (uint256) {
        return caravans.length;
    }

    /// @notice Where a caravan is now: first along x, then along y.
    function caravanAt(uint256 id) public view returns (uint256 x, uint256 y) {
        Caravan storage one = _caravan(id);
        if (block.timestamp >= one.arrivesAt) return (one.x1, one.y1);
        uint256 steps = (block.timestamp - one.leftAt) / 60;
        uint256 along = one.x0 > one.x1 ? one.x0 - one.x1 : one.x1 - one.x0;
        if (steps < along) return (one.x0 > one.x1 ? one.x0 - steps : one.x0 + steps, one.y0);
        steps -= along;
        return (one.x1, one.y0 > one.y1 ? one.y0 - steps : one.y0 + steps);
    }

    /// @notice Takes the goods of a caravan that has arrived.
    function unloadCaravan(uint256 id) external nonReentrant acts {
        Caravan storage one = _caravan(id);
        if (one.owner != msg.sender || one.state != CaravanState.OnTheWay) revert CaravanNotThere(id);
        if (block.timestamp < one.arrivesAt) revert TooEarly(one.arrivesAt);
        one.state = CaravanState.Arrived;
        onTheRoad[msg.sender] -= 1;
        uint256 amount = uint256(one.amount) + one.amount / 5;
        _did(msg.sender, Deed.Trade, 1);
        _learn(msg.sender, 5 + amount / 10);
        emit CaravanArrived(id, amount);
        _give(msg.sender, one.item, amount);
    }

    /// @notice Lies in wait for a caravan at the parcel where it is: who is stronger than its guard takes half, the other half is lost.
    function raidCaravan(uint256 id) external nonReentrant acts returns (bool robbed) {
        Caravan storage one = _caravan(id);
        Hero storage mine = heroes[msg.sender];
        if (one.state != CaravanState.OnTheWay || block.timestamp >= one.arrivesAt) revert CaravanNotThere(id);
        if (one.owner == msg.sender || (mine.guild != 0 && mine.guild == heroes[one.owner].guild)) revert BadChoice();
        if (block.timestamp < raidedAt[msg.sender] + 30 minutes) revert TooEarly(raidedAt[msg.sender] + 30 minutes);
        (uint256 x, uint256 y) = caravanAt(id);
        _standsAt(mine, x, y);
        _tire(mine, 20);
        raidedAt[msg.sender] = uint64(block.timestamp);
        robbed = _attack(msg.sender) > _defence(one.owner) + one.guard;
        emit CaravanRaided(id, msg.sender, robbed);
        if (!robbed) {
            mine.health -= mine.health / 4;
            return robbed;
        }
        one.state = CaravanState.Robbed;
        onTheRoad[one.owner] -= 1;
        _did(msg.sender, Deed.Raid, 1);
        _learn(msg.sender, 15);
        _give(msg.sender, one.item, one.amount / 2);
    }

    function _guardAt(uint16 x, uint16 y) private view returns (uint256) {
        uint256 id = Kinds.parcel(x, y);
        if (holderOf[id] != msg.sender || parcels[id].building != 6) return 0;
        return 8 * uint256(parcels[id].level);
    }

    function _caravan(uint256 id) private view returns (Caravan storage) {
        if (id == 0 || id > caravans.length) revert NoSuchCaravan(id);
        return caravans[id - 1];
    }
}
