// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @title Chance in two steps
/// @notice First commit to a secret, then reveal it: the result mixes the secret with the hash of a block that nobody knew at the commitment.
/// @dev What this is good for, and what not. The player cannot know the result when it commits, and the maker of the block does not know the
/// secret. But the player may keep silent after it has seen a bad result: a game must charge at the commitment and treat a missing reveal as
/// lost. And a block's maker who is also the player can throw away its own block and try again, at the price of the block. Do not let more
/// depend on one result than a block is worth; for large stakes use the chain's beacon.
/// A commitment can be revealed for 250 blocks (the EVM knows the last 256 hashes); later it is void.
abstract contract CommitReveal is Initializable {
    struct Commitment {
        bytes32 hash;
        uint64 blockNumber;
    }

    /// @custom:storage-location erc7201:zlib.storage.CommitReveal
    struct CommitStorage {
        mapping(address account => mapping(bytes32 purpose => Commitment)) commitments;
    }

    bytes32 private constant COMMIT_STORAGE = 0x0baa06eafef4ac9a52b5ee3c9cabfc0a6850f3928e8da82e797342567ac0d300;

    /// @notice Blocks in which a commitment can be revealed.
    uint256 public constant REVEAL_BLOCKS = 250;

    event Committed(address indexed account, bytes32 indexed purpose, bytes32 hash);

    error CommittedAlready(bytes32 purpose);
    error NotCommitted(bytes32 purpose);
    error RevealTooEarly(uint256 firstBlock);
    error RevealTooLate(uint256 lastBlock);
    error WrongSecret(bytes32 purpose);

    function _commitments() private pure returns (CommitStorage storage $) {
        assembly {
            $.slot := COMMIT_STORAGE
        }
    }

    /// @notice What to commit to: the secret bound to the account, so that nobody can copy it.
    function commitmentOf(address account, bytes32 secret) public pure returns (bytes32) {
        return keccak256(abi.encode(account, secret));
    }

    /// @notice The standing commitment of an account for a purpose; its hash is 0 where there is none.
    function commitment(address account, bytes32 purpose) external view returns (Commitment memory) {
        return _commitments().commitments[account][purpose];
    }

    /// @dev Errors: {CommittedAlready} while one stands that can still be revealed.
    function _commit(address account, bytes32 purpose, bytes32 hash) internal {
        Commitment storage one = _commitments().commitments[account][purpose];
        if (one.hash != 0 && block.number <= one.blockNumber + REVEAL_BLOCKS) revert CommittedAlready(purpose);
        one.hash = hash;
        one.blockNumber = uint64(block.number);
        emit Committed(account, purpose, hash);
    }

    /// @dev Uses up the commitment and returns the random number. Errors: {NotCommitted}, {RevealTooEarly}, {RevealTooLate}, {WrongSecret}.
    function _reveal(address account, bytes32 purpose, bytes32 secret) internal returns (uint256) {
        Commitment storage one = _commitments().commitments[account][purpose];
        if (one.hash == 0) revert NotCommitted(purpose);
        uint256 decisive = one.blockNumber + 1;
        if (block.number <= decisive) revert RevealTooEarly(decisive + 1);
        if (block.number > one.blockNumber + REVEAL_BLOCKS) revert RevealTooLate(one.blockNumber + REVEAL_BLOCKS);
        if (commitmentOf(account, secret) != one.hash) revert WrongSecret(purpose);
        one.hash = 0;
        return uint256(keccak256(abi.encode(blockhash(decisive), account, purpose, secret)));
    }
}
