// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {StorageMarket} from "@zos/zlib-contracts/contracts/storage/StorageMarket.sol";

/// @title A storage market and nothing else: it belongs to nobody and has nothing to set.
contract StorageShop is StorageMarket {}
