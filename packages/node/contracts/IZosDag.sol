// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title What is final in the ledger of ZOS.
/// @dev At 0x0000000000000000000000000000000000005a04. CALL and STATICCALL only. Every executed block is final.
interface IZosDag {
    /// Of this interface.
    function version() external view returns (uint256);
    /// How many blocks back can be asked for.
    function window() external view returns (uint256 blocks);
    /// Main-chain index of the leader unit that made this block.
    function mainChainIndex() external view returns (uint256 index);
    /// Epoch of this block.
    function epoch() external view returns (uint256 epoch);
    /// Round of the leader unit that made this block.
    function round() external view returns (uint256 round);
    /// The leader unit that made a block, with its main-chain index, round and epoch. Reverts outside the window.
    function unitOf(uint256 blockNumber) external view returns (bytes32 unit, uint256 index, uint256 round, uint256 epoch);
    /// The block that a leader unit made; 0 if it made none in the window.
    function blockOf(bytes32 unit) external view returns (uint256 blockNumber);
}
