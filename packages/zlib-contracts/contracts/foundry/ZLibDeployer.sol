// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev The cheat codes of forge that are used here.
interface IVm {
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function toString(uint256 value) external pure returns (string memory);
}

/// @title Deploys what `zlib build` wrote, in forge's tests and scripts
/// @notice foundry.toml needs `fs_permissions = [{ access = "read", path = "artifacts" }]`.
library ZLibDeployer {
    IVm private constant VM = IVm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    address private constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    /// @notice The standard factory is missing, or did not put a piece where it belongs.
    error NotDeployed(string piece);

    /// @notice Deploys the libraries and facets of artifacts/NAME.json that are missing, and the router.
    /// @param args Constructor arguments, encoded.
    function deploy(string memory name, bytes memory args) internal returns (address application) {
        string memory json = VM.readFile(string.concat("artifacts/", name, ".json"));
        _deployAll(json, ".libraries");
        _deployAll(json, ".facets");
        bytes memory creation = bytes.concat(VM.parseJsonBytes(json, ".router"), args);
        assembly ("memory-safe") {
            application := create(0, add(creation, 32), mload(creation))
        }
        if (application == address(0)) revert NotDeployed("router");
    }

    function _deployAll(string memory json, string memory list) private {
        for (uint256 i; ; ++i) {
            string memory piece = string.concat(list, "[", VM.toString(i), "]");
            if (!VM.keyExistsJson(json, piece)) return;
            address at = VM.parseJsonAddress(json, string.concat(piece, ".address"));
            if (at.code.length > 0) continue;
            (bool done,) = FACTORY.call(bytes.concat(bytes32(0), VM.parseJsonBytes(json, string.concat(piece, ".creation"))));
            if (!done || at.code.length == 0) revert NotDeployed(piece);
        }
    }
}
