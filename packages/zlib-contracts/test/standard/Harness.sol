// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {Roles} from "@zos/zlib-contracts/contracts/access/Roles.sol";
import {PairFactory} from "@zos/zlib-contracts/contracts/amm/PairFactory.sol";
import {Router} from "@zos/zlib-contracts/contracts/amm/Router.sol";
import {BridgedToken} from "@zos/zlib-contracts/contracts/bridge/BridgedToken.sol";
import {MerkleDistributor} from "@zos/zlib-contracts/contracts/distribution/MerkleDistributor.sol";
import {CommitReveal} from "@zos/zlib-contracts/contracts/game/CommitReveal.sol";
import {GameItems} from "@zos/zlib-contracts/contracts/game/GameItems.sol";
import {OneAddressDao} from "@zos/zlib-contracts/contracts/governance/OneAddressDao.sol";
import {PauseSwitch} from "@zos/zlib-contracts/contracts/guard/PauseSwitch.sol";
import {EnglishAuction} from "@zos/zlib-contracts/contracts/market/EnglishAuction.sol";
import {Marketplace} from "@zos/zlib-contracts/contracts/market/Marketplace.sol";
import {Escrow} from "@zos/zlib-contracts/contracts/payment/Escrow.sol";
import {PaymentSplitter} from "@zos/zlib-contracts/contracts/payment/PaymentSplitter.sol";
import {StakingRewards} from "@zos/zlib-contracts/contracts/staking/StakingRewards.sol";
import {ShardProof} from "@zos/zlib-contracts/contracts/storage/ShardProof.sol";
import {StorageMarket} from "@zos/zlib-contracts/contracts/storage/StorageMarket.sol";
import {StorageRefs} from "@zos/zlib-contracts/contracts/storage/StorageRefs.sol";
import {FungibleToken} from "@zos/zlib-contracts/contracts/token/FungibleToken.sol";
import {MultiToken} from "@zos/zlib-contracts/contracts/token/MultiToken.sol";
import {NonFungibleToken} from "@zos/zlib-contracts/contracts/token/NonFungibleToken.sol";
import {Vault} from "@zos/zlib-contracts/contracts/token/Vault.sol";
import {VotesToken} from "@zos/zlib-contracts/contracts/token/VotesToken.sol";
import {CliffVesting} from "@zos/zlib-contracts/contracts/vesting/CliffVesting.sol";
import {LinearVesting} from "@zos/zlib-contracts/contracts/vesting/LinearVesting.sol";
import {TrancheVesting} from "@zos/zlib-contracts/contracts/vesting/TrancheVesting.sol";

// Each module made deployable, and nothing else.

contract PlainToken is FungibleToken {
    constructor() initializer { __FungibleToken_init("Plain", "P"); }
    function mint(address to, uint256 value) external { _mint(to, value); }
}

contract VoteToken is VotesToken {
    constructor() initializer { __VotesToken_init("Vote", "V"); }
    function mint(address to, uint256 value) external { _mint(to, value); }
    function burn(uint256 value) external { _burn(msg.sender, value); }
}

contract Art is NonFungibleToken {
    constructor(address creator) initializer {
        __NonFungibleToken_init("Art", "A");
        _setDefaultRoyalty(creator, 2_000);
    }
    function mint(address to, uint256 id, string calldata uri) external {
        _mint(to, id);
        _setTokenURI(id, uri);
    }
}

contract Items is GameItems, Roles {
    constructor() initializer {
        __MultiToken_init("ipfs://{id}");
        __Roles_init(msg.sender);
        _grantRole(ITEM_DESIGNER_ROLE, msg.sender);
        _grantRole(ITEM_MINTER_ROLE, msg.sender);
    }
    function supportsInterface(bytes4 id) public view override(GameItems, AccessControlUpgradeable) returns (bool) {
        return super.supportsInterface(id);
    }
}

contract Savings is Vault {
    constructor(IERC20 asset) initializer { __Vault_init(asset, "Savings", "S"); }
}

contract Bank is StakingRewards, Roles {
    constructor(IERC20 stake_, IERC20 reward) initializer {
        __StakingRewards_init(stake_, reward);
        __Roles_init(msg.sender);
        _grantRole(REWARDS_FUNDER_ROLE, msg.sender);
    }
}

contract Deals is Escrow {}

contract Splits is PaymentSplitter {}

contract Market is Marketplace, Roles {
    constructor() initializer {
        __Roles_init(msg.sender);
        _grantRole(MARKET_ROLE, msg.sender);
    }
}

contract Auctions is EnglishAuction, ERC721Holder, ERC1155Holder {}

contract Linear is LinearVesting {
    constructor(address to, uint64 start_, uint64 length) initializer { __VestingWallet_init(to, start_, length); }
}

contract Cliff is CliffVesting {
    constructor(address to, uint64 start_, uint64 length, uint64 cliff_) initializer {
        __CliffVesting_init(to, start_, length, cliff_);
    }
}

contract Tranches is TrancheVesting {
    constructor(address to, Tranche[] memory list) initializer { __TrancheVesting_init(to, list); }
}

contract Dao is OneAddressDao {
    uint256 public number;
    constructor(address holder, GovernorRules memory rules, uint256 delay) initializer {
        __OneAddressDao_init("Dao", "D", rules, delay);
        _mint(holder, 1_000e18);
    }
    function setNumber(uint256 to) external onlyGovernance { number = to; }
}

contract Drops is MerkleDistributor, Roles {
    constructor(address veto) initializer {
        __Roles_init(msg.sender);
        _grantRole(DISTRIBUTOR_ROLE, msg.sender);
        _grantRole(DISTRIBUTION_VETO_ROLE, veto);
    }
}

contract Bridged is BridgedToken {
    constructor(address bridge) initializer {
        __BridgedToken_init("Atom on ZOS", "zATOM", "transfer/channel-3/uatom", 6, 1_000e6, 1 hours);
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(BRIDGE_ROLE, bridge);
    }
}

contract Chance is CommitReveal {
    uint256 public last;
    function commit(bytes32 hash) external { _commit(msg.sender, "test", hash); }
    function reveal(bytes32 secret) external { last = _reveal(msg.sender, "test", secret); }
}

contract Refs is StorageRefs {}

contract StorageDeals is StorageMarket {}

contract Proofs {
    function pick(bytes32 nonce, uint8 turn, uint64 length) external pure returns (uint256) {
        return ShardProof.pick(nonce, turn, length);
    }
    function answers(
        bytes32 root,
        uint64 length,
        bytes32 nonce,
        uint8 wanted,
        bytes[] calldata leaves,
        bytes32[][] calldata paths
    ) external pure returns (bool) {
        return ShardProof.answers(root, length, nonce, wanted, leaves, paths);
    }
}

contract Switch is PauseSwitch, Roles {
    uint256 public count;
    constructor(address pauser) initializer {
        __Roles_init(msg.sender);
        _grantRole(PAUSER_ROLE, pauser);
    }
    function act() external whenNotPaused { ++count; }
}

contract TradeRouter is Router {
    constructor(PairFactory factory_) initializer { __Router_init(factory_); }
}

/// @dev Calls `target` with `data` once, in the middle of a transfer.
contract HostileToken is ERC20("Hostile", "H") {
    address private target;
    bytes private data;
    bool public blocked;
    function mint(address to, uint256 value) external { _mint(to, value); }
    function arm(address target_, bytes calldata data_) external { (target, data) = (target_, data_); }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0)) return;
        address once = target;
        target = address(0);
        (bool done,) = once.call(data);
        blocked = !done;
    }
}

/// @dev Keeps a hundredth of each transfer.
contract FeeToken is ERC20("Fee", "F") {
    function mint(address to, uint256 value) external { _mint(to, value); }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(1), value / 100);
    }
}
