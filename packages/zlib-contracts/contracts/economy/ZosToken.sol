// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Emission} from "./Emission.sol";

/// @title ZOS as an ERC-20
/// @notice At most 10^9 ZOS: 200 M at the genesis, and up to 800 M that the minter brings in as they are mined.
/// @dev No owner, no pause, no upgrade. The minter (a bridge that locks mined coins elsewhere) is fixed when the token is made.
contract ZosToken is ERC20Capped, ERC20Permit {
    /// @notice Who receives the 200 M of the genesis. The first three are meant to be {InsiderVesting} wallets.
    struct Genesis {
        address foundation;
        address team;
        address investors;
        address welfare;
        address ecosystem;
        address community;
        address sale;
        address developers;
    }

    /// @notice The only address that may mint.
    address public immutable minter;

    /// @notice Start of the emission, seconds since 1970.
    uint64 public immutable start;

    /// @notice What the minter has minted so far.
    uint256 public mined;

    /// @notice The caller is not the minter.
    error NotMinter(address caller);

    /// @notice The emission up to now does not cover the amount.
    error AheadOfEmission(uint256 amount, uint256 available);

    /// @param genesis Receivers of the genesis allocation.
    /// @param minter_ The only address that may mint.
    /// @param start_ Start of the emission, seconds since 1970.
    constructor(Genesis memory genesis, address minter_, uint64 start_)
        ERC20("ZOS", "ZOS")
        ERC20Permit("ZOS")
        ERC20Capped(1_000_000_000e18)
    {
        minter = minter_;
        start = start_;
        _mint(genesis.foundation, 20_000_000e18);
        _mint(genesis.team, 30_000_000e18);
        _mint(genesis.investors, 30_000_000e18);
        _mint(genesis.welfare, 10_000_000e18);
        _mint(genesis.ecosystem, 50_000_000e18);
        _mint(genesis.community, 20_000_000e18);
        _mint(genesis.sale, 30_000_000e18);
        _mint(genesis.developers, 10_000_000e18);
    }

    /// @notice What the minter may mint now: emitted up to now and not minted yet.
    function mintable() public view returns (uint256) {
        uint256 elapsed = block.timestamp > start ? block.timestamp - start : 0;
        return Emission.minted(elapsed) - mined;
    }

    /// @notice Mints `amount` mined coins to `to`. Reverts with {NotMinter} and {AheadOfEmission}.
    function mint(address to, uint256 amount) external {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        uint256 available = mintable();
        if (amount > available) revert AheadOfEmission(amount, available);
        mined += amount;
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
