// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20PermitUpgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";

/// @title ERC-20 with permits (ERC-2612)
/// @notice The module of plain tokens. Who may mint is the application's business.
abstract contract FungibleToken is ERC20PermitUpgradeable {
    /// @param name_ Also the name of the EIP-712 domain that permits are signed for.
    function __FungibleToken_init(string memory name_, string memory symbol_) internal onlyInitializing {
        __ERC20_init(name_, symbol_);
        __ERC20Permit_init(name_);
    }
}
