/** Every supported compiler: its intermediate code is understood, and what is cut from it answers as the monolith does. */
import { createRequire } from 'node:module'
import { Interface, type InterfaceAbi } from 'ethers'
import { describe, expect, test } from 'vitest'
import { compileContract, compileYul, linkContract, loadSolc, splitContract } from '../src/index.ts'
import { parseContract } from '../src/yul/object.ts'
import { createMachine } from './machine.ts'

const { resolve } = createRequire(import.meta.url)
/** All that the splitter has to know about intermediate code, in one contract. */
const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
library Maths { function square(uint256 v) public pure returns (uint256) { return v * v; } }
contract Part { uint256 public immutable size; constructor(uint256 s) { size = s; } }
contract Probe {
  uint256 public immutable rate; address immutable self; string public name; uint256 public total; mapping(address => uint256) public of_;
  function(uint256) internal returns (uint256) hook;
  event Seen(bytes data);
  error Wrong(string why, uint256 at);
  constructor(string memory n, uint256 r) payable { name = n; rate = r; self = address(this); hook = one; }
  function one(uint256 v) internal returns (uint256) { total += v; return v * rate; }
  function two(uint256 v) internal pure returns (uint256) { return v * 2; }
  function run(uint256 v) external returns (uint256) { return hook(v); }
  function turn() external { hook = two; }
  function outer(uint256 v) external returns (uint256) { return this.run(v) + rate; }
  function square(uint256 v) external pure returns (uint256) { return Maths.square(v); }
  function part(uint256 v) external returns (uint256) { return new Part(v).size(); }
  function see(bytes calldata data, string[] calldata words) external returns (bytes memory, bytes4) { if (words.length == 3) revert Wrong(words[2], rate); emit Seen(data); return (msg.data, msg.sig); }
  function beyond(uint256 at) external view returns (uint256 n, bytes32 word) { assembly { n := calldatasize() word := calldataload(at) } n += 0 * rate; }
  function pay() external payable returns (uint256) { return address(self).balance + rate * 0; }
  receive() external payable { total += msg.value; }
  fallback(bytes calldata data) external payable returns (bytes memory) { return abi.encode(rate, data); }
}`

/** The oldest, one between, and the newest; all of them when there is time. */
const VERSIONS = ['solc-0.8.20', ...(process.env.ZOS_LONG ? ['solc-0.8.24', 'solc-0.8.30'] : []), 'solc-0.8.28', 'solc']

describe.each(VERSIONS)('with %s', (name) => {
  const solc = loadSolc(resolve(name))
  const compiled = compileContract({ sources: { 'Probe.sol': SOURCE }, contract: 'Probe', solc })
  const split = splitContract(compiled, { solc, maxBytes: 1_100 })

  test('the intermediate code has the parts that it had before', async () => {
    const code = parseContract(linkContract(compiled, {}, solc).ir)
    const parts = {
      compiler: compiled.compiler.split('+')[0],
      selectors: code.cases.map(({ selector }) => selector),
      entries: code.cases.map(({ body }) => body[0]!.text),
      prologue: code.prologue.map(({ text }) => text).join(' '),
      epilogue: code.epilogue.map(({ text }) => text).join(' '),
      hasFallback: code.hasFallback,
      functions: code.functions.size,
      libraries: Object.keys(compiled.libraries),
      // Addresses are those of the code: a facet that is compiled differently is another one.
      facets: split.facets.map(({ address, size, selectors }) => ({ address, size, functions: selectors.length })),
      router: { size: split.routerSize, codeHash: split.routerCodeHash, immutables: split.routerImmutables },
    }
    // A file for each, so that those of compilers that a short run leaves out are not taken for forgotten ones.
    await expect(`${JSON.stringify(parts, undefined, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json`)
  })

  test('what is cut answers, logs and reverts as the monolith does', async () => {
    const machine = await createMachine()
    const cut = await machine.deploySplit(split, ['probe', 7n])
    const monolith = compileYul(linkContract(compiled, {}, solc).ir, solc).creation
    const whole = await machine.deploy(monolith, compiled.abi, ['probe', 7n])
    const abi = new Interface(compiled.abi as InterfaceAbi)
    const calls: (readonly [name: string, args: readonly unknown[], value?: bigint])[] = [
      ['name', []],
      ['rate', []],
      ['run', [5n]],
      ['outer', [6n]],
      ['turn', []],
      ['run', [5n]],
      ['total', []],
      ['square', [12n]],
      ['part', [44n]],
      ['see', ['0x0102', ['a', 'b']]],
      ['see', ['0x', ['a', 'b', 'a reason that needs more than thirty-two bytes']]],
      ['beyond', [30n]],
      ['beyond', [4n]],
      ['pay', [], 3n],
      ['run', [1n], 1n],
    ]
    const data = calls.map(([name, args, value]) => [abi.encodeFunctionData(name, [...args]), value ?? 0n] as const)
    for (const [bytes, value] of [...data, ['0x', 2n], ['0x12345678aa', 0n], ['0x01', 0n]] as const) {
      const { gas: _, ...expected } = await machine.call(whole, bytes, value)
      const { gas: __, ...actual } = await machine.call(cut, bytes, value)
      expect(actual, bytes).toEqual(expected)
    }
  })
})
