import solc from 'solc'

const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;
contract Counter {
  uint256 public count;
  event Counted(address indexed by, uint256 count);
  error TooMuch(uint256 step);
  function add(uint256 step) external returns (uint256) {
    if (step > 100) revert TooMuch(step);
    require(step != 13, "unlucky");
    count += step;
    emit Counted(msg.sender, count);
    return count;
  }
}`

/** Compiles the counter with solc: about a second. */
export function compileCounter(): { abi: readonly Record<string, unknown>[]; bytecode: `0x${string}` } {
  const input = {
    language: 'Solidity',
    sources: { 'Counter.sol': { content: SOURCE } },
    settings: { optimizer: { enabled: true }, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const { contracts, errors } = JSON.parse(solc.compile(JSON.stringify(input)))
  if (errors?.length) throw new Error(JSON.stringify(errors))
  const { abi, evm } = contracts['Counter.sol'].Counter
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
