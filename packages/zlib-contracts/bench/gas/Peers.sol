// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20 as OzERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes as OzERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ERC4626 as OzERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {ERC721 as OzERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC1155 as OzERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20 as SoladyERC20} from "solady/src/tokens/ERC20.sol";
import {ERC20Votes as SoladyERC20Votes} from "solady/src/tokens/ERC20Votes.sol";
import {ERC4626 as SoladyERC4626} from "solady/src/tokens/ERC4626.sol";
import {ERC721 as SoladyERC721} from "solady/src/tokens/ERC721.sol";
import {ERC1155 as SoladyERC1155} from "solady/src/tokens/ERC1155.sol";
import {FungibleToken} from "@zos/zlib-contracts/contracts/token/FungibleToken.sol";
import {MultiToken} from "@zos/zlib-contracts/contracts/token/MultiToken.sol";
import {NonFungibleToken} from "@zos/zlib-contracts/contracts/token/NonFungibleToken.sol";
import {Vault} from "@zos/zlib-contracts/contracts/token/Vault.sol";
import {VotesToken} from "@zos/zlib-contracts/contracts/token/VotesToken.sol";

// The same token three times: ours, OpenZeppelin's plain one, Solady's. Each with a mint that anyone may call.

contract ZlibFungible is FungibleToken {
    constructor() initializer { __FungibleToken_init("T", "T"); }
    function mint(address to, uint256 v) external { _mint(to, v); }
}
contract OzFungible is ERC20Permit {
    constructor() OzERC20("T", "T") ERC20Permit("T") {}
    function mint(address to, uint256 v) external { _mint(to, v); }
}
contract SoladyFungible is SoladyERC20 {
    function name() public pure override returns (string memory) { return "T"; }
    function symbol() public pure override returns (string memory) { return "T"; }
    function mint(address to, uint256 v) external { _mint(to, v); }
}

contract ZlibVotes is VotesToken {
    constructor() initializer { __VotesToken_init("T", "T"); }
    function mint(address to, uint256 v) external { _mint(to, v); }
}
contract OzVotes is ERC20Permit, OzERC20Votes {
    constructor() OzERC20("T", "T") ERC20Permit("T") {}
    function mint(address to, uint256 v) external { _mint(to, v); }
    function clock() public view override returns (uint48) { return uint48(block.timestamp); }
    function _update(address a, address b, uint256 v) internal override(OzERC20, OzERC20Votes) { super._update(a, b, v); }
    function nonces(address o) public view override(ERC20Permit, Nonces) returns (uint256) { return super.nonces(o); }
}
contract SoladyVotes is SoladyERC20Votes {
    function name() public pure override returns (string memory) { return "T"; }
    function symbol() public pure override returns (string memory) { return "T"; }
    function mint(address to, uint256 v) external { _mint(to, v); }
    function clock() public view override returns (uint48) { return uint48(block.timestamp); }
}

contract ZlibNft is NonFungibleToken {
    constructor() initializer { __NonFungibleToken_init("T", "T"); }
    function mint(address to, uint256 id) external { _mint(to, id); }
}
contract OzNft is OzERC721("T", "T") {
    function mint(address to, uint256 id) external { _mint(to, id); }
}
contract SoladyNft is SoladyERC721 {
    function name() public pure override returns (string memory) { return "T"; }
    function symbol() public pure override returns (string memory) { return "T"; }
    function tokenURI(uint256) public pure override returns (string memory) { return ""; }
    function mint(address to, uint256 id) external { _mint(to, id); }
}

contract ZlibMulti is MultiToken {
    constructor() initializer { __MultiToken_init(""); }
    function mint(address to, uint256 id, uint256 v) external { _mint(to, id, v, ""); }
}
contract OzMulti is OzERC1155("") {
    function mint(address to, uint256 id, uint256 v) external { _mint(to, id, v, ""); }
}
contract SoladyMulti is SoladyERC1155 {
    function uri(uint256) public pure override returns (string memory) { return ""; }
    function mint(address to, uint256 id, uint256 v) external { _mint(to, id, v, ""); }
}

contract ZlibVault is Vault {
    constructor(IERC20 a) initializer { __Vault_init(a, "T", "T"); }
}
contract OzVault is OzERC4626 {
    constructor(IERC20 a) OzERC20("T", "T") OzERC4626(a) {}
    function _decimalsOffset() internal pure override returns (uint8) { return 6; }
}
contract SoladyVault is SoladyERC4626 {
    address private immutable _asset;
    constructor(address a) { _asset = a; }
    function asset() public view override returns (address) { return _asset; }
    function name() public pure override returns (string memory) { return "T"; }
    function symbol() public pure override returns (string memory) { return "T"; }
    function _decimalsOffset() internal pure override returns (uint8) { return 6; }
}
