// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import "@zos/node/contracts/IZosConsensus.sol";
import "@zos/node/contracts/IZosDag.sol";

/// Delegates in every way that a contract can fail to.
contract Staker {
    IZosConsensus constant CONSENSUS = IZosConsensus(0x0000000000000000000000000000000000005A01);
    IZosDag constant DAG = IZosDag(0x0000000000000000000000000000000000005a04);
    uint256 public count;

    constructor(address validator) payable {
        if (msg.value > 0) CONSENSUS.delegate{value: msg.value}(validator);
    }

    receive() external payable {}

    function delegate(address validator) external payable {
        CONSENSUS.delegate{value: msg.value}(validator);
        count += 1;
    }

    function delegateThenRevert(address validator) external payable {
        CONSENSUS.delegate{value: msg.value}(validator);
        revert("changed my mind");
    }

    /// The inner call delegates and reverts; the outer goes on.
    function tryDelegateThenRevert(address validator) external payable returns (bool failed) {
        try this.delegateThenRevert{value: msg.value}(validator) {} catch {
            failed = true;
        }
        count += 1;
    }

    /// Delegates with little gas; goes on if that fails.
    function delegateWithGas(address validator, uint256 gasLimit) external payable returns (bool ok) {
        (ok, ) = address(CONSENSUS).call{value: msg.value, gas: gasLimit}(abi.encodeCall(CONSENSUS.delegate, (validator)));
        count += 1;
    }

    /// The second delegation fails, the first stays.
    function delegateGoodAndBad(address validator) external payable {
        CONSENSUS.delegate{value: msg.value}(validator);
        try CONSENSUS.delegate{value: 0}(validator) {} catch (bytes memory reason) {
            require(bytes4(reason) == IZosConsensus.Refused.selector, "another reason");
            count += 1;
        }
    }

    function unbondStatic(address validator, uint256 amount) external view returns (bool ok) {
        (ok, ) = address(CONSENSUS).staticcall(abi.encodeCall(CONSENSUS.unbond, (validator, amount)));
    }

    function viewStatic(address validator) external view returns (uint256) {
        return CONSENSUS.delegation(validator, address(this));
    }

    function delegateByDelegatecall(address validator) external returns (bool ok) {
        (ok, ) = address(CONSENSUS).delegatecall(abi.encodeCall(CONSENSUS.delegate, (validator)));
    }

    function delegateByCallcode(address validator) external payable returns (bool ok) {
        bytes memory data = abi.encodeCall(CONSENSUS.delegate, (validator));
        assembly {
            ok := callcode(gas(), 0x5A01, callvalue(), add(data, 32), mload(data), 0, 0)
        }
    }

    function place() external view returns (uint256 index, bytes32 unit, uint256 blockNumber) {
        index = DAG.mainChainIndex();
        (unit, , , ) = DAG.unitOf(block.number);
        blockNumber = DAG.blockOf(unit);
    }
}
