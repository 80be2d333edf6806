// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";

/// @title A switch that stops what is marked `whenNotPaused`
/// @notice Holders of PAUSER_ROLE stop; only the administrator starts again, so that a stolen pauser's key cannot undo a stop.
abstract contract PauseSwitch is PausableUpgradeable, AccessControlUpgradeable {
    /// @notice May stop.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }
}
