// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// Keeps a greeting that anyone can change.
contract Greeter {
    string public greeting;

    event Greeted(address indexed by, string greeting);

    constructor(string memory first) {
        greeting = first;
    }

    function greet(string calldata next) external {
        greeting = next;
        emit Greeted(msg.sender, next);
    }
}
