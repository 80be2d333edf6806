import { type Contract as EthersContract, JsonRpcProvider } from 'ethers'
import { encodeFunctionData } from 'viem'
import { expect, expectTypeOf, test } from 'vitest'
import { at } from '../src/index.ts'

/** As `zlib build --types` writes it. */
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
  ],
} as const

test('a contract has the types of its ABI, and the same ABI serves viem', () => {
  const provider = new JsonRpcProvider('http://127.0.0.1:1', undefined, { staticNetwork: true })
  const game = at(Game, `0x${'11'.repeat(20)}`, provider)
  expectTypeOf(game.raise.staticCall).returns.resolves.toEqualTypeOf<boolean>()
  expectTypeOf<Awaited<ReturnType<typeof game.best>>[1]>().toEqualTypeOf<bigint>()
  expectTypeOf(game.raise.estimateGas).returns.resolves.toEqualTypeOf<bigint>()
  // @ts-expect-error: there is no such function
  expect(game.lower).toBeUndefined()
  // @ts-expect-error: the second argument is missing
  expect(() => game.raise.populateTransaction(5n).catch(() => {})).not.toThrow()
  const unknown = at({ abi: Game.abi as readonly unknown[] }, `0x${'11'.repeat(20)}`, provider)
  expectTypeOf(unknown).toEqualTypeOf<EthersContract>()
  const people = [`0x${'22'.repeat(20)}`] as const
  expect(game.interface.encodeFunctionData('raise', [5n, people])).toBe(
    encodeFunctionData({ abi: Game.abi, functionName: 'raise', args: [5n, people] }),
  )
  provider.destroy()
})
