// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title The consensus contract of ZOS: candidates, stake, rewards and slashing.
/// @dev At 0x0000000000000000000000000000000000005a01. CALL and STATICCALL only. Amounts in wei. A refused call reverts with Refused.
interface IZosConsensus {
    function register(bytes calldata publicKey, bytes calldata possession, bytes32 vrfKey, bytes calldata isogenyKey, uint16 commissionBps) external payable;
    function bond() external payable;
    function delegate(address validator) external payable;
    function unbond(address validator, uint256 amount) external;
    function withdraw() external returns (uint256 amount);
    function redelegate(address from, address to, uint256 amount) external;
    function setCommission(uint16 commissionBps) external;
    function rotateKey(bytes calldata publicKey, bytes calldata possession) external;
    function setIsogenyKey(bytes calldata isogenyKey) external;
    function unjail() external;
    function claim(address validator) external;
    function release() external returns (uint256 amount);
    function submitEvidence(bytes calldata evidence) external returns (uint256 taken);
    function epoch() external view returns (uint256 epoch);
    function committee() external view returns (address[] memory keys, uint256[] memory stakes);
    function candidate(address owner) external view returns (uint256 tokens, uint16 commissionBps, bool jailed, bool tombstoned, address key);
    function keysOf(address owner) external view returns (bytes memory publicKey, bytes32 vrfKey, bytes memory isogenyKey);
    function ownerOf(address key) external view returns (address owner);
    function delegation(address validator, address delegator) external view returns (uint256 amount);
    function pendingRewards(address validator, address delegator) external view returns (uint256 amount);
    function minSelfBond() external view returns (uint256 amount);
    event Registered(address indexed validator, address indexed account, uint256 amount);
    event Delegated(address indexed validator, address indexed account, uint256 amount);
    event Unbonding(address indexed validator, address indexed account, uint256 amount);
    event Redelegated(address indexed validator, address indexed account, uint256 amount);
    event Rewarded(address indexed validator, address indexed account, uint256 amount);
    event KeyRotated(address indexed validator, address indexed account, uint256 amount);
    event Unjailed(address indexed validator, address indexed account, uint256 amount);
    event Slashed(address indexed validator, address indexed account, uint256 amount);
    error Refused(string reason);
}
