// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {MerkleDistributor} from "@zos/zlib-contracts/contracts/distribution/MerkleDistributor.sol";
import {EnglishAuction} from "@zos/zlib-contracts/contracts/market/EnglishAuction.sol";
import {Marketplace} from "@zos/zlib-contracts/contracts/market/Marketplace.sol";
import {Escrow} from "@zos/zlib-contracts/contracts/payment/Escrow.sol";
import {PaymentSplitter} from "@zos/zlib-contracts/contracts/payment/PaymentSplitter.sol";
import {StakingRewards} from "@zos/zlib-contracts/contracts/staking/StakingRewards.sol";
import {StorageRefs} from "@zos/zlib-contracts/contracts/storage/StorageRefs.sol";
import {Battles} from "./Battles.sol";
import {Caravans} from "./Caravans.sol";
import {Crafting} from "./Crafting.sol";
import {Creatures} from "./Creatures.sol";
import {Exchange} from "./Exchange.sol";
import {Guilds} from "./Guilds.sol";
import {Heroes} from "./Heroes.sol";
import {Kinds} from "./Kinds.sol";
import {Quests} from "./Quests.sol";
import {Seasons} from "./Seasons.sol";
import {WorldState} from "./WorldState.sol";

/// @title ZWorld: a game, its money, its market and its government at one address
/// @notice Gold is an ERC-20 with votes; items and land are an ERC-1155; both are this contract, with a marketplace, auctions, a bank that pays for
/// stakes, deals with an arbiter, shared income, prizes by Merkle root, and a governor with a timelock that the holders of gold elect nobody for:
/// they vote themselves.
/// @dev One contract in the source; zlib cuts it into facets.
contract World is
    Heroes,
    Caravans,
    Quests,
    Crafting,
    Battles,
    Guilds,
    Exchange,
    Creatures,
    Seasons,
    Marketplace,
    EnglishAuction,
    StakingRewards,
    Escrow,
    PaymentSplitter,
    MerkleDistributor,
    StorageRefs
{
    /// @param storyteller May add content and pause; administers the roles until it gives them up.
    /// @param supply All gold there will ever be; 70 % the treasury's, the rest the storyteller's to give out.
    constructor(address storyteller, bytes32 seed, uint256 supply, GovernorRules memory rules, uint256 delay)
        initializer
    {
        __OneAddressDao_init("ZWorld Gold", "GOLD", rules, delay);
        __MultiToken_init("");
        __StakingRewards_init(IERC20(address(this)), IERC20(address(this)));
        _grantRole(DEFAULT_ADMIN_ROLE, storyteller);
        _grantRole(STORYTELLER_ROLE, storyteller);
        _grantRole(PAUSER_ROLE, storyteller);
        _grantRole(ITEM_DESIGNER_ROLE, storyteller);
        _grantRole(ITEM_MINTER_ROLE, storyteller);
        _grantRole(REWARDS_FUNDER_ROLE, storyteller);
        _grantRole(DISTRIBUTOR_ROLE, storyteller);
        _grantRole(MARKET_ROLE, address(this));
        _grantRole(DISTRIBUTION_VETO_ROLE, address(this));
        mapSeed = seed;
        treasury = supply * 7 / 10;
        _mint(address(this), treasury);
        _mint(storyteller, supply - treasury);
        uint8[16] memory kinds = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 20, 21, 22, 30, 31];
        for (uint256 i; i < kinds.length; ++i) _defineItem(kinds[i], false, 0, 0);
        _defineItem(Kinds.PICKAXE, false, 0, 0);
        _defineItem(Kinds.EGG, false, 0, 0);
        _defineItem(Kinds.TROPHY, true, 0, 0);
    }

    /// @notice Everything that a page shows of a player, in one call.
    function overview(address player)
        external
        view
        returns (Hero memory one, uint256 gold, uint256[] memory items, uint256 staked, uint32 seasonId, uint256 score)
    {
        one = heroes[player];
        if (one.joinedAt != 0) one.energy = uint16(_energy(heroes[player]));
        gold = balanceOf(player);
        items = new uint256[](Kinds.TROPHY + 1);
        for (uint256 id = 1; id < items.length; ++id) items[id] = balanceOf(player, id);
        staked = this.stakedBy(player);
        (seasonId, score) = (season, scores[season][player]);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(WorldState, AccessControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }
}
