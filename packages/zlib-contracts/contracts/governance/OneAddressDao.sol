// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {GovernorUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/GovernorUpgradeable.sol";
import {GovernorVotesUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesUpgradeable.sol";
import {TimelockControllerUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {VotesUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/utils/VotesUpgradeable.sol";
import {NoncesUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/NoncesUpgradeable.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {VotesToken} from "../token/VotesToken.sol";
import {TokenGovernor} from "./TokenGovernor.sol";

/// @title Token, governor and timelock at one address
/// @notice The address of the token is the governor, the timelock and the treasury. There is nothing to wire up and nothing to get wrong: the
/// only proposer of the timelock is the contract itself, so that nothing is scheduled but what was voted for; anyone may execute what is due.
/// @dev What the contract does to itself is done by governance. An application that is built on this must therefore never let others choose
/// both the target and the data of a call that it makes. Its EIP-712 domain is shared: permits, delegations and votes by signature use one
/// sequence of nonces.
abstract contract OneAddressDao is VotesToken, TokenGovernor, TimelockControllerUpgradeable {
    /// @param delay Between the end of a vote and its execution, seconds.
    function __OneAddressDao_init(
        string memory name_,
        string memory symbol_,
        GovernorRules memory rules,
        uint256 delay
    ) internal onlyInitializing {
        __VotesToken_init(name_, symbol_);
        __TokenGovernor_init(name_, IVotes(address(this)), TimelockControllerUpgradeable(payable(address(this))), rules);
        address[] memory proposers = new address[](1);
        proposers[0] = address(this);
        __TimelockController_init(delay, proposers, new address[](1), address(0));
    }

    receive() external payable virtual override(GovernorUpgradeable, TimelockControllerUpgradeable) {}

    function name() public view virtual override(ERC20Upgradeable, GovernorUpgradeable) returns (string memory) {
        return ERC20Upgradeable.name();
    }

    function clock() public view virtual override(VotesToken, GovernorUpgradeable, GovernorVotesUpgradeable) returns (uint48) {
        return VotesToken.clock();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE()
        public
        view
        virtual
        override(VotesToken, GovernorUpgradeable, GovernorVotesUpgradeable)
        returns (string memory)
    {
        return VotesToken.CLOCK_MODE();
    }

    function nonces(address owner) public view virtual override(VotesToken, NoncesUpgradeable) returns (uint256) {
        return VotesToken.nonces(owner);
    }

    /// @dev The chain of `super` ends at the holders' ERC165, which knows no base: the others are asked by name.
    function supportsInterface(bytes4 interfaceId)
        public
        view
        virtual
        override(GovernorUpgradeable, TimelockControllerUpgradeable)
        returns (bool)
    {
        return super.supportsInterface(interfaceId) || GovernorUpgradeable.supportsInterface(interfaceId)
            || AccessControlUpgradeable.supportsInterface(interfaceId);
    }

    function onERC721Received(address, address, uint256, bytes memory)
        public
        virtual
        override(GovernorUpgradeable, ERC721Holder)
        returns (bytes4)
    {
        return this.onERC721Received.selector;
    }

    function onERC1155Received(address, address, uint256, uint256, bytes memory)
        public
        virtual
        override(GovernorUpgradeable, ERC1155Holder)
        returns (bytes4)
    {
        return this.onERC1155Received.selector;
    }

    function onERC1155BatchReceived(address, address, uint256[] memory, uint256[] memory, bytes memory)
        public
        virtual
        override(GovernorUpgradeable, ERC1155Holder)
        returns (bytes4)
    {
        return this.onERC1155BatchReceived.selector;
    }
}
