// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FungibleToken} from "../token/FungibleToken.sol";
import {ConstantProduct} from "./ConstantProduct.sol";
import {IPair} from "./IPair.sol";

/// @title A pool of two tokens with a constant product
/// @notice Its own ERC-20 is the share of the pool. A swap pays 0.3 % to the holders of shares.
/// @dev Tokens are sent first and the call says what for: meant to be called by a router in one transaction. Tokens whose balances change
/// by themselves lose what they gain to {skim}. There is no price oracle: a price inside one transaction can be moved by anyone.
abstract contract Pair is FungibleToken, ReentrancyGuardTransient, IPair {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:zlib.storage.Pair
    struct PairStorage {
        address token0;
        address token1;
        uint112 reserve0;
        uint112 reserve1;
    }

    bytes32 private constant PAIR_STORAGE = 0xd4e4a040e22d3d8e3d14a067fe917e53af63f54d395c9d26a9626587822e0a00;

    /// @notice What a swap pays, basis points.
    uint256 public constant SWAP_FEE_BP = ConstantProduct.PAIR_FEE_BP;
    /// @notice Shares that nobody gets, sent to the address of dead coins.
    uint256 public constant LOCKED_SHARES = 1_000;
    address private constant DEAD = address(0xdEaD);

    event LiquidityAdded(address indexed by, uint256 amount0, uint256 amount1, uint256 shares);
    event LiquidityRemoved(address indexed by, address indexed to, uint256 amount0, uint256 amount1, uint256 shares);
    event Swapped(address indexed by, address indexed to, uint256 in0, uint256 in1, uint256 out0, uint256 out1);

    error SameTokens();
    error NoLiquidityMinted();
    error NoLiquidityBurned();
    error NothingOut();
    error BadReceiver(address to);
    error ProductFell(uint256 before, uint256 product);
    error ReserveOverflow(uint256 balance);

    function _pair() private pure returns (PairStorage storage $) {
        assembly {
            $.slot := PAIR_STORAGE
        }
    }

    /// @notice Errors: {SameTokens}.
    function __Pair_init(address a, address b) internal onlyInitializing {
        if (a == b) revert SameTokens();
        __FungibleToken_init("ZOS Pair", "ZPAIR");
        PairStorage storage $ = _pair();
        ($.token0, $.token1) = a < b ? (a, b) : (b, a);
    }

    /// @inheritdoc IPair
    function token0() public view returns (address) {
        return _pair().token0;
    }

    /// @inheritdoc IPair
    function token1() public view returns (address) {
        return _pair().token1;
    }

    /// @inheritdoc IPair
    function reserves() public view returns (uint112, uint112) {
        PairStorage storage $ = _pair();
        return ($.reserve0, $.reserve1);
    }

    /// @notice Shares for what was sent here since the last call. Errors: {NoLiquidityMinted}, {ReserveOverflow}.
    function mintLiquidity(address to) external nonReentrant returns (uint256 shares) {
        PairStorage storage $ = _pair();
        (uint256 balance0, uint256 balance1) = _balances($);
        uint256 amount0 = balance0 - $.reserve0;
        uint256 amount1 = balance1 - $.reserve1;
        uint256 supply = totalSupply();
        shares = ConstantProduct.sharesFor(amount0, amount1, $.reserve0, $.reserve1, supply, LOCKED_SHARES);
        if (shares == 0) revert NoLiquidityMinted();
        if (supply == 0) _mint(DEAD, LOCKED_SHARES);
        _mint(to, shares);
        _setReserves($, balance0, balance1);
        emit LiquidityAdded(msg.sender, amount0, amount1, shares);
    }

    /// @notice Pays out for the shares that were sent here. Errors: {NoLiquidityBurned}.
    function burnLiquidity(address to) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        PairStorage storage $ = _pair();
        (uint256 balance0, uint256 balance1) = _balances($);
        uint256 shares = balanceOf(address(this));
        uint256 supply = totalSupply();
        if (supply > 0) (amount0, amount1) = (shares * balance0 / supply, shares * balance1 / supply);
        if (amount0 == 0 || amount1 == 0) revert NoLiquidityBurned();
        _burn(address(this), shares);
        IERC20($.token0).safeTransfer(to, amount0);
        IERC20($.token1).safeTransfer(to, amount1);
        (balance0, balance1) = _balances($);
        _setReserves($, balance0, balance1);
        emit LiquidityRemoved(msg.sender, to, amount0, amount1, shares);
    }

    /// @notice Pays out `out0` and `out1`; what was sent here before must make up for it with the fee.
    /// Errors: {NothingOut}, {ProductFell}, {BadReceiver}, `TooMuchOut`.
    function swap(uint256 out0, uint256 out1, address to) external nonReentrant {
        PairStorage storage $ = _pair();
        (uint256 reserve0, uint256 reserve1) = ($.reserve0, $.reserve1);
        if (out0 == 0 && out1 == 0) revert NothingOut();
        if (out0 >= reserve0) revert ConstantProduct.TooMuchOut(out0, reserve0);
        if (out1 >= reserve1) revert ConstantProduct.TooMuchOut(out1, reserve1);
        if (to == $.token0 || to == $.token1) revert BadReceiver(to);
        if (out0 > 0) IERC20($.token0).safeTransfer(to, out0);
        if (out1 > 0) IERC20($.token1).safeTransfer(to, out1);
        (uint256 in0, uint256 in1) = _takeIn($, out0, out1);
        emit Swapped(msg.sender, to, in0, in1, out0, out1);
    }

    /// @notice Sends what lies here beyond the reserves to `to`.
    function skim(address to) external nonReentrant {
        PairStorage storage $ = _pair();
        (uint256 balance0, uint256 balance1) = _balances($);
        if (to == $.token0 || to == $.token1) revert BadReceiver(to);
        IERC20($.token0).safeTransfer(to, balance0 - $.reserve0);
        IERC20($.token1).safeTransfer(to, balance1 - $.reserve1);
    }

    /// @dev What came in since the last call, if it makes up for what went out.
    function _takeIn(PairStorage storage $, uint256 out0, uint256 out1) private returns (uint256 in0, uint256 in1) {
        (uint256 balance0, uint256 balance1) = _balances($);
        (uint256 reserve0, uint256 reserve1) = ($.reserve0, $.reserve1);
        in0 = Math.saturatingSub(balance0 + out0, reserve0);
        in1 = Math.saturatingSub(balance1 + out1, reserve1);
        uint256 before = reserve0 * reserve1 * ConstantProduct.BP ** 2;
        uint256 product = (balance0 * ConstantProduct.BP - in0 * SWAP_FEE_BP)
            * (balance1 * ConstantProduct.BP - in1 * SWAP_FEE_BP);
        if (product < before) revert ProductFell(before, product);
        _setReserves($, balance0, balance1);
    }

    function _balances(PairStorage storage $) private view returns (uint256, uint256) {
        return (IERC20($.token0).balanceOf(address(this)), IERC20($.token1).balanceOf(address(this)));
    }

    function _setReserves(PairStorage storage $, uint256 balance0, uint256 balance1) private {
        if (balance0 > type(uint112).max) revert ReserveOverflow(balance0);
        if (balance1 > type(uint112).max) revert ReserveOverflow(balance1);
        $.reserve0 = uint112(balance0);
        $.reserve1 = uint112(balance1);
    }
}
