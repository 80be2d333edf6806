/** External libraries become part of an application, or are linked to where they stand. */
import { Interface, type InterfaceAbi } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  compileContract,
  compileYul,
  formatArtifact,
  linkContract,
  loadSolc,
  parseArtifact,
  splitContract,
  verifyDeployment,
} from '../src/index.ts'
import { createMachine } from './machine.ts'

const solc = loadSolc()
const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
library Maths { function square(uint256 v) public pure returns (uint256) { return v * v; } }
library Ledger {
  struct Book { mapping(address => uint256) entries; uint256 sum; }
  event Booked(address indexed who, uint256 amount);
  error TooMuch(uint256 amount);
  function book(Book storage self, uint256 amount) public returns (uint256) {
    if (amount > 1000) revert TooMuch(amount);
    uint256 squared = Maths.square(amount); self.entries[msg.sender] += squared; self.sum += squared; emit Booked(msg.sender, squared); return self.sum;
  }
}
contract Child { function cube(uint256 v) external pure returns (uint256) { return Maths.square(v) * v; } }
contract App {
  Ledger.Book internal ledger;
  function book(uint256 amount) external returns (uint256) { return Ledger.book(ledger, amount); }
  function square(uint256 v) external pure returns (uint256) { return Maths.square(v); }
  function cube(uint256 v) external returns (uint256) { return new Child().cube(v); }
  function balance(address who) external view returns (uint256) { return ledger.entries[who]; }
}`
const compiled = compileContract({ sources: { 'lib/App.sol': SOURCE }, contract: 'App', solc })
const split = splitContract(compiled, { solc, maxBytes: 800 })

describe('an application with external libraries', () => {
  test('brings them along, those that others need first', () => {
    expect(Object.keys(compiled.libraries).toSorted()).toEqual(['lib/App.sol:Ledger', 'lib/App.sol:Maths'])
    expect(split.libraries.map(({ name }) => name)).toEqual(['lib/App.sol:Maths', 'lib/App.sol:Ledger'])
    expect(parseArtifact(formatArtifact(split))).toEqual(split)
  })

  test('answers, logs and reverts as the monolith that is linked to the same libraries', async () => {
    const machine = await createMachine()
    const cut = await machine.deploySplit(split, [])
    const whole = await machine.deploy(compileYul(linkContract(compiled, {}, solc).ir, solc).creation, compiled.abi, [])
    const abi = new Interface(compiled.abi as InterfaceAbi)
    for (const [name, args] of [
      ['book', [7n]],
      ['book', [8n]],
      ['book', [1_001n]],
      ['square', [9n]],
      ['square', [2n ** 200n]],
      ['cube', [3n]],
      ['balance', [machine.sender]],
    ] as const) {
      const data = abi.encodeFunctionData(name, [...args])
      const { gas: _, ...expected } = await machine.call(whole, data)
      const { gas: __, ...actual } = await machine.call(cut, data)
      expect(actual, name).toEqual(expected)
    }
    const provider = { getCode: machine.codeAt } as never
    expect(await verifyDeployment(split, cut as `0x${string}`, provider)).toMatchObject({ status: 'verified' })
    await machine.setCode(split.libraries[0]!.address, '0x00')
    expect(await verifyDeployment(split, cut as `0x${string}`, provider)).toMatchObject({
      reason: 'library lib/App.sol:Maths is other code',
    })
  })

  test('uses one that is on the chain already where its address is given', async () => {
    const machine = await createMachine()
    await machine.deploySplit(split, [])
    const elsewhere = `0x${'ab'.repeat(20)}`
    const given = splitContract(compiled, { solc, libraries: { 'lib/App.sol:Maths': elsewhere } })
    expect(given.libraries.map(({ name }) => name)).toEqual(['lib/App.sol:Ledger'])
    const app = machine.at(await machine.deploySplit(given, []), compiled.abi)
    // Returns the square of nothing but 5.
    await machine.setCode(elsewhere, '0x601960005260206000f3')
    expect((await app('square', [9n])).value).toBe(25n)
  })

  test('is refused when a library alone is above the limit', () => {
    const big = { ...compiled, libraries: { ...compiled.libraries, 'lib/App.sol:Maths': bigLibrary() } }
    expect(() => splitContract(big, { solc })).toThrow(/its library lib\/App\.sol:Maths has 25\d\d\d bytes/)
  })
})

function bigLibrary(): string {
  return `object "Big" { code { datacopy(0, dataoffset("Big_deployed"), datasize("Big_deployed")) return(0, datasize("Big_deployed")) }
    object "Big_deployed" { code { codecopy(0, dataoffset("bytes"), datasize("bytes")) return(0, datasize("bytes")) } data "bytes" hex"${'ab'.repeat(25_000)}" } }`
}

test('a library of which only constants and internal functions are used is not deployed', () => {
  const source = `pragma solidity ^0.8.24;
    library L { uint256 internal constant N = 5; function f(uint256 v) internal pure returns (uint256) { return v + N; } function g() public pure returns (uint256) { return 1; } }
    contract A { function a() external pure returns (uint256) { return L.f(L.N); } }`
  const quiet = compileContract({ sources: { 'A.sol': source }, contract: 'A', solc })
  expect(quiet.ir).toContain('linkersymbol("A.sol:L")')
  expect(quiet.libraries).toEqual({})
  expect(splitContract(quiet, { solc }).libraries).toEqual([])
})
