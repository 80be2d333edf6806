// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

/// @title Proof that somebody holds a shard
/// @notice Over a shard stands the Merkle tree of RFC 6962 with SHA-256 and leaves of 1 KiB. A nonce picks leaves; the answer is each of them with its
/// siblings on the way up. Picks and accepts exactly what `challengedLeaves` and `checkAnswer` of the package rain-storage do.
library ShardProof {
    /// @notice Bytes of a leaf; the last one may be shorter.
    uint256 internal constant LEAF_BYTES = 1024;

    /// @notice The number of the `turn`-th leaf that `nonce` picks of a shard of `length` bytes.
    function pick(bytes32 nonce, uint8 turn, uint64 length) internal pure returns (uint256) {
        return uint32(bytes4(sha256(abi.encodePacked(nonce, turn)))) % leafCount(length);
    }

    /// @notice Leaves of a shard; an empty one has one, of no bytes.
    function leafCount(uint64 length) internal pure returns (uint256) {
        return length == 0 ? 1 : (uint256(length) + LEAF_BYTES - 1) / LEAF_BYTES;
    }

    /// @notice Whether the leaves and paths answer the challenge of `wanted` leaves under `nonce` for the shard with this root and length.
    /// @dev Cost: a SHA-256 of the leaf and one a level, for each leaf; and the calldata, which is most of it.
    function answers(
        bytes32 root,
        uint64 length,
        bytes32 nonce,
        uint8 wanted,
        bytes[] calldata leaves,
        bytes32[][] calldata paths
    ) internal pure returns (bool) {
        if (leaves.length != wanted || paths.length != wanted) return false;
        for (uint8 turn; turn < wanted; ++turn) {
            if (!_isUnder(root, length, pick(nonce, turn, length), leaves[turn], paths[turn])) return false;
        }
        return true;
    }

    /// @dev A node that is last and alone on its level rises without a sibling, as in RFC 6962.
    function _isUnder(bytes32 root, uint64 length, uint256 at, bytes calldata leaf, bytes32[] calldata path)
        private
        pure
        returns (bool)
    {
        uint256 width = leafCount(length);
        uint256 size = at + 1 == width ? length - at * LEAF_BYTES : LEAF_BYTES;
        if (leaf.length != size) return false;
        bytes32 hash = sha256(abi.encodePacked(bytes1(0x00), leaf));
        uint256 used;
        for (; width > 1; width = (width + 1) / 2) {
            if ((at ^ 1) < width) {
                if (used == path.length) return false;
                bytes32 sibling = path[used++];
                hash = at & 1 == 1
                    ? sha256(abi.encodePacked(bytes1(0x01), sibling, hash))
                    : sha256(abi.encodePacked(bytes1(0x01), hash, sibling));
            }
            at >>= 1;
        }
        return used == path.length && hash == root;
    }
}
