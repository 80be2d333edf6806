// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

/// @title What the router needs of a pair
interface IPair {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function reserves() external view returns (uint112 reserve0, uint112 reserve1);
    function mintLiquidity(address to) external returns (uint256 shares);
    function burnLiquidity(address to) external returns (uint256 amount0, uint256 amount1);
    function swap(uint256 out0, uint256 out1, address to) external;
}
