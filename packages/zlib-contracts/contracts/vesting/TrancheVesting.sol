// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {LinearVesting} from "./LinearVesting.sol";

/// @title A wallet that releases in steps
/// @notice Each tranche has a time and a share; the shares make a whole.
abstract contract TrancheVesting is LinearVesting {
    struct Tranche {
        // Seconds since 1970.
        uint64 at;
        // Basis points of the whole.
        uint16 shareBp;
    }

    /// @custom:storage-location erc7201:zlib.storage.TrancheVesting
    struct TrancheStorage {
        Tranche[] tranches;
    }

    bytes32 private constant TRANCHE_STORAGE = 0xdc70dbe0419cbba3455d29bb8306fb6f86206da18be283da2c1335097bb07300;

    /// @notice Most tranches. Bounds the gas of a release.
    uint256 public constant MAX_TRANCHES = 60;

    error BadTranches();

    function _tranches() private pure returns (TrancheStorage storage $) {
        assembly {
            $.slot := TRANCHE_STORAGE
        }
    }

    /// @param list In rising order of time; shares together 10,000. Errors: {BadTranches}.
    function __TrancheVesting_init(address beneficiary, Tranche[] memory list) internal onlyInitializing {
        if (list.length == 0 || list.length > MAX_TRANCHES) revert BadTranches();
        uint256 sum;
        for (uint256 i; i < list.length; ++i) {
            if (list[i].shareBp == 0 || (i > 0 && list[i].at <= list[i - 1].at)) revert BadTranches();
            sum += list[i].shareBp;
            _tranches().tranches.push(list[i]);
        }
        if (sum != 10_000) revert BadTranches();
        __VestingWallet_init(beneficiary, list[0].at, list[list.length - 1].at - list[0].at);
    }

    function tranches() external view returns (Tranche[] memory) {
        return _tranches().tranches;
    }

    function _vestingSchedule(uint256 total, uint64 timestamp) internal view virtual override returns (uint256) {
        Tranche[] storage list = _tranches().tranches;
        uint256 bp;
        for (uint256 i; i < list.length && list[i].at <= timestamp; ++i) bp += list[i].shareBp;
        return total * bp / 10_000;
    }
}
