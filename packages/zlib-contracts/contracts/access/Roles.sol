// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";

/// @title Roles
/// @notice OpenZeppelin's AccessControl with its first administrator.
abstract contract Roles is AccessControlUpgradeable {
    error NoAdministrator();

    /// @param admin Holds DEFAULT_ADMIN_ROLE. Errors: {NoAdministrator} for the zero address.
    function __Roles_init(address admin) internal onlyInitializing {
        if (admin == address(0)) revert NoAdministrator();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }
}
