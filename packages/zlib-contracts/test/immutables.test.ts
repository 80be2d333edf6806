/** What was immutable stays what the constructor made it, at the application's own address and behind whatever delegates to it. */
import { createRequire } from 'node:module'
import { concat, Interface, type InterfaceAbi, zeroPadValue } from 'ethers'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type CompiledContract, compileContract, compileYul, loadSolc, splitContract } from '../src/index.ts'
import { createMachine } from './machine.ts'

const solc = loadSolc()
const UPGRADEABLE = createRequire(import.meta.url).resolve('@openzeppelin/contracts-upgradeable/package.json')

const VAULT = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
contract Vault {
  struct Pair { uint256 a; uint256 b; }
  uint256 public immutable fee; address public immutable origin; bytes4 immutable tag; uint256 immutable never;
  uint256 public total; bytes public seen;
  constructor(uint256 f) { fee = f; origin = msg.sender; tag = 0xaabbccdd; never = 9; total = fee * 2; }
  function cost(uint256 v) external view returns (uint256) { return v * fee / 100; }
  function data(bytes calldata d) external view returns (uint256, bytes memory, bytes4, bytes32, address) { return (fee, msg.data, msg.sig, keccak256(d), origin); }
  function keep() external returns (uint256) { seen = msg.data; total += fee; return seen.length; }
  function beyond(uint256 at) external view returns (uint256 size, bytes32 word, bytes memory copied) {
    copied = new bytes(96);
    assembly { size := calldatasize() word := calldataload(at) calldatacopy(add(copied, 32), at, 96) }
    size += fee * 0;
  }
  function firstOf(bytes calldata d) external view returns (bytes1, bytes1, bytes4, bytes8, uint256) { return (d[0], d[d.length - 1], bytes4(d), bytes8(d[d.length - 3:]), fee); }
  function sum(Pair[] calldata pairs, bytes[] calldata notes) external view returns (uint256 s) { for (uint256 i; i < pairs.length; ++i) s += pairs[i].a * pairs[i].b + fee; for (uint256 i; i < notes.length; ++i) s += notes[i].length; }
  function only() external view returns (bytes4, uint256, uint256) { return (tag, fee, address(this).balance); }
  function again(uint256 v) external returns (uint256) { return this.cost(v) + uint256(uint160(origin)) * 0 + fee; }
  function forward(bytes calldata d) external returns (bytes memory) { (bool ok, bytes memory r) = address(this).delegatecall(d); require(ok, "inner"); return abi.encode(r, fee); }
  function pay() external payable returns (uint256) { total += msg.value; return fee; }
  receive() external payable { total += fee; }
  fallback(bytes calldata d) external payable returns (bytes memory) { return abi.encode(d, fee, tag, msg.data.length); }
}`

/** EIP-1167. */
const cloneOf = (address: string) => `0x363d3d373d3d3d363d73${address.slice(2)}5af43d82803e903d91602b57fd5bf3`
const IMPLEMENTATION = '360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'
/** A proxy that delegates to the address in the slot of EIP-1967; its constructor takes the address from the end of the code. */
const PROXY = compileYul(`object "Proxy" {
  code {
    codecopy(0, sub(codesize(), 32), 32) sstore(0x${IMPLEMENTATION}, mload(0))
    datacopy(0, dataoffset("Runtime"), datasize("Runtime")) return(0, datasize("Runtime"))
  }
  object "Runtime" { code {
    calldatacopy(0, 0, calldatasize())
    let done := delegatecall(gas(), sload(0x${IMPLEMENTATION}), 0, calldatasize(), 0, 0)
    returndatacopy(0, 0, returndatasize())
    if iszero(done) { revert(0, returndatasize()) }
    return(0, returndatasize())
  } } }`).creation

let vault: CompiledContract
let abi: Interface
/** The monolith and the split application as they are, behind a proxy and behind a clone. */
let places: { readonly how: string; readonly whole: string; readonly cut: string }[]
let machine: Awaited<ReturnType<typeof createMachine>>

beforeAll(async () => {
  vault = compileContract({ sources: { 'Vault.sol': VAULT }, contract: 'Vault', solc })
  abi = new Interface(vault.abi as InterfaceAbi)
  const split = splitContract(vault, { solc, maxBytes: 1_100 })
  expect(split.facets.length).toBeGreaterThan(2)
  machine = await createMachine()
  const whole = await machine.deploy(compileYul(vault.ir, solc).creation, vault.abi, [250n])
  const cut = await machine.deploySplit(split, [250n])
  const proxied = async (to: string) => (await machine.call(undefined, concat([PROXY, zeroPadValue(to, 32)]))).created!
  const cloned = async (to: string, at: string) => {
    await machine.setCode(at, cloneOf(to))
    return at
  }
  places = [
    { how: 'directly', whole, cut },
    { how: 'through a proxy', whole: await proxied(whole), cut: await proxied(cut) },
    {
      how: 'through a clone',
      whole: await cloned(whole, `0x${'a1'.repeat(20)}`),
      cut: await cloned(cut, `0x${'a2'.repeat(20)}`),
    },
  ]
}, 240_000)

async function same(data: string, value = 0n) {
  for (const { how, whole, cut } of places) {
    const { gas: _, ...expected } = await machine.call(whole, data, value)
    const { gas: __, ...actual } = await machine.call(cut, data, value)
    expect(actual, `${how}: ${data}`).toEqual(expected)
  }
}

describe('a split contract with immutables', () => {
  test('answers as the monolith does, directly, through a proxy and through a clone', async () => {
    const encode = (name: string, args: readonly unknown[] = []) => abi.encodeFunctionData(name, [...args])
    expect(abi.decodeFunctionResult('fee', (await machine.call(places[1]!.cut, encode('fee'))).returned)[0]).toBe(250n)
    for (const [name, args] of [
      ['fee', []],
      ['origin', []],
      ['total', []],
      ['cost', [40n]],
      ['data', ['0x0102030405']],
      ['data', ['0x']],
      ['keep', []],
      ['seen', []],
      ['total', []],
      ['firstOf', ['0xa1a2a3a4a5']],
      ['firstOf', ['0x']],
      [
        'sum',
        [
          [
            [1n, 2n],
            [3n, 4n],
          ],
          ['0x01', '0x0203'],
        ],
      ],
      ['sum', [[], []]],
      ['only', []],
      ['again', [8n]],
      ['pay', []],
    ] as const)
      await same(encode(name, args))
    for (const at of [0n, 4n, 5n, 20n, 35n, 36n, 37n, 68n, 1_000n, 2n ** 255n, 2n ** 256n - 1n])
      await same(encode('beyond', [at]))
    await same(encode('forward', [encode('cost', [7n])]))
    await same(encode('forward', [encode('data', ['0x77'])]))
    await same(encode('forward', ['0x12345678']))
    await same(encode('pay'), 5n)
    await same(encode('cost', [1n]), 1n) // not payable
    await same('0x', 3n)
    await same('0x01020304', 1n)
    await same('0x0102')
    await same(encode('total'))
  })

  test('sees calldata that is too short, too long or nonsense as the monolith does', async () => {
    const sum = abi.encodeFunctionData('sum', [
      [
        [1n, 2n],
        [3n, 4n],
      ],
      ['0x0102', '0x'],
    ])
    const data = abi.encodeFunctionData('data', ['0x0102030405'])
    for (const whole of [sum, data, abi.encodeFunctionData('cost', [9n])])
      for (let bytes = 4; bytes <= whole.length / 2 + 40; bytes += 7)
        await same(whole.slice(0, 2 + 2 * bytes).padEnd(2 + 2 * bytes, '7'))
    const selectors = Object.values(vault.selectors)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...selectors),
        fc.array(fc.oneof(fc.constantFrom(0n, 32n, 64n, 96n, 128n, 2n ** 256n - 1n), fc.bigInt(0n, 300n)), {
          maxLength: 12,
        }),
        fc.nat(31),
        (selector, words, cut) => {
          const body = words.map((word) => word.toString(16).padStart(64, '0')).join('')
          return same(`0x${selector}${body.slice(0, Math.max(0, body.length - 2 * cut))}`)
        },
      ),
      { numRuns: 60 },
    )
  }, 240_000)

  test('has the same module as another one whose declarations have other numbers', () => {
    const rest = VAULT.slice(VAULT.indexOf('contract Vault'))
    const other = compileContract({
      sources: {
        'Vault.sol': `pragma solidity ^0.8.24; contract First { uint256 public x; } contract Before { struct Z { uint256 q; } } ${rest}`,
      },
      contract: 'Vault',
      solc,
    })
    const modules = [['cost(uint256)', 'only()']]
    const [a, b] = [splitContract(vault, { solc, modules }), splitContract(other, { solc, modules })]
    expect(other.ir).not.toBe(vault.ir)
    expect(b.facets[0]!.address).toBe(a.facets[0]!.address)
  })
})

test('an application that is UUPS is upgraded behind its proxy, and refuses a call that does not come through one', async () => {
  const version = (n: number) => `pragma solidity ^0.8.24;
    import "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
    import "@openzeppelin/contracts-upgradeable/access/OwnableUpgradeable.sol";
    contract App is UUPSUpgradeable, OwnableUpgradeable {
      uint256 public immutable step; uint256 public count;
      constructor(uint256 s) { step = s; _disableInitializers(); }
      function init() external initializer { __Ownable_init(msg.sender); }
      function add() external returns (uint256) { count += step; return count; }
      function version() external pure returns (uint256) { return ${n}; }
      function _authorizeUpgrade(address) internal override onlyOwner {}
    }`
  const built = [1, 2].map((n) => {
    const compiled = compileContract({ sources: { 'App.sol': version(n) }, contract: 'App', from: UPGRADEABLE, solc })
    return splitContract(compiled, { solc, maxBytes: 2_500 })
  })
  const vm = await createMachine()
  const first = await vm.deploySplit(built[0]!, [5n])
  const second = await vm.deploySplit(built[1]!, [7n])
  const proxy = (await vm.call(undefined, concat([PROXY, zeroPadValue(first, 32)]))).created!
  const app = vm.at(proxy, built[0]!.abi)
  await app('init')
  expect((await app('add')).value).toBe(5n)
  expect((await vm.at(first, built[0]!.abi)('proxiableUUID')).value).toBe(`0x${IMPLEMENTATION}`)
  await expect(app('proxiableUUID')).rejects.toThrow('UUPSUnauthorizedCallContext')
  await expect(vm.at(first, built[0]!.abi)('upgradeToAndCall', [second, '0x'])).rejects.toThrow(
    'UUPSUnauthorizedCallContext',
  )
  await expect(app('upgradeToAndCall', [second, '0x'], `0x${'99'.repeat(20)}`)).rejects.toThrow(
    'OwnableUnauthorizedAccount',
  )
  await app('upgradeToAndCall', [second, '0x'])
  expect((await app('version')).value).toBe(2n)
  expect((await app('add')).value).toBe(12n)
}, 120_000)
