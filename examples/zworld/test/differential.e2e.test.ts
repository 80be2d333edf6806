/**
 * The cut world against the uncut one: the same calls by the same players on two EVMs, one of which has the size limit lifted. The uncut one
 * is compiled by solc's other code generator, so that a fault of either shows too. Every answer, failure and log must be equal.
 */
import { createSolcPool, packageImports, type SplitContract } from '@zos/zlib-contracts'
import { AbiCoder, encodeBytes32String, type FunctionFragment, Interface, id, keccak256, type ParamType } from 'ethers'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createMachine } from '../../../packages/zlib-contracts/test/machine.ts'
import { buildWorld, CACHE, sourcesIn } from '../src/build.ts'
import { ACHIEVEMENTS, MONSTERS, QUESTS, RECIPES } from '../src/content.ts'

const GOLD = 10n ** 18n
const [ANN, BEN, CAT] = ['a1', 'b2', 'c3'].map((byte) => `0x${byte.repeat(20)}`) as [string, string, string]
const PLAYERS = [ANN, BEN, CAT]
const coder = AbiCoder.defaultAbiCoder()
const long = process.env.ZOS_LONG === '1'

let split: SplitContract
let monolith: string
let abi: Interface
let functions: FunctionFragment[]

beforeAll(async () => {
  // One compiler on the uncut world, the others on the facets.
  const pool = createSolcPool({ store: CACHE, workers: 1 })
  const sources = sourcesIn(new URL('../contracts/', import.meta.url))
  const [built, answer] = await Promise.all([
    buildWorld(),
    pool.run({
      resolve: packageImports(import.meta.url),
      input: JSON.stringify({
        language: 'Solidity',
        sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
        settings: {
          optimizer: { enabled: true, runs: 200 },
          outputSelection: { '*': { World: ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
        },
      }),
    }),
  ])
  await pool.close()
  split = built.split
  abi = new Interface(split.abi as never)
  functions = abi.fragments.filter((fragment): fragment is FunctionFragment => fragment.type === 'function')
  const output = JSON.parse(answer)
  const { evm } = output.contracts['World.sol'].World
  expect(evm.deployedBytecode.object.length / 2).toBeGreaterThan(100_000)
  monolith = `0x${evm.bytecode.object}`
}, 600_000)

async function twoWorlds() {
  const [cut, whole] = [await createMachine(), await createMachine({ unlimited: true })]
  const args = [cut.sender, id('zworld'), 1_000_000n * GOLD, [60, 86_400, 1_000n * GOLD, 4], 3_600n]
  let now = 1_000_000n
  let block = 1n
  for (const machine of [cut, whole]) {
    machine.setTime(now)
    machine.setBlock(block)
  }
  const address = await cut.deploySplit(split, args)
  // As many calls as the facets took, so that both worlds get the same address.
  for (const _ of [...split.libraries, ...split.facets]) await whole.call(ANN, '0x')
  expect(await whole.deploy(monolith, split.abi, args)).toBe(address)
  return {
    address,
    pass(seconds: bigint) {
      now += seconds
      block += 1n + seconds / 60n
      for (const machine of [cut, whole]) {
        machine.setTime(now)
        machine.setBlock(block)
      }
    },
    /** What a view of the cut world says. */
    async ask(name: string, args: readonly unknown[]): Promise<unknown> {
      const { returned } = await cut.call(address, abi.encodeFunctionData(name, [...args]))
      return abi.decodeFunctionResult(name, returned)[0]
    },
    /** Calls both and compares. Returns whether it succeeded. */
    async call(fragment: FunctionFragment, args: readonly unknown[], from: string): Promise<boolean> {
      const data = abi.encodeFunctionData(fragment, [...args])
      const { gas: _, ...told } = await cut.call(address, data, 0n, from)
      const { gas: __, ...wanted } = await whole.call(address, data, 0n, from)
      expect(told, `${fragment.format('sighash')} ${from}`).toEqual(wanted)
      return told.failed === undefined
    },
  }
}

/** Values that mean something in the world, by type. */
function valuesOf(type: ParamType, address: string): fc.Arbitrary<unknown> {
  if (type.baseType === 'array') {
    const length =
      type.arrayLength! >= 0 ? { minLength: type.arrayLength!, maxLength: type.arrayLength! } : { maxLength: 3 }
    return fc.array(valuesOf(type.arrayChildren!, address), length)
  }
  if (type.baseType === 'tuple') return fc.tuple(...type.components!.map((part) => valuesOf(part, address)))
  if (type.type === 'address') return fc.constantFrom(...PLAYERS, address, `0x${'00'.repeat(20)}`)
  if (type.type === 'bool') return fc.boolean()
  if (type.type === 'string') return fc.constantFrom('', 'a proposal')
  if (type.type === 'bytes') return fc.constantFrom('0x', `0x01551220${'ab'.repeat(32)}`)
  if (type.type === 'bytes4') return fc.constantFrom('0x01ffc9a7', '0xd9b67a26')
  if (type.type === 'bytes32') return fc.constantFrom(encodeBytes32String('Name'), id('secret'), `0x${'00'.repeat(32)}`)
  const bits = Number(/\d+/.exec(type.type)?.[0] ?? 256)
  const small = [0n, 1n, 2n, 3n, 4n, 5n, 7n, 13n, 20n]
  return fc.constantFrom(
    ...small,
    ...(bits > 100 ? [GOLD, 30n * GOLD, 2n ** BigInt(bits) - 1n] : bits > 16 ? [600n, 86_400n] : []),
  )
}

const named = (name: string) => functions.find((fragment) => fragment.name === name)!

/** Content, three heroes, and things in their hands, so that most calls find something to do. */
async function begin(world: Awaited<ReturnType<typeof twoWorlds>>, storyteller: string) {
  for (const [name, list] of Object.entries({
    addQuest: QUESTS,
    addRecipe: RECIPES,
    addMonster: MONSTERS,
    addAchievement: ACHIEVEMENTS,
  }))
    for (const one of list) expect(await world.call(named(name), [one], storyteller)).toBe(true)
  await world.call(named('startSeason'), [encodeBytes32String('Season'), 100_000, 100n * GOLD], storyteller)
  for (const [at, player] of PLAYERS.entries()) {
    expect(await world.call(named('join'), [encodeBytes32String(`P${at}`), at + 1], player)).toBe(true)
    await world.call(named('transfer'), [player, 10_000n * GOLD], storyteller)
    await world.call(named('setApprovalForAll'), [world.address, true], player)
    await world.call(named('delegate'), [player], player)
    for (const item of [1, 2, 3, 4, 5, 6, 10, 12, 13, 14, 20, 31, 40, 50])
      expect(await world.call(named('mintItem'), [player, item, 60], storyteller)).toBe(true)
  }
}

test('answers, fails and logs as the uncut world does, in random play of all its functions', async () => {
  const done = new Set<string>()
  const tried = new Set<string>()
  const every = functions.map((_, at) => at)
  const count = { minLength: every.length, maxLength: every.length }
  const step = fc.record({
    who: fc.nat(2),
    wait: fc.constantFrom(0n, 0n, 1n, 60n, 700n, 90_000n),
    seed: fc.integer(),
  })
  await fc.assert(
    // Every function once, in any order.
    fc.asyncProperty(fc.shuffledSubarray(every, count), fc.array(step, count), async (order, steps) => {
      const world = await twoWorlds()
      const storyteller = (await createMachine()).sender
      await begin(world, storyteller)
      for (const [at, { who, wait, seed }] of steps.entries()) {
        world.pass(wait)
        const fragment = functions[order[at]!]!
        const [args] = fc.sample(fc.tuple(...fragment.inputs.map((input) => valuesOf(input, world.address))), {
          numRuns: 1,
          seed,
        }) as [unknown[]]
        const name = fragment.format('sighash')
        tried.add(name)
        if (await world.call(fragment, args, PLAYERS[who]!)) done.add(name)
      }
    }),
    { numRuns: long ? 60 : 1, seed: 7, endOnFailure: true },
  )
  expect(tried.size).toBe(functions.length)
  expect(done.size).toBeGreaterThan(functions.length / 3)
}, 600_000)

test('a played day is equal too: land, work, hunt, duel, guild, trade, caravan, creature, season', async () => {
  const world = await twoWorlds()
  const storyteller = (await createMachine()).sender
  await begin(world, storyteller)
  const play = async (from: string, name: string, ...args: unknown[]) => {
    world.pass(30n)
    expect(await world.call(named(name), args, from), `${name}(${args.join()})`).toBe(true)
  }
  const hash = (player: string, secret: string) => keccak256(coder.encode(['address', 'bytes32'], [player, secret]))
  // Land that is not a lake, near a place with other land around.
  const y = 0
  let x = 0
  while ((await world.ask('terrainAt', [x, y])) !== 0n) x++
  await play(ANN, 'travel', x, y)
  await play(ANN, 'claimLand', x, y)
  await play(ANN, 'build', x, y, 1)
  await play(ANN, 'build', x, y, 1)
  world.pass(3_600n)
  await play(ANN, 'harvest', x, y)
  await play(ANN, 'acceptQuest', 1)
  await play(ANN, 'gather')
  await play(ANN, 'gather')
  await play(ANN, 'completeQuest', 1)
  await play(ANN, 'collectDaily')
  await play(ANN, 'letLand', x, y, GOLD)
  await play(BEN, 'rentLand', x, y, 2, GOLD)
  await play(ANN, 'payTax', x, y)
  await play(ANN, 'craft', 1, 3)
  await play(ANN, 'startBatch', 2, 5)
  await play(BEN, 'wear', 20)
  await play(BEN, 'wear', 31)
  await play(BEN, 'commitHunt', 1, hash(BEN, id('s1')))
  world.pass(120n)
  await play(BEN, 'revealHunt', id('s1'))
  await play(BEN, 'commitEnchant', 1, hash(BEN, id('s2')))
  world.pass(120n)
  await play(BEN, 'revealEnchant', id('s2'))
  await play(storyteller, 'wakeBoss', encodeBytes32String('Boss'), 20, 50n * GOLD, 86_400)
  await play(BEN, 'hitBoss')
  await play(BEN, 'collectBossPrize', 1)
  const duel = (player: string, stances: number[], salt: string) =>
    keccak256(coder.encode(['address', 'uint8[5]', 'bytes32'], [player, stances, salt]))
  await play(ANN, 'offerDuel', BEN, 5n * GOLD, duel(ANN, [1, 2, 3, 1, 2], id('d1')))
  await play(BEN, 'acceptDuel', 1, duel(BEN, [2, 2, 1, 1, 3], id('d2')))
  await play(ANN, 'revealDuel', 1, [1, 2, 3, 1, 2], id('d1'))
  await play(BEN, 'revealDuel', 1, [2, 2, 1, 1, 3], id('d2'))
  await play(ANN, 'foundGuild', encodeBytes32String('Ravens'), encodeBytes32String('fly'))
  await play(ANN, 'invite', BEN)
  await play(BEN, 'acceptInvitation', 1)
  await play(BEN, 'donateToGuild', 20n * GOLD)
  await play(ANN, 'setRank', BEN, 1)
  await play(ANN, 'proposeSpending', CAT, 5n * GOLD)
  await play(BEN, 'approveSpending', 1)
  await play(CAT, 'foundGuild', encodeBytes32String('Crows'), encodeBytes32String('caw'))
  await play(ANN, 'declareWar', 2)
  await play(ANN, 'addToPool', 1, 20, 20n * GOLD)
  await play(BEN, 'sellItem', 1, 5, 0)
  await play(CAT, 'buyItem', 1, 5, 100n * GOLD)
  await play(ANN, 'removeFromPool', 1, GOLD, 0)
  await play(ANN, 'sendCaravan', x, y, (x + 5) % 32, y, 1, 5)
  await play(CAT, 'commitHatch', hash(CAT, id('s3')))
  world.pass(120n)
  await play(CAT, 'revealHatch', id('s3'))
  await play(CAT, 'feedCreature', 1)
  await play(CAT, 'teachCreature', 1)
  await play(CAT, 'setCompanion', 1)
  await play(CAT, 'stake', 100n * GOLD)
  await play(storyteller, 'approve', world.address, 1_000n * GOLD)
  await play(storyteller, 'fundRewards', 100n * GOLD, 1_000)
  await play(CAT, 'list', world.address, 13, 4, world.address, GOLD)
  await play(BEN, 'buy', 1, 2, GOLD)
  await play(CAT, 'openAuction', world.address, true, 6, 1, world.address, GOLD, 600)
  await play(BEN, 'bid', 1, 2n * GOLD)
  await play(CAT, 'openDeal', ANN, BEN, world.address, GOLD, 9_999_999)
  await play(CAT, 'releaseDeal', 1)
  await play(ANN, 'makeSplit', PLAYERS, [1, 2, 3])
  await play(BEN, 'paySplit', 1, world.address, 6n * GOLD)
  await play(BEN, 'collectSplit', 1, world.address, CAT)
  await play(CAT, 'setRecord', id('art'), `0x01551220${'ab'.repeat(32)}`, 5, 0, 0)
  world.pass(400_000n)
  await play(ANN, 'collectBatch')
  await play(ANN, 'unloadCaravan', 1)
  await play(CAT, 'collectReward')
  await play(CAT, 'unstake', 100n * GOLD)
  await play(CAT, 'settleAuction', 1)
  await play(BEN, 'collectAuction', 1, BEN)
  await play(CAT, 'withdrawOwed', world.address)
  await play(ANN, 'endWar', 1)
  await play(BEN, 'closeSeason')
  for (const player of PLAYERS) await play(player, 'overview', player)
  await play(ANN, 'leaderboard', 1)
  await play(ANN, 'map', 0, 0, 16, 16)
  for (const interfaceId of ['0x01ffc9a7', '0xd9b67a26', '0x7965db0b', '0x4e2312e0'])
    await play(ANN, 'supportsInterface', interfaceId)
})
