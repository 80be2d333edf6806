// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {ERC20BridgeableUpgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC20BridgeableUpgradeable.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {FungibleToken} from "../token/FungibleToken.sol";

/// @title A token that stands for one on another chain
/// @notice A bridge mints what is locked at the origin and burns what goes back (ERC-7802). Amounts have the origin's decimals, so that they are
/// the same numbers on both sides. What may be minted in a time is bounded: a broken bridge is noticed before it has made everything.
/// @dev That what exists here is locked there is the bridge's duty; this contract keeps only its own sum.
abstract contract BridgedToken is FungibleToken, ERC20BridgeableUpgradeable, AccessControlUpgradeable {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @custom:storage-location erc7201:zlib.storage.BridgedToken
    struct BridgedStorage {
        // What the token is at its origin, such as `transfer/channel-3/uatom` (ICS-20) or `eip155:1/erc20:0x…` (CAIP-19).
        string denomination;
        uint8 decimals;
        RateLimiter.RefillingBucket minting;
    }

    bytes32 private constant BRIDGED_STORAGE = 0x9992ed257368563176f4969f004832d363b0720d4b6712886496f9a90d26f800;

    /// @notice May mint and burn.
    bytes32 public constant BRIDGE_ROLE = keccak256("BRIDGE_ROLE");

    event MintLimitSet(uint208 capacity, uint48 window);

    error BadOrigin();
    error BadMintLimit();

    function _bridged() private pure returns (BridgedStorage storage $) {
        assembly {
            $.slot := BRIDGED_STORAGE
        }
    }

    /// @param capacity Most that may be minted at once; it refills over `window` seconds.
    function __BridgedToken_init(
        string memory name_,
        string memory symbol_,
        string memory denomination,
        uint8 decimals_,
        uint208 capacity,
        uint48 window
    ) internal onlyInitializing {
        if (bytes(denomination).length == 0) revert BadOrigin();
        __FungibleToken_init(name_, symbol_);
        BridgedStorage storage $ = _bridged();
        $.denomination = denomination;
        $.decimals = decimals_;
        _setMintLimit(capacity, window);
    }

    /// @notice What the token is at its origin.
    function originDenomination() external view returns (string memory) {
        return _bridged().denomination;
    }

    /// @notice Those of the origin.
    function decimals() public view virtual override returns (uint8) {
        return _bridged().decimals;
    }

    /// @notice What the bridge may mint now.
    function mintable() external view returns (uint256) {
        return _bridged().minting.available(0);
    }

    /// @notice Errors: {BadMintLimit}.
    function setMintLimit(uint208 capacity, uint48 window) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _bridged().minting.sync(0);
        _setMintLimit(capacity, window);
    }

    /// @inheritdoc ERC20BridgeableUpgradeable
    /// @dev Errors: `RateLimitExceeded`, `AccessControlUnauthorizedAccount`.
    function crosschainMint(address to, uint256 value) public virtual override {
        _bridged().minting.consume(0, value);
        super.crosschainMint(to, value);
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        virtual
        override(ERC20BridgeableUpgradeable, AccessControlUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId);
    }

    function _setMintLimit(uint208 capacity, uint48 window) private {
        if (capacity == 0 || window == 0) revert BadMintLimit();
        _bridged().minting.updateSettings(window, capacity);
        emit MintLimitSet(capacity, window);
    }

    function _checkTokenBridge(address caller) internal view virtual override {
        _checkRole(BRIDGE_ROLE, caller);
    }
}
