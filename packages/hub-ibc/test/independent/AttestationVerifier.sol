// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Checks attestations as a contract on an EVM chain does: `ecrecover` for the signatures, Solidity's own decoder for what they sign. Shares no
/// code with the package.
contract AttestationVerifier {
    struct PacketCompact {
        bytes32 path;
        bytes32 commitment;
    }

    struct PacketAttestation {
        uint64 height;
        PacketCompact[] packets;
    }

    address[] private _attestors;
    uint256 private immutable _quorum;

    error TooFewSignatures();
    error UnknownSigner(address signer);
    error DuplicateSigner(address signer);
    error MalformedSignature();
    error WrongHeight(uint64 height);
    error NotAttested();

    constructor(address[] memory attestors, uint256 quorum) {
        _attestors = attestors;
        _quorum = quorum;
    }

    function verifyState(bytes calldata data, bytes[] calldata signatures)
        external
        view
        returns (uint64 height, uint64 timestamp)
    {
        _check(1, data, signatures);
        return abi.decode(data, (uint64, uint64));
    }

    /// The commitment at `path`; zero means that nothing is there.
    function verifyPacket(bytes calldata data, bytes[] calldata signatures, uint64 height, bytes calldata path)
        external
        view
        returns (bytes32)
    {
        _check(2, data, signatures);
        PacketAttestation memory attestation = abi.decode(data, (PacketAttestation));
        if (attestation.height != height) revert WrongHeight(attestation.height);
        for (uint256 i = 0; i < attestation.packets.length; i++) {
            if (attestation.packets[i].path == keccak256(path)) return attestation.packets[i].commitment;
        }
        revert NotAttested();
    }

    function _check(uint8 kind, bytes calldata data, bytes[] calldata signatures) private view {
        if (signatures.length < _quorum) revert TooFewSignatures();
        bytes32 digest = sha256(abi.encodePacked(kind, sha256(data)));
        address[] memory seen = new address[](signatures.length);
        for (uint256 i = 0; i < signatures.length; i++) {
            bytes calldata signature = signatures[i];
            if (signature.length != 65) revert MalformedSignature();
            address signer =
                ecrecover(digest, uint8(signature[64]), bytes32(signature[0:32]), bytes32(signature[32:64]));
            if (!_isAttestor(signer)) revert UnknownSigner(signer);
            for (uint256 j = 0; j < i; j++) {
                if (seen[j] == signer) revert DuplicateSigner(signer);
            }
            seen[i] = signer;
        }
    }

    function _isAttestor(address signer) private view returns (bool) {
        for (uint256 i = 0; i < _attestors.length; i++) {
            if (_attestors[i] == signer) return true;
        }
        return false;
    }
}
