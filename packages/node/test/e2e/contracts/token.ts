import solc from 'solc'

const source = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;
contract Token {
  string public name = "Honey";
  string public symbol = "HNY";
  uint8 public constant decimals = 18;
  uint256 public totalSupply;
  mapping(address => uint256) public balanceOf;
  event Transfer(address indexed from, address indexed to, uint256 value);
  constructor() {
    totalSupply = 1_000_000 ether;
    balanceOf[msg.sender] = totalSupply;
    emit Transfer(address(0), msg.sender, totalSupply);
  }
  function transfer(address to, uint256 value) external returns (bool) {
    balanceOf[msg.sender] -= value;
    balanceOf[to] += value;
    emit Transfer(msg.sender, to, value);
    return true;
  }
}`

/** Compiles a token with what the explorer looks at. */
export function compileToken(): { abi: any[]; bytecode: `0x${string}` } {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'Token.sol': { content: source } },
        settings: { outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
      }),
    ),
  )
  const { abi, evm } = output.contracts['Token.sol'].Token
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
