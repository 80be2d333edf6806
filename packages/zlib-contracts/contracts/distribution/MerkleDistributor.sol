// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {ExactTransfer} from "../guard/ExactTransfer.sol";

/// @title Payments to many, named by a Merkle root
/// @notice Who opens a distribution pays it in. It can be vetoed until its claims begin; then each entry is paid once, until it expires.
/// @dev A leaf is keccak256(keccak256(abi.encode(id, index, account, amount))): hashed twice, so that no inner node passes for a leaf, and with
/// the id, so that no proof is good for two distributions. Pairs are sorted. A distribution never pays more than was paid in for it.
abstract contract MerkleDistributor is AccessControlUpgradeable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using BitMaps for BitMaps.BitMap;

    struct Distribution {
        IERC20 token;
        // First second of the claims, and first second after them.
        uint64 claimFrom;
        address funder;
        uint64 expiry;
        bytes32 root;
        // What was not claimed yet.
        uint256 left;
    }

    /// @custom:storage-location erc7201:zlib.storage.MerkleDistributor
    struct DistributorStorage {
        uint256 count;
        mapping(uint256 id => Distribution) distributions;
        mapping(uint256 id => BitMaps.BitMap) claimed;
    }

    bytes32 private constant DISTRIBUTOR_STORAGE = 0x44c02c1e6eaf9e7f58c1935c7e8f11c4a129d8c5487dd30ee4afc3fcbe9bbe00;

    /// @notice May open distributions.
    bytes32 public constant DISTRIBUTOR_ROLE = keccak256("DISTRIBUTOR_ROLE");
    /// @notice May strike one before its claims begin.
    bytes32 public constant DISTRIBUTION_VETO_ROLE = keccak256("DISTRIBUTION_VETO_ROLE");

    event DistributionOpened(uint256 indexed id, address token, bytes32 root, uint256 total, uint64 claimFrom, uint64 expiry);
    event DistributionVetoed(uint256 indexed id);
    event DistributionSwept(uint256 indexed id, uint256 amount);
    event DistributionClaimed(uint256 indexed id, uint256 index, address indexed account, uint256 amount);

    error BadDistribution();
    error NoDistribution(uint256 id);
    error ClaimsNotOpen(uint256 id, uint64 from, uint64 expiry);
    error ClaimsOpen(uint256 id, uint64 from);
    error ClaimedAlready(uint256 id, uint256 index);
    error BadMerkleProof(uint256 id);
    error DistributionEmpty(uint256 id, uint256 left);

    function _distributor() private pure returns (DistributorStorage storage $) {
        assembly {
            $.slot := DISTRIBUTOR_STORAGE
        }
    }

    /// @notice A distribution; its root is 0 where there is none.
    function distribution(uint256 id) external view returns (Distribution memory) {
        return _distributor().distributions[id];
    }

    /// @notice Distributions opened so far; ids begin with 1. The next one's id is part of its leaves.
    function distributionCount() external view returns (uint256) {
        return _distributor().count;
    }

    function isClaimed(uint256 id, uint256 index) external view returns (bool) {
        return _distributor().claimed[id].get(index);
    }

    /// @notice Opens a distribution and pays `total` in. Errors: {BadDistribution}, `ReceivedLess`.
    /// @param window Seconds until claims begin, in which it can be vetoed.
    /// @param lifetime Seconds of the claims.
    function openDistribution(IERC20 token, bytes32 root, uint256 total, uint64 window, uint64 lifetime)
        external
        nonReentrant
        onlyRole(DISTRIBUTOR_ROLE)
        returns (uint256 id)
    {
        id = _openDistribution(token, root, total, window, lifetime, msg.sender);
        ExactTransfer.take(token, msg.sender, total);
    }

    /// @notice Strikes a distribution before its claims begin; its funder gets everything back. Errors: {NoDistribution}, {ClaimsOpen}.
    function vetoDistribution(uint256 id) external nonReentrant onlyRole(DISTRIBUTION_VETO_ROLE) {
        Distribution storage one = _known(id);
        if (block.timestamp >= one.claimFrom) revert ClaimsOpen(id, one.claimFrom);
        emit DistributionVetoed(id);
        _giveBack(one);
    }

    /// @notice Gives what nobody claimed back to the funder, after the claims. Anyone may call it. Errors: {NoDistribution}, {ClaimsOpen}.
    function sweepDistribution(uint256 id) external nonReentrant {
        Distribution storage one = _known(id);
        if (block.timestamp < one.expiry) revert ClaimsOpen(id, one.claimFrom);
        emit DistributionSwept(id, one.left);
        _giveBack(one);
    }

    /// @notice Pays one entry to its account. Anyone may call it.
    /// Errors: {NoDistribution}, {ClaimsNotOpen}, {ClaimedAlready}, {BadMerkleProof}, {DistributionEmpty}.
    function claimDistribution(uint256 id, uint256 index, address account, uint256 amount, bytes32[] calldata proof)
        external
        nonReentrant
    {
        Distribution storage one = _known(id);
        if (block.timestamp < one.claimFrom || block.timestamp >= one.expiry) {
            revert ClaimsNotOpen(id, one.claimFrom, one.expiry);
        }
        BitMaps.BitMap storage claimed = _distributor().claimed[id];
        if (claimed.get(index)) revert ClaimedAlready(id, index);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(id, index, account, amount))));
        if (!MerkleProof.verifyCalldata(proof, one.root, leaf)) revert BadMerkleProof(id);
        if (amount > one.left) revert DistributionEmpty(id, one.left);
        claimed.set(index);
        one.left -= amount;
        emit DistributionClaimed(id, index, account, amount);
        one.token.safeTransfer(account, amount);
    }

    /// @dev For applications that pay from what they hold: `funder` is who gets back what is left.
    function _openDistribution(
        IERC20 token,
        bytes32 root,
        uint256 total,
        uint64 window,
        uint64 lifetime,
        address funder
    ) internal returns (uint256 id) {
        if (root == 0 || total == 0 || lifetime == 0 || lifetime > 3_650 days || window > 365 days) {
            revert BadDistribution();
        }
        DistributorStorage storage $ = _distributor();
        id = ++$.count;
        uint64 claimFrom = uint64(block.timestamp) + window;
        $.distributions[id] = Distribution(token, claimFrom, funder, claimFrom + lifetime, root, total);
        emit DistributionOpened(id, address(token), root, total, claimFrom, claimFrom + lifetime);
    }

    /// @dev Told when `amount` of `token` of a vetoed or expired distribution goes back to `funder`.
    function _distributionReturned(IERC20 token, address funder, uint256 amount) internal virtual {
        if (funder != address(this)) token.safeTransfer(funder, amount);
    }

    function _giveBack(Distribution storage one) private {
        (IERC20 token, address funder, uint256 left) = (one.token, one.funder, one.left);
        one.left = 0;
        one.root = 0;
        if (left > 0) _distributionReturned(token, funder, left);
    }

    function _known(uint256 id) private view returns (Distribution storage one) {
        one = _distributor().distributions[id];
        if (one.root == 0) revert NoDistribution(id);
    }
}
