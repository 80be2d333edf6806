import { createRequire } from 'node:module'
import { Interface, type InterfaceAbi, id } from 'ethers'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type CompiledContract,
  compileContract,
  compileYul,
  loadSolc,
  type SplitContract,
  splitContract,
  ZlibError,
} from '../src/index.ts'
import { createMachine } from './machine.ts'

const solc = loadSolc()
const require = createRequire(import.meta.url)
/** Where the imports of the upgradeable contracts are found. */
const UPGRADEABLE = require.resolve('@openzeppelin/contracts-upgradeable/package.json')

const BANK = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
library Fee { function part(uint256 v, uint256 bp) internal pure returns (uint256) { return v * bp / 10_000; } }
abstract contract Named { string public name; constructor(string memory n) { name = n; } }
contract Bank is Named {
  struct Entry { address who; uint96 amount; string note; }
  enum State { Open, Closed }
  uint256 public immutable feeBp; address public immutable self; State public state;
  mapping(address => uint256) public balances; Entry[] internal entries; uint256 public received; bytes public lastCall;
  function(uint256) internal returns (uint256) hook;
  event Moved(address indexed from, address indexed to, uint256 amount, string note);
  error Poor(address who, uint256 has, uint256 wants);
  modifier open() { require(state == State.Open, "closed \\"for now\\" // {"); _; }
  constructor(string memory n, uint256 bp, uint256 first) payable Named(n) { feeBp = bp; self = address(this); balances[msg.sender] = first; hook = twice; }
  function twice(uint256 v) internal returns (uint256) { received += 1; return v * 2; }
  function thrice(uint256 v) internal returns (uint256) { received += 2; return v * 3; }
  function move(address to, uint256 amount, string calldata note) external open returns (uint256 fee) {
    uint256 has = balances[msg.sender]; if (has < amount) revert Poor(msg.sender, has, amount);
    fee = Fee.part(amount, feeBp); balances[msg.sender] = has - amount; balances[to] += amount - fee;
    entries.push(Entry(to, uint96(amount), note)); emit Moved(msg.sender, to, amount, note);
  }
  function entry(uint256 i) external view returns (Entry memory) { return entries[i]; }
  function count() external view returns (uint256) { return entries.length; }
  function close() external { state = State.Closed; }
  function reopen() external { state = State.Open; }
  function outer(uint256 v) external returns (uint256) { return this.inner(v) + 1; }
  function inner(uint256 v) external returns (uint256) { received += v; return v * 3; }
  function useHook(uint256 v) external returns (uint256) { return hook(v); }
  function changeHook() external { hook = thrice; }
  function make(uint256 v) external returns (uint256) { return new Child(v).double(); }
  function many(uint256[] calldata xs) external pure returns (uint256 sum, bytes32 hash) { for (uint256 i; i < xs.length; ++i) sum += xs[i]; hash = keccak256(abi.encode(xs)); }
  receive() external payable { received += msg.value; }
  fallback(bytes calldata data) external payable returns (bytes memory) { lastCall = data; return abi.encode(data.length); }
}
contract Child { uint256 v; constructor(uint256 x) { v = x; } function double() external view returns (uint256) { return v * 2; } }
`

const ARGS = ['Bank of Z', 250n, 10_000n] as const
const OTHER = `0x${'77'.repeat(20)}`
let bank: CompiledContract
let split: SplitContract

beforeAll(() => {
  bank = compileContract({ sources: { 'Bank.sol': BANK }, contract: 'Bank', solc })
  split = splitContract(bank, { maxBytes: 1_600, solc })
}, 240_000)

describe('a split contract', () => {
  test('has facets below the limit that answer every function once', () => {
    expect(split.facets.length).toBeGreaterThan(2)
    for (const { size } of split.facets) expect(size).toBeLessThanOrEqual(1_600)
    const selectors = split.facets.flatMap(({ selectors }) => selectors)
    expect(selectors.toSorted()).toEqual(
      Object.values(bank.selectors)
        .map((selector) => `0x${selector}`)
        .toSorted(),
    )
  })

  test('answers, logs and reverts as the monolith does, call by call', async () => {
    const machine = await createMachine()
    const whole = await machine.deploy(compileYul(bank.ir, solc).creation, bank.abi, ARGS)
    const cut = await machine.deploySplit(split, ARGS)
    const abi = new Interface(bank.abi as InterfaceAbi)
    const calls: [string, readonly unknown[], bigint?][] = [
      ['name', []],
      ['feeBp', []],
      ['state', []],
      ['balances', [`0x${'51'.repeat(20)}`]],
      ['move', [OTHER, 1_000n, 'rent']],
      ['move', [OTHER, 500n, 'a note that does not fit into one word of thirty-two bytes']],
      ['count', []],
      ['entry', [0n]],
      ['entry', [1n]],
      ['entry', [9n]],
      ['move', [OTHER, 10n ** 9n, 'too much']],
      ['balances', [OTHER]],
      ['close', []],
      ['move', [OTHER, 1n, '']],
      ['state', []],
      ['reopen', []],
      ['state', []],
      ['outer', [14n]],
      ['inner', [5n]],
      ['received', []],
      ['useHook', [21n]],
      ['changeHook', []],
      ['useHook', [21n]],
      ['received', []],
      ['make', [8n]],
      ['many', [[1n, 2n, 3n]]],
      ['many', [[]]],
      ['inner', [1n], 5n], // not payable
    ]
    for (const [name, args, value] of calls) {
      const data = abi.encodeFunctionData(name, [...args])
      const [expected, actual] = [await machine.call(whole, data, value), await machine.call(cut, data, value)]
      const { gas: _, ...told } = actual
      const { gas: __, ...wanted } = expected
      expect(told, `${name}(${args.join()})`).toEqual(wanted)
    }
    for (const [data, value] of [
      ['0x', 7n],
      ['0x', 0n],
      ['0x12345678', 0n],
      ['0xdeadbeef0102', 3n],
      ['0x1234', 0n],
    ] as const) {
      const [expected, actual] = [await machine.call(whole, data, value), await machine.call(cut, data, value)]
      expect({ ...actual, gas: 0 }).toEqual({ ...expected, gas: 0 })
    }
    for (const name of ['received', 'lastCall']) {
      const data = abi.encodeFunctionData(name, [])
      expect((await machine.call(cut, data)).returned).toBe((await machine.call(whole, data)).returned)
    }
    // The one difference there has to be: its own address, which an immutable holds.
    expect((await machine.call(cut, abi.encodeFunctionData('self', []))).returned).toContain(cut.slice(2))
  }, 240_000)

  test('answers selectors that it does not have as the monolith does', async () => {
    const machine = await createMachine()
    const whole = await machine.deploy(compileYul(bank.ir, solc).creation, bank.abi, ARGS)
    const cut = await machine.deploySplit(split, ARGS)
    const near = Object.values(bank.selectors).flatMap((one) => [`0x${one.slice(0, 7)}`, `0x${one.slice(2)}00`])
    const random = Array.from({ length: 100 }, (_, i) => id(`unknown ${i}`).slice(0, 10))
    for (const data of [...near.map((one) => one.slice(0, one.length & ~1)), ...random, '0x00000000', '0xffffffff']) {
      const { gas: _, ...expected } = await machine.call(whole, data)
      const { gas: __, ...actual } = await machine.call(cut, data)
      expect(actual, data).toEqual(expected)
    }
  }, 240_000)

  test('takes less than four bytes for no selector, also where zeros behind them would make one', async () => {
    // A function whose selector ends in a zero.
    const name = Array.from({ length: 5_000 }, (_, i) => `f${i}`).find((one) => id(`${one}()`).slice(8, 10) === '00')!
    const source = `pragma solidity ^0.8.24; contract A { function ${name}() external pure returns (uint256) { return 5; } function g() external {} }`
    const compiled = compileContract({ sources: { 'A.sol': source }, contract: 'A', solc })
    const machine = await createMachine()
    const cut = await machine.deploySplit(splitContract(compiled, { solc }), [])
    const selector = id(`${name}()`).slice(0, 10)
    expect((await machine.call(cut, selector)).returned).toContain('5')
    for (const data of [selector.slice(0, 8), '0x', '0x00']) {
      const { failed, returned } = await machine.call(cut, data)
      expect({ failed, returned }).toEqual({ failed: 'revert', returned: '0x' })
    }
  }, 240_000)

  test('takes value under the 2,300 gas of a transfer, as the monolith does', async () => {
    const payer = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
contract Plain { event Got(uint256 value); uint256 public x; function set(uint256 v) external { x = v; } receive() external payable { emit Got(msg.value); } }
contract Payer { function pay(address payable to) external payable { to.transfer(msg.value); } }`
    const machine = await createMachine()
    const plain = splitContract(compileContract({ sources: { 'A.sol': payer }, contract: 'Plain', solc }), { solc })
    const from = compileContract({ sources: { 'A.sol': payer }, contract: 'Payer', solc })
    const to = await machine.deploySplit(plain, [])
    const sender = await machine.deploy(compileYul(from.ir, solc).creation, from.abi, [])
    const data = new Interface(from.abi as InterfaceAbi).encodeFunctionData('pay', [to])
    const { failed, logs } = await machine.call(sender, data, 5n)
    expect(failed).toBeUndefined()
    expect(logs).toHaveLength(1)
  }, 240_000)

  test('refuses a function that does not fit alone, and names it', () => {
    expect(() => splitContract(bank, { maxBytes: 150, solc })).toThrow(
      expect.objectContaining({ code: 'ZLIB_FUNCTION_TOO_LARGE' }),
    )
  }, 240_000)

  test('stops when it is told to', () => {
    expect(() => splitContract(bank, { solc, signal: AbortSignal.abort() })).toThrow()
  })
})

describe('what cannot be split is refused with the reason', () => {
  const refused = (source: string, contract: string, reason: RegExp) => {
    const compiled = compileContract({ sources: { 'A.sol': source }, contract, solc })
    expect(() => splitContract(compiled, { solc })).toThrow(reason)
  }
  const head = '// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.24;\n'

  test('libraries that call each other in a circle, and addresses that nobody knows', () => {
    const compiled = compileContract({ sources: { 'A.sol': `${head}contract A {}` }, contract: 'A', solc })
    const circle = { a: 'linkersymbol("b")', b: 'linkersymbol("a")' }
    expect(() => splitContract({ ...compiled, libraries: circle }, { solc })).toThrow(/in a circle: a, b/)
    expect(() => splitContract({ ...compiled, ir: circle.a }, { solc })).toThrow(/library b is not known/)
  })

  test('the size of its own code in inline assembly', () => {
    refused(
      `${head}contract A { function n() external pure returns (uint256 v) { assembly { v := codesize() } } }`,
      'A',
      /size of a facet/,
    )
  })

  test('selfdestruct', () => {
    refused(`${head}contract A { function end() external { selfdestruct(payable(msg.sender)); } }`, 'A', /selfdestruct/)
  })

  test('sources that do not compile, with the words of solc', () => {
    expect(() =>
      compileContract({ sources: { 'A.sol': `${head}contract A { uint x = "a"; }` }, contract: 'A', solc }),
    ).toThrow(expect.objectContaining({ code: 'ZLIB_COMPILE' }))
    expect(() => compileContract({ sources: { 'A.sol': `${head}contract A {}` }, contract: 'B', solc })).toThrow(
      ZlibError,
    )
  })
})

describe('a module', () => {
  const ERC20 = [
    'name()',
    'symbol()',
    'decimals()',
    'totalSupply()',
    'balanceOf(address)',
    'transfer(address,uint256)',
    'allowance(address,address)',
    'approve(address,uint256)',
    'transferFrom(address,address,uint256)',
  ]
  const head = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
import "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";`
  const gold = `${head} contract Gold is ERC20Upgradeable { uint256 public x; function init() external initializer { __ERC20_init("Gold", "G"); _mint(msg.sender, 100); } function foo(uint256 a) external { x = a * 3; } }`
  const silver = `${head} contract Silver is ERC20Upgradeable, AccessControlUpgradeable { struct Z { uint256 a; string s; } mapping(address => uint256) public y; Z[] public zs; function init() external initializer { __ERC20_init("Silver", "S"); _mint(msg.sender, 7); } function bar(uint256 a, string calldata s) external { zs.push(Z(a, s)); y[msg.sender] = a; } }`

  test('cut from two applications is the same code at the same address', async () => {
    const [first, second] = [
      ['Gold', gold],
      ['Silver', silver],
    ].map(([name, source]) =>
      splitContract(compileContract({ sources: { 'App.sol': source! }, contract: name!, from: UPGRADEABLE, solc }), {
        modules: [ERC20],
        solc,
      }),
    )
    expect(first!.facets[0]!.selectors).toHaveLength(ERC20.length)
    expect(first!.facets[0]!.codeHash).toBe(second!.facets[0]!.codeHash)
    expect(first!.facets[0]!.address).toBe(second!.facets[0]!.address)
    expect(first!.facets[1]!.codeHash).not.toBe(second!.facets[1]!.codeHash)

    const machine = await createMachine()
    const address = await machine.deploySplit(first!, [])
    const abi = new Interface(first!.abi as InterfaceAbi)
    expect((await machine.call(address, abi.encodeFunctionData('init', []))).failed).toBeUndefined()
    expect((await machine.call(address, abi.encodeFunctionData('transfer', [OTHER, 40n]))).failed).toBeUndefined()
    expect(
      abi.decodeFunctionResult(
        'balanceOf',
        (await machine.call(address, abi.encodeFunctionData('balanceOf', [OTHER]))).returned,
      )[0],
    ).toBe(40n)
    expect(
      abi.decodeFunctionResult(
        'symbol',
        (await machine.call(address, abi.encodeFunctionData('symbol', []))).returned,
      )[0],
    ).toBe('G')
  }, 120_000)
})
