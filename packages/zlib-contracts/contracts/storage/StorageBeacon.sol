// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @title Randomness of points in time
/// @notice Every ten minutes of the chain's clock have one random number: PREVRANDAO of the first block at or after that time. Which block that is, nobody
/// chooses; anyone records it, by showing the block's header and its parent's.
/// @dev Nobody knows the number before its block is made. The maker of that one block can influence it: by throwing the block away and, where PREVRANDAO
/// is the id of its own unit (ZOS), by trying many units before it sends one. A maker can also move its timestamp within what the chain allows
/// and so leave the number to the block after it. So it decides over one number at most, of those times whose first block it makes.
/// The hash of a block is known for 256 blocks to BLOCKHASH and for 8,191 where EIP-2935 is in force (ZOS, Ethereum from Prague on); a time that nobody
/// recorded until then has no number, ever.
abstract contract StorageBeacon is Initializable {
    using BlockHeader for Memory.Slice[];

    /// @custom:storage-location erc7201:zlib.storage.StorageBeacon
    struct BeaconStorage {
        mapping(uint256 time => bytes32) randomness;
    }

    bytes32 private constant BEACON_STORAGE = 0x9b3cc0d9f80417e1f6bfaa2a4a6feadf80361dff7f7388543dde2f8c05365f00;

    /// @notice Seconds between two numbers.
    uint32 public constant BEACON_SECONDS = 10 minutes;

    event BeaconRecorded(uint256 indexed time, uint256 blockNumber, bytes32 randomness);

    error BeaconNotAtTime(uint256 time, uint256 parentTime, uint256 blockTime);
    error BeaconUnknownBlock(uint256 blockNumber);

    function _beacons() private pure returns (BeaconStorage storage $) {
        assembly {
            $.slot := BEACON_STORAGE
        }
    }

    /// @notice The number of `time`, seconds since 1970; 0 while it is not recorded, and for times that are no multiple of {BEACON_SECONDS}.
    function beaconAt(uint256 time) public view returns (bytes32) {
        return _beacons().randomness[time];
    }

    /// @notice Records the number of `time`: `header` is the RLP of the first block at or after it, `parent` that of the block before. Does nothing when
    /// it is recorded. Errors: {BeaconNotAtTime}, {BeaconUnknownBlock} for headers that are not this chain's or too old, and `RLPInvalidEncoding`.
    function recordBeacon(uint256 time, bytes calldata header, bytes calldata parent) external returns (bytes32 randomness) {
        randomness = beaconAt(time);
        if (randomness != 0) return randomness;
        Memory.Slice[] memory fields = BlockHeader.parseHeader(header);
        uint256 number = fields.getNumber();
        if (!fields.verifyBlockHeader(keccak256(header)) || fields.getParentHash() != keccak256(parent)) {
            revert BeaconUnknownBlock(number);
        }
        uint256 blockTime = fields.getTimestamp();
        uint256 parentTime = BlockHeader.getTimestamp(parent);
        if (time % BEACON_SECONDS != 0 || time > blockTime || time <= parentTime) {
            revert BeaconNotAtTime(time, parentTime, blockTime);
        }
        // Several times may have the same first block when a chain stood still; their numbers differ.
        randomness = keccak256(abi.encodePacked(fields.getPrevRandao(), time));
        _beacons().randomness[time] = randomness;
        emit BeaconRecorded(time, number, randomness);
    }
}
