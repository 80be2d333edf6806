import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { layoutChanges, loadSolc, namespaceLocation, selectorClashes, storageLayout } from '../../src/index.ts'

const solc = loadSolc()
const UPGRADEABLE = createRequire(import.meta.url).resolve('@openzeppelin/contracts-upgradeable/package.json')
const layout = (source: string) =>
  storageLayout({ sources: { 'A.sol': `pragma solidity ^0.8.24; ${source}` }, contract: 'A', from: UPGRADEABLE, solc })
/** Changes as `where: message`, with `!` before those that break. */
const changes = (before: string, after: string) =>
  layoutChanges(layout(before), layout(after)).map(
    ({ breaking, where, message }) => `${breaking ? '!' : ''}${where}: ${message}`,
  )
const contract = (body: string) => `contract A { ${body} }`

describe('a new version may', () => {
  test.each([
    ['add a variable behind the others', 'uint256 a;', 'uint256 a; uint256 b;', ['b: it is new at slot 1']],
    ['take the rest of a slot', 'uint128 a;', 'uint128 a; uint64 b;', ['b: it is new at byte 16 of slot 0']],
    [
      'use a gap',
      'uint256[5] __gap; uint256 z;',
      'uint256 a; uint256[4] __gap; uint256 z;',
      ['a: it is new at slot 0'],
    ],
    ['rename', 'uint256 a;', 'uint256 b;', ['a: it is called b now']],
    [
      'grow a struct in a mapping',
      'struct S { uint256 x; } mapping(address => S) m;',
      'struct S { uint256 x; uint256 y; } mapping(address => S) m;',
      ['m[].y: it is new at slot 1'],
    ],
    ['add a member to an enum', 'enum E { A } E e;', 'enum E { A, B } E e;', []],
    ['change nothing', 'uint256 a; mapping(uint256 => string[]) b;', 'uint256 a; mapping(uint256 => string[]) b;', []],
  ])('%s', (_, before, after, told) => {
    expect(changes(contract(before), contract(after))).toEqual(told)
  })
})

describe('a new version may not', () => {
  test.each([
    ['put a variable first', 'uint256 a;', 'uint128 n; uint256 a;', /!a: it moved from slot 0 to slot 1/],
    ['change a type', 'uint256 a;', 'int256 a;', /!a: its type was uint256 and is int256/],
    ['narrow a type', 'uint256 a;', 'uint128 a;', /!a: its type was uint256 and is uint128/],
    ['remove a variable', 'uint256 a; uint256 b;', 'uint256 a;', /!b: it is gone/],
    ['move a variable', 'uint256 a; uint128 b;', 'uint128 b; uint256 a;', /!a: its type was uint256 and is uint128/],
    [
      'grow a struct in an array',
      'struct S { uint256 x; } S[] s;',
      'struct S { uint256 x; uint256 y; } S[] s;',
      /!s\[\]: its size was 32 bytes and is 64/,
    ],
    [
      'change what a mapping holds',
      'mapping(address => uint256) m;',
      'mapping(address => int256) m;',
      /!m\[\]: its type was uint256 and is int256/,
    ],
    [
      'change the key of a mapping',
      'mapping(address => uint256) m;',
      'mapping(uint256 => uint256) m;',
      /!m: its type was mapping/,
    ],
    ['change the length of an array', 'uint256[3] a;', 'uint256[4] a;', /!a: its type was uint256\[3\]/],
    ['reorder an enum', 'enum E { A, B } E e;', 'enum E { B, A } E e;', /!e: the members of enum A\.E are others/],
    [
      'outgrow a gap',
      'uint256[1] __gap; uint256 z;',
      'uint256 a; uint256 b; uint256 z;',
      /!z: it moved from slot 1 to slot 2/,
    ],
  ])('%s', (_, before, after, told) => {
    expect(changes(contract(before), contract(after)).join('\n')).toMatch(told)
  })
})

describe('a namespace', () => {
  const spaced = (members: string, location = namespaceLocation('example.main')) => `contract Base {
    /// @custom:storage-location erc7201:example.main
    struct MainStorage { ${members} }
    bytes32 private constant MainStorageLocation = ${location};
    function _main() internal pure returns (MainStorage storage $) { assembly { $.slot := MainStorageLocation } }
  }
  contract A is Base { function x() external view returns (uint256) { return _main().x; } }`

  test('has the place that ERC-7201 computes', () => {
    // The example of the ERC, and what OpenZeppelin writes into ERC20Upgradeable.
    expect(namespaceLocation('example.main')).toBe('0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500')
    expect(namespaceLocation('openzeppelin.storage.ERC20')).toBe(
      '0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00',
    )
    const before = spaced('uint256 x;')
    expect(changes(before, spaced('uint256 x;', `0x${'12'.repeat(32)}`))).toEqual([
      '!erc7201:example.main: the constant for its place is not what ERC-7201 computes',
    ])
  })

  test('may grow, and may not change or go', () => {
    const before = spaced('uint256 x; string name;')
    expect(changes(before, spaced('uint256 x; string name; uint256 y;'))).toEqual([
      'erc7201:example.main/y: it is new at slot 2',
    ])
    expect(changes(before, spaced('uint256 x; uint256 y; string name;')).join()).toContain(
      '!erc7201:example.main/name: its type was string and is uint256',
    )
    expect(changes(before, contract('uint256 x;'))).toContain('!erc7201:example.main: the namespace is gone')
  })

  test('of an inherited contract is found', () => {
    const token = layout(
      'import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol"; contract A is ERC20Upgradeable {}',
    )
    expect(Object.keys(token.namespaces).toSorted()).toEqual([
      'openzeppelin.storage.ERC20',
      'openzeppelin.storage.Initializable',
    ])
    expect(token.misplaced).toEqual([])
  })
})

test('selectors that two parties answer to are found, also under different names', () => {
  const entry = (signature: string) => ({
    type: 'function',
    name: signature.split('(')[0],
    inputs: signature
      .split('(')[1]!
      .replace(')', '')
      .split(',')
      .filter(Boolean)
      .map((type) => ({ type })),
  })
  // A well-known pair with one selector.
  const clashes = selectorClashes({
    app: [entry('burn(uint256)'), entry('x()'), { type: 'event', name: 'x' }],
    proxy: [entry('collate_propagate_storage(bytes16)'), entry('y()')],
  })
  expect(clashes).toEqual([
    {
      selector: '0x42966c68',
      first: { owner: 'app', signature: 'burn(uint256)' },
      second: { owner: 'proxy', signature: 'collate_propagate_storage(bytes16)' },
    },
  ])
})
