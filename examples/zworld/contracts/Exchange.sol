// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ConstantProduct} from "@zos/zlib-contracts/contracts/amm/ConstantProduct.sol";
import {Deed, Kinds} from "./Kinds.sol";
import {WorldState} from "./WorldState.sol";

/// @title The exchange: pools of gold and an item
/// @notice Prices follow from the reserves, whose product never falls. A trade pays 1 % to who holds shares of the pool.
abstract contract Exchange is WorldState {
    struct Pool {
        uint256 gold;
        uint256 items;
        uint256 shares;
    }

    uint256 public constant EXCHANGE_FEE_BP = 100;
    // Nobody's, so that the first provider cannot make a share dear.
    uint256 internal constant LOCKED = 1_000;

    mapping(uint256 item => Pool) internal pools;
    mapping(uint256 item => mapping(address provider => uint256)) internal poolShares;

    event PoolAdded(uint256 indexed item, address indexed provider, uint256 gold, uint256 items, uint256 shares);
    event PoolRemoved(uint256 indexed item, address indexed provider, uint256 gold, uint256 items, uint256 shares);
    event Traded(uint256 indexed item, address indexed player, bool bought, uint256 items, uint256 gold);

    error PoolTooSmall();
    error PriceMoved(uint256 gold, uint256 limit);
    error SharesTooFew(uint256 has, uint256 wanted);

    function pool(uint256 item) external view returns (Pool memory) {
        return pools[item];
    }

    function poolSharesOf(uint256 item, address provider) external view returns (uint256) {
        return poolShares[item][provider];
    }

    /// @notice Gold for selling `items`.
    function quoteSell(uint256 item, uint256 items) public view returns (uint256 gold) {
        return ConstantProduct.amountOut(items, pools[item].items, pools[item].gold, EXCHANGE_FEE_BP);
    }

    /// @notice Gold that buying `items` costs.
    function quoteBuy(uint256 item, uint256 items) public view returns (uint256 gold) {
        return ConstantProduct.amountIn(items, pools[item].gold, pools[item].items, EXCHANGE_FEE_BP);
    }

    /// @notice Adds items and gold at the pool's price; the first provider sets it. `mostGold` bounds what is taken.
    function addToPool(uint256 item, uint256 items, uint256 mostGold) external nonReentrant acts returns (uint256 shares) {
        if (Kinds.isParcel(item) || !_isItemDefined(item) || items == 0) revert BadChoice();
        Pool storage one = pools[item];
        // Rounded up: who adds pays the rounding.
        uint256 gold = one.shares == 0 ? mostGold : (items * one.gold + one.items - 1) / one.items;
        if (gold > mostGold) revert PriceMoved(gold, mostGold);
        shares = ConstantProduct.sharesFor(gold, items * GOLD, one.gold, one.items * GOLD, one.shares, LOCKED);
        if (shares == 0) revert PoolTooSmall();
        if (one.shares == 0) one.shares = LOCKED;
        one.shares += shares;
        one.gold += gold;
        one.items += items;
        poolShares[item][msg.sender] += shares;
        _transfer(msg.sender, address(this), gold);
        _takeItem(msg.sender, item, items);
        emit PoolAdded(item, msg.sender, gold, items, shares);
    }

    /// @notice Gives shares back for their part of both sides.
    function removeFromPool(uint256 item, uint256 shares, uint256 leastGold)
        external
        nonReentrant
        acts
        returns (uint256 gold, uint256 items)
    {
        Pool storage one = pools[item];
        uint256 mine = poolShares[item][msg.sender];
        if (shares == 0 || shares > mine) revert SharesTooFew(mine, shares);
        gold = one.gold * shares / one.shares;
        items = one.items * shares / one.shares;
        if (gold < leastGold) revert PriceMoved(gold, leastGold);
        poolShares[item][msg.sender] = mine - shares;
        one.shares -= shares;
        one.gold -= gold;
        one.items -= items;
        _transfer(address(this), msg.sender, gold);
        emit PoolRemoved(item, msg.sender, gold, items, shares);
        _give(msg.sender, item, items);
    }

    function sellItem(uint256 item, uint256 items, uint256 leastGold) external acts returns (uint256 gold) {
        gold = quoteSell(item, items);
        if (gold < leastGold || gold == 0) revert PriceMoved(gold, leastGold);
        pools[item].items += items;
        pools[item].gold -= gold;
        _takeItem(msg.sender, item, items);
        _transfer(address(this), msg.sender, gold);
        _did(msg.sender, Deed.Trade, 1);
        emit Traded(item, msg.sender, false, items, gold);
    }

    function buyItem(uint256 item, uint256 items, uint256 mostGold) external nonReentrant acts returns (uint256 gold) {
        if (items == 0) revert BadChoice();
        gold = quoteBuy(item, items);
        if (gold > mostGold) revert PriceMoved(gold, mostGold);
        pools[item].items -= items;
        pools[item].gold += gold;
        _transfer(msg.sender, address(this), gold);
        _did(msg.sender, Deed.Trade, 1);
        emit Traded(item, msg.sender, true, items, gold);
        _give(msg.sender, item, items);
    }
}
