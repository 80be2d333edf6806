// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";

/// @title ERC-4626 vault
/// @notice Shares of a pool of one asset. All roundings favour the vault.
/// @dev A share has six decimals more than the asset. Who donates to an empty vault in order to make the first depositor's shares round
/// to nothing would have to give away a million times what the depositor can lose.
abstract contract Vault is ERC4626Upgradeable {
    function __Vault_init(IERC20 asset_, string memory name_, string memory symbol_) internal onlyInitializing {
        __ERC20_init(name_, symbol_);
        __ERC4626_init(asset_);
    }

    function _decimalsOffset() internal pure virtual override returns (uint8) {
        return 6;
    }
}
