import { type AddressLike, type Contract as EthersContract, Interface, JsonRpcProvider } from 'ethers'
import { encodeFunctionData } from 'viem'
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest'
import { at, compileContract, compileYul, loadSolc, revertOf } from '../src/index.ts'
import { createMachine } from './machine.ts'

/** `zlib build --types` of the contract below. */
const Game = {
  abi: [
    {
      type: 'function',
      name: 'raise',
      stateMutability: 'nonpayable',
      inputs: [
        { name: 'by', type: 'uint64' },
        { name: 'to', type: 'address[]' },
      ],
      outputs: [{ name: '', type: 'bool' }],
    },
    {
      type: 'function',
      name: 'best',
      stateMutability: 'view',
      inputs: [],
      outputs: [
        { name: 'who', type: 'address' },
        { name: 'score', type: 'uint256' },
      ],
    },
    {
      type: 'function',
      name: 'hero',
      stateMutability: 'pure',
      inputs: [
        {
          name: 'h',
          type: 'tuple',
          components: [
            { name: 'name', type: 'string' },
            {
              name: 'place',
              type: 'tuple',
              components: [
                { name: 'x', type: 'int16' },
                { name: 'y', type: 'int16' },
              ],
            },
            { name: 'worn', type: 'uint8[2][]' },
            { name: 'at', type: 'uint64' },
          ],
        },
      ],
      outputs: [
        {
          name: 'all',
          type: 'tuple[3]',
          components: [
            { name: 'name', type: 'string' },
            {
              name: 'place',
              type: 'tuple',
              components: [
                { name: 'x', type: 'int16' },
                { name: 'y', type: 'int16' },
              ],
            },
            { name: 'worn', type: 'uint8[2][]' },
            { name: 'at', type: 'uint64' },
          ],
        },
      ],
    },
    {
      type: 'function',
      name: 'find',
      stateMutability: 'pure',
      inputs: [{ name: 'id', type: 'uint256' }],
      outputs: [{ name: '', type: 'string' }],
    },
    {
      type: 'function',
      name: 'find',
      stateMutability: 'pure',
      inputs: [
        { name: 'id', type: 'uint256' },
        {
          name: 'p',
          type: 'tuple[]',
          components: [
            { name: 'x', type: 'int16' },
            { name: 'y', type: 'int16' },
          ],
        },
      ],
      outputs: [{ name: '', type: 'uint256' }],
    },
    {
      type: 'event',
      name: 'Moved',
      anonymous: false,
      inputs: [
        { name: 'who', type: 'address', indexed: true },
        {
          name: 'places',
          type: 'tuple[]',
          components: [
            { name: 'x', type: 'int16' },
            { name: 'y', type: 'int16' },
          ],
          indexed: false,
        },
      ],
    },
    {
      type: 'error',
      name: 'Poor',
      inputs: [
        { name: 'has', type: 'uint256' },
        { name: 'wants', type: 'uint256' },
      ],
    },
  ],
} as const

const SOURCE = `pragma solidity ^0.8.24;
contract Game {
  struct Place { int16 x; int16 y; } struct Hero { string name; Place place; uint8[2][] worn; uint64 at; }
  event Moved(address indexed who, Place[] places); error Poor(uint256 has, uint256 wants);
  function raise(uint64 by, address[] calldata to) external returns (bool) { if (by > to.length) revert Poor(to.length, by); require(by != 1, "one"); return by == 0; }
  function best() external view returns (address who, uint256 score) { return (address(7), 9); }
  function hero(Hero calldata h) external pure returns (Hero[3] memory all) { all[1] = h; }
  function find(uint256 id) external pure returns (string memory) { return id == 1 ? "one" : "other"; }
  function find(uint256 id, Place[] calldata p) external pure returns (uint256) { return id + p.length; }
}`

const ADDRESS = `0x${'11'.repeat(20)}`
const provider = new JsonRpcProvider('http://127.0.0.1:1', undefined, { staticNetwork: true })
afterAll(() => provider.destroy())
const game = at(Game, ADDRESS, provider)

describe('a contract at an address', () => {
  test('has the types of its ABI, and the same ABI serves viem', () => {
    expectTypeOf(game.raise.staticCall).returns.resolves.toEqualTypeOf<boolean>()
    expectTypeOf(game.raise.estimateGas).returns.resolves.toEqualTypeOf<bigint>()
    // @ts-expect-error: there is no such function
    expect(game.lower).toBeUndefined()
    // @ts-expect-error: the second argument is missing
    expect(() => game.raise.populateTransaction(5n).catch(() => {})).not.toThrow()
    const unknown = at({ abi: Game.abi as readonly unknown[] }, ADDRESS, provider)
    expectTypeOf(unknown).toEqualTypeOf<EthersContract>()
    const people = [`0x${'22'.repeat(20)}`] as const
    expect(game.interface.encodeFunctionData('raise', [5n, people])).toBe(
      encodeFunctionData({ abi: Game.abi, functionName: 'raise', args: [5n, people] }),
    )
  })

  test('gives lists with names for several results, and for structs', () => {
    type Best = Awaited<ReturnType<typeof game.best>>
    expectTypeOf<Best[1]>().toEqualTypeOf<bigint>()
    expectTypeOf<Best['who']>().toEqualTypeOf<string>()
    type Heroes = Awaited<ReturnType<typeof game.hero>>
    expectTypeOf<Heroes['length']>().toEqualTypeOf<3>()
    expectTypeOf<Heroes[0]['place']['x']>().toEqualTypeOf<bigint>()
    expectTypeOf<Heroes[0][0]>().toEqualTypeOf<string>()
    expectTypeOf<Heroes[0]['worn']>().toEqualTypeOf<readonly (readonly [bigint, bigint])[]>()
    // `at` is a function of every array, so ethers does not give it by name.
    expectTypeOf<Heroes[0]['at']>().toBeFunction()
    expectTypeOf<Heroes[0][3]>().toEqualTypeOf<bigint>()
  })

  test('takes structs as objects or lists, and fixed arrays of their length', () => {
    type Hero = Parameters<typeof game.hero>[0]
    expectTypeOf<{ name: 'a'; place: { x: 1; y: 2n }; worn: [[1, 2], [3, '4']]; at: 5n }>().toExtend<Hero>()
    expectTypeOf<{ name: 'a'; place: { x: 1; y: 2n }; worn: [] }>().not.toExtend<Hero>()
    expectTypeOf<['a', [1, 2], [], 5]>().toExtend<Hero>()
    expectTypeOf<{ name: 'a'; place: { x: 1 }; worn: []; at: 5 }>().not.toExtend<Hero>()
    expectTypeOf<['a', [1, 2], [[1, 2, 3]], 5]>().not.toExtend<Hero>()
    expectTypeOf<Parameters<typeof game.raise>[1]>().toEqualTypeOf<readonly AddressLike[]>()
  })

  test('tells overloads apart by arguments and by signature', () => {
    const byArguments = () => [game.find(1n), game.find(1n, [{ x: 1, y: 2 }])] as const
    expectTypeOf(byArguments).returns.toEqualTypeOf<readonly [Promise<string>, Promise<bigint>]>()
    expectTypeOf(game['find(uint256,(int16,int16)[])']).returns.resolves.toEqualTypeOf<bigint>()
    expectTypeOf(game.getFunction('find(uint256)')).returns.resolves.toEqualTypeOf<string>()
    expect(game['find(uint256,(int16,int16)[])'].name).toBe('find')
    // @ts-expect-error: no function has this signature
    expect(() => game.getFunction('find(string)').name).toThrow()
  })

  test('has its events and what may be asked of them', () => {
    const query = () => game.queryFilter('Moved', 0)
    type Log = Awaited<ReturnType<typeof query>>[number]
    expectTypeOf<Log['args']['who']>().toEqualTypeOf<string>()
    expectTypeOf<Log['args']['places'][number]['x']>().toEqualTypeOf<bigint>()
    const filtered = () => game.queryFilter(game.filters.Moved([ADDRESS]))
    expectTypeOf<Awaited<ReturnType<typeof filtered>>[number]['args'][0]>().toEqualTypeOf<string>()
    const listen = () =>
      game.on('Moved', (who, places) =>
        expectTypeOf({ who, x: places[0]!.x }).toEqualTypeOf<{ who: string; x: bigint }>(),
      )
    expectTypeOf(listen).toBeFunction()
    // @ts-expect-error: there is no such event
    expect(() => game.filters.Stayed()).toThrow()
    // @ts-expect-error: what is not indexed cannot be asked for
    expectTypeOf(() => game.filters.Moved(null, [[1, 2]])).toBeFunction()
  })
})

test('the types are what solc writes and ethers gives', async () => {
  const solc = loadSolc()
  const compiled = compileContract({ sources: { 'Game.sol': SOURCE }, contract: 'Game', solc })
  const strip = (entry: unknown) =>
    JSON.parse(JSON.stringify(entry, (key, value) => (key === 'internalType' ? undefined : value)))
  expect(compiled.abi.map(strip)).toEqual(expect.arrayContaining(Game.abi.map(strip)))
  const machine = await createMachine()
  const address = await machine.deploy(compileYul(compiled.ir, solc).creation, Game.abi, [])
  const abi = new Interface(Game.abi)
  const worn = [
    [1n, 2n],
    [3n, 4n],
  ]
  const { returned } = await machine.call(
    address,
    abi.encodeFunctionData('hero', [{ name: 'Ann', place: { x: -1, y: 2 }, worn, at: 5 }]),
  )
  const [heroes] = abi.decodeFunctionResult('hero', returned) as unknown as [Awaited<ReturnType<typeof game.hero>>]
  expect([heroes.length, heroes[1].name, heroes[1][1].x, heroes[1].worn[1]![0]]).toEqual([3, 'Ann', -1n, 3n])
  expect([heroes[1].place.x, heroes[1][3], heroes[1].at]).toEqual([-1n, 5n, expect.any(Function)])
})

test('errors are told by name, with their arguments', async () => {
  const failed = (data: string) => Object.assign(new Error('reverted'), { code: 'CALL_EXCEPTION', data })
  const abi = new Interface(Game.abi)
  const poor = revertOf(Game, failed(abi.encodeErrorResult('Poor', [1n, 5n])))
  expect(poor).toMatchObject({ name: 'Poor' })
  if (poor?.name === 'Poor') {
    expectTypeOf(poor.args.wants).toEqualTypeOf<bigint>()
    expect([...poor.args]).toEqual([1n, 5n])
  }
  const said = revertOf(Game, failed(`0x08c379a0${abi.getAbiCoder().encode(['string'], ['one']).slice(2)}`))
  expect(said?.name === 'Error' && said.args[0]).toBe('one')
  for (const other of [
    failed('0x12345678'),
    failed('0x'),
    failed(`${abi.getError('Poor')!.selector}01`),
    new Error('no chain'),
    undefined,
  ])
    expect(revertOf(Game, other)).toBeUndefined()
})
