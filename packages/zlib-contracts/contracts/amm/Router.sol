// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ConstantProduct} from "./ConstantProduct.sol";
import {IPair} from "./IPair.sol";
import {PairFactory} from "./PairFactory.sol";

/// @title Trades along pairs, and adds and removes liquidity
/// @notice Holds nothing between calls. Each call has a deadline and a bound for what the caller gives or gets.
abstract contract Router is Initializable {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:zlib.storage.Router
    struct RouterStorage {
        PairFactory factory;
    }

    /// @notice What to add to the pair of `a` and `b`, and within which bounds.
    struct Addition {
        address a;
        address b;
        uint256 wantedA;
        uint256 wantedB;
        uint256 leastA;
        uint256 leastB;
        address to;
        uint256 deadline;
    }

    bytes32 private constant ROUTER_STORAGE = 0x517d3bc146f53565e2d8998d96af839ea62d47e61051f323bea98bd4f14f6e00;

    /// @notice Longest path. Bounds the gas of a quote.
    uint256 public constant MAX_PATH = 6;

    error Expired(uint256 deadline);
    error BadPath();
    error NoPair(address a, address b);
    error TooLittleOut(uint256 out, uint256 least);
    error TooMuchIn(uint256 amount, uint256 most);
    error TooLittleLiquidity(uint256 amountA, uint256 amountB);

    modifier before(uint256 deadline) {
        if (block.timestamp > deadline) revert Expired(deadline);
        _;
    }

    function _router() private pure returns (RouterStorage storage $) {
        assembly {
            $.slot := ROUTER_STORAGE
        }
    }

    function __Router_init(PairFactory factory_) internal onlyInitializing {
        _router().factory = factory_;
    }

    /// @notice Where pairs are looked up.
    function factory() public view returns (PairFactory) {
        return _router().factory;
    }

    /// @notice What comes out at each step for `amountIn`; the last one is what the caller would get.
    function quoteOut(uint256 amountIn, address[] calldata path) public view returns (uint256[] memory amounts) {
        _checkPath(path);
        amounts = new uint256[](path.length);
        amounts[0] = amountIn;
        for (uint256 i = 1; i < path.length; ++i) {
            (, uint256 reserveIn, uint256 reserveOut) = _pairOf(path[i - 1], path[i]);
            amounts[i] = ConstantProduct.amountOut(amounts[i - 1], reserveIn, reserveOut, ConstantProduct.PAIR_FEE_BP);
        }
    }

    /// @notice What has to go in at each step for `amountOut`; the first one is what the caller would pay.
    function quoteIn(uint256 amountOut, address[] calldata path) public view returns (uint256[] memory amounts) {
        _checkPath(path);
        amounts = new uint256[](path.length);
        amounts[path.length - 1] = amountOut;
        for (uint256 i = path.length - 1; i > 0; --i) {
            (, uint256 reserveIn, uint256 reserveOut) = _pairOf(path[i - 1], path[i]);
            amounts[i - 1] = ConstantProduct.amountIn(amounts[i], reserveIn, reserveOut, ConstantProduct.PAIR_FEE_BP);
        }
    }

    /// @notice Sells exactly `amountIn` of the first token of `path` for at least `least` of the last.
    /// Errors: {Expired}, {BadPath}, {NoPair}, {TooLittleOut}.
    function swapExactIn(uint256 amountIn, uint256 least, address[] calldata path, address to, uint256 deadline)
        external
        before(deadline)
        returns (uint256 out)
    {
        uint256[] memory amounts = quoteOut(amountIn, path);
        out = amounts[amounts.length - 1];
        if (out < least) revert TooLittleOut(out, least);
        _swap(amounts, path, to);
    }

    /// @notice Buys exactly `out` of the last token of `path` for at most `most` of the first. Errors: {TooMuchIn} and those of {swapExactIn}.
    function swapExactOut(uint256 out, uint256 most, address[] calldata path, address to, uint256 deadline)
        external
        before(deadline)
        returns (uint256 amountIn)
    {
        uint256[] memory amounts = quoteIn(out, path);
        amountIn = amounts[0];
        if (amountIn > most) revert TooMuchIn(amountIn, most);
        _swap(amounts, path, to);
    }

    /// @notice Adds liquidity at the pool's price: at most the wanted and at least the least amounts. Makes the pair when there is none.
    /// Errors: {Expired}, {TooLittleLiquidity}.
    function addLiquidity(Addition calldata add)
        external
        before(add.deadline)
        returns (uint256 amountA, uint256 amountB, uint256 shares)
    {
        address pair = factory().pairOf(add.a, add.b);
        if (pair == address(0)) pair = factory().makePair(add.a, add.b);
        (amountA, amountB) = _amountsFor(pair, add.a, add.wantedA, add.wantedB);
        if (amountA < add.leastA || amountB < add.leastB) revert TooLittleLiquidity(amountA, amountB);
        IERC20(add.a).safeTransferFrom(msg.sender, pair, amountA);
        IERC20(add.b).safeTransferFrom(msg.sender, pair, amountB);
        shares = IPair(pair).mintLiquidity(add.to);
    }

    /// @notice Gives `shares` back for both tokens, at least `leastA` and `leastB`. Errors: {Expired}, {NoPair}, {TooLittleLiquidity}.
    function removeLiquidity(
        address a,
        address b,
        uint256 shares,
        uint256 leastA,
        uint256 leastB,
        address to,
        uint256 deadline
    ) external before(deadline) returns (uint256 amountA, uint256 amountB) {
        (address pair,,) = _pairOf(a, b);
        IERC20(pair).safeTransferFrom(msg.sender, pair, shares);
        (uint256 amount0, uint256 amount1) = IPair(pair).burnLiquidity(to);
        (amountA, amountB) = a < b ? (amount0, amount1) : (amount1, amount0);
        if (amountA < leastA || amountB < leastB) revert TooLittleLiquidity(amountA, amountB);
    }

    function _swap(uint256[] memory amounts, address[] calldata path, address to) private {
        (address pair,,) = _pairOf(path[0], path[1]);
        IERC20(path[0]).safeTransferFrom(msg.sender, pair, amounts[0]);
        for (uint256 i = 1; i < path.length; ++i) {
            address next = to;
            if (i + 1 < path.length) (next,,) = _pairOf(path[i], path[i + 1]);
            (uint256 out0, uint256 out1) = path[i - 1] < path[i] ? (uint256(0), amounts[i]) : (amounts[i], 0);
            IPair(pair).swap(out0, out1, next);
            pair = next;
        }
    }

    function _amountsFor(address pair, address a, uint256 wantedA, uint256 wantedB)
        private
        view
        returns (uint256, uint256)
    {
        (uint256 reserveA, uint256 reserveB) = IPair(pair).reserves();
        if (IPair(pair).token0() != a) (reserveA, reserveB) = (reserveB, reserveA);
        if (reserveA == 0 && reserveB == 0) return (wantedA, wantedB);
        uint256 b = Math.mulDiv(wantedA, reserveB, reserveA);
        if (b <= wantedB) return (wantedA, b);
        return (Math.mulDiv(wantedB, reserveA, reserveB), wantedB);
    }

    /// @dev The pair of two tokens with its reserves in their order.
    function _pairOf(address a, address b) private view returns (address pair, uint256 reserveA, uint256 reserveB) {
        pair = factory().pairOf(a, b);
        if (pair == address(0)) revert NoPair(a, b);
        (reserveA, reserveB) = IPair(pair).reserves();
        if (a > b) (reserveA, reserveB) = (reserveB, reserveA);
    }

    function _checkPath(address[] calldata path) private pure {
        if (path.length < 2 || path.length > MAX_PATH) revert BadPath();
    }
}
