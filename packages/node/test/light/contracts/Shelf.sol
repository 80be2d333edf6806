// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IZosConsensus} from "@zos/node/contracts/IZosConsensus.sol";

/// Reads the state in every way that a call can.
contract Shelf {
    mapping(uint256 => uint256) public next;
    uint256 public written;

    /// A chain of slots: which one is read depends on what stood in the one before.
    constructor(uint256 length) {
        uint256 at = 1;
        for (uint256 i = 0; i < length; i++) {
            uint256 to = uint256(keccak256(abi.encode(at)));
            next[at] = to;
            at = to;
        }
    }

    function follow(uint256 steps) external view returns (uint256 at) {
        at = 1;
        for (uint256 i = 0; i < steps; i++) at = next[at];
    }

    function look(address who) external view returns (uint256 balance, uint256 size, bytes32 codeHash) {
        return (who.balance, who.code.length, who.codehash);
    }

    function ask(Shelf other, uint256 steps) external view returns (uint256) {
        return other.follow(steps) + 1;
    }

    function ancestor(uint256 back) external view returns (bytes32, uint256, uint256) {
        return (blockhash(block.number - back), block.number, block.timestamp);
    }

    function stake(address validator) external view returns (uint256) {
        (bool ok, bytes memory output) =
            address(0x0000000000000000000000000000000000005A01).staticcall(abi.encodeCall(IZosConsensus.candidate, (validator)));
        require(ok, "no candidate");
        return abi.decode(output, (uint256));
    }

    function host() external view returns (bool ok) {
        (ok,) = address(0x0000000000000000000000000000000000005a10).staticcall("");
    }

    function write(uint256 value) external returns (uint256 before) {
        before = written;
        written = value;
    }

    function fail(string calldata reason) external pure {
        revert(reason);
    }

    function spin() external view returns (uint256 sum) {
        while (true) sum += next[sum];
    }
}
