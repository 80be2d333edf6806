// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @title Records of what lies in rain storage
/// @notice A record has a name in the space of its owner and points to content by CID. A new version of it replaces the pointer; the number of
/// versions is kept, so that a reader notices. The content is elsewhere: this proves what it must be, not that anyone still has it.
abstract contract StorageRefs is Initializable {
    struct StorageRecord {
        // Binary CID, version 1.
        bytes cid;
        // Bytes of the content.
        uint64 size;
        // Erasure code: any `needed` of `pieces` pieces make the content; 0 of 0 for whole copies.
        uint16 needed;
        uint16 pieces;
        // 1 for the first; 0 where there is no record.
        uint32 version;
        uint64 changedAt;
    }

    /// @custom:storage-location erc7201:zlib.storage.StorageRefs
    struct RefsStorage {
        mapping(address owner => mapping(bytes32 name => StorageRecord)) records;
        mapping(bytes32 key => bool) frozen;
    }

    bytes32 private constant REFS_STORAGE = 0x57608dd8c7f161e650098bda73470271033976e7aab9d0721dd97c7604c06300;

    /// @notice Longest CID, bytes: version, codec, hash function, length, and a digest of 64 bytes.
    uint256 public constant MAX_CID = 80;

    event RecordSet(address indexed owner, bytes32 indexed name, bytes cid, uint64 size, uint32 version);
    event RecordFrozen(address indexed owner, bytes32 indexed name);

    error BadCid();
    error BadErasureCode(uint16 needed, uint16 pieces);
    error RecordIsFrozen(bytes32 name);
    error NoSuchRecord(address owner, bytes32 name);

    function _refs() private pure returns (RefsStorage storage $) {
        assembly {
            $.slot := REFS_STORAGE
        }
    }

    /// @notice A record; its version is 0 where there is none.
    function record(address owner, bytes32 name) external view returns (StorageRecord memory) {
        return _refs().records[owner][name];
    }

    function recordIsFrozen(address owner, bytes32 name) public view returns (bool) {
        return _refs().frozen[_key(owner, name)];
    }

    /// @notice Sets a record of the caller. Errors: {BadCid}, {BadErasureCode}, {RecordIsFrozen}.
    function setRecord(bytes32 name, bytes calldata cid, uint64 size, uint16 needed, uint16 pieces) external {
        if (cid.length < 6 || cid.length > MAX_CID || cid[0] != 0x01) revert BadCid();
        if (needed > pieces || (needed == 0) != (pieces == 0)) revert BadErasureCode(needed, pieces);
        if (recordIsFrozen(msg.sender, name)) revert RecordIsFrozen(name);
        StorageRecord storage one = _refs().records[msg.sender][name];
        uint32 version = one.version + 1;
        _refs().records[msg.sender][name] =
            StorageRecord(cid, size, needed, pieces, version, uint64(block.timestamp));
        emit RecordSet(msg.sender, name, cid, size, version);
    }

    /// @notice Fixes a record of the caller for ever. Errors: {NoSuchRecord}.
    function freezeRecord(bytes32 name) external {
        if (_refs().records[msg.sender][name].version == 0) revert NoSuchRecord(msg.sender, name);
        _refs().frozen[_key(msg.sender, name)] = true;
        emit RecordFrozen(msg.sender, name);
    }

    function _key(address owner, bytes32 name) private pure returns (bytes32) {
        return keccak256(abi.encode(owner, name));
    }
}
