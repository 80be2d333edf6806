/**
 * The whole economy at once: token, locks, mining rewards and contribution rewards on one chain, moved by random calls of anybody at random
 * times. What must hold whatever is called is checked after each call, against sums that are kept here.
 */
import { AbiCoder, concat, keccak256 } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY, YEAR, ZOS } from '../contracts.ts'
import { createMachine } from '../machine.ts'
import { compileAll } from '../standard/library.ts'

const START = 20_000n * DAY
const GENESIS = 200_000_000n * ZOS
const CAP = 1_000_000_000n * ZOS
const BUDGET = 1_000_000n * ZOS
const EPOCH = 30n * DAY
const WINDOW = 7n * DAY
const [MINTER, COMMITTEE, GOVERNOR, MALLORY] = ['a1', 'c1', 'c2', 'ee'].map((byte) => `0x${byte.repeat(20)}`) as [
  string,
  string,
  string,
  string,
]
const MINERS = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}`)
const INSIDERS = ['f1', 'f2', 'f3'].map((byte) => `0x${byte.repeat(20)}`)
const SHARES = [20n, 30n, 30n].map((millions) => millions * 1_000_000n * ZOS)
const NAMES = ['ZosToken', 'InsiderVesting', 'MiningVesting', 'ContributionRewards']
const long = process.env.ZOS_LONG === '1'

const contracts = compileAll({
  'Economy.sol': `pragma solidity ^0.8.24; ${NAMES.map((name) => `import "@zos/zlib-contracts/contracts/economy/${name}.sol";`).join('')}`,
})

/** The emission as the rules say it, in fractions: flat within two years, half as much in the next two. */
function emitted(elapsed: bigint): bigint {
  let [sum, left, budget] = [0n, elapsed < 0n ? 0n : elapsed, 400_000_000n * ZOS]
  for (; left > 0n && budget > 0n; budget /= 2n, left -= 2n * YEAR)
    sum += left >= 2n * YEAR ? budget : (budget * left) / (2n * YEAR)
  return sum
}

type Reward = readonly [account: string, amount: bigint]
const leaf = (epoch: bigint, [account, amount]: Reward) =>
  keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['uint256', 'address', 'uint256'], [epoch, account, amount])))
const pair = (a: string, b: string) => keccak256(concat(a < b ? [a, b] : [b, a]))

/** The tree ((a, b), c) of the miners' rewards, and each one's proof. */
function tree(epoch: bigint, amounts: readonly bigint[]) {
  const [a, b, c] = MINERS.map((miner, at) => leaf(epoch, [miner, amounts[at]!])) as [string, string, string]
  return { root: pair(pair(a, b), c), proofs: [[b, c], [a, c], [pair(a, b)]] }
}

async function economy() {
  const machine = await createMachine()
  machine.setTime(START)
  const make = async (name: string, args: readonly unknown[]) => {
    const { creation, abi } = contracts.get(name)!
    const address = await machine.deploy(creation, abi, args)
    return { address, call: machine.at(address, abi) }
  }
  const times = [START, START + 2n * YEAR, START + 3n * YEAR]
  const wallets: Awaited<ReturnType<typeof make>>[] = []
  for (const insider of INSIDERS) wallets.push(await make('InsiderVesting', [insider, ...times]))
  const others = ['01', '02', '03', '04', '05'].map((byte) => `0x${byte.repeat(20)}`)
  const token = await make('ZosToken', [[...wallets.map(({ address }) => address), ...others], MINTER, START])
  const mining = await make('MiningVesting', [token.address])
  const rules = [token.address, COMMITTEE, GOVERNOR, START, EPOCH, WINDOW, BUDGET]
  const rewards = await make('ContributionRewards', [rules])
  await token.call('approve', [mining.address, CAP], MINTER)
  await token.call('approve', [mining.address, CAP], MALLORY)
  // The ecosystem's share pays for contributions.
  await token.call('transfer', [rewards.address, 3n * BUDGET], others[1])
  const balance = async (account: string) => (await token.call('balanceOf', [account])).value as bigint
  return { machine, wallets, token, mining, rewards, others, balance }
}

type World = Awaited<ReturnType<typeof economy>>

/** What is known from outside: what was granted, and which epochs stand. */
interface Books {
  mined: bigint
  donated: bigint[]
  granted: Map<string, bigint>
  proposals: Map<bigint, { amounts: bigint[]; total: bigint; from: bigint; claimed: Set<number> }>
}

/** Everything that must hold at `now`. */
async function check({ wallets, token, mining, rewards, balance }: World, now: bigint, books: Books) {
  const supply = (await token.call('totalSupply')).value as bigint
  expect(supply).toBe(GENESIS + books.mined)
  expect(books.mined).toBeLessThanOrEqual(emitted(now - START))
  expect(supply).toBeLessThanOrEqual(CAP)
  const share = now < START + 2n * YEAR ? 5n : now < START + 3n * YEAR ? 2n : 1n
  for (const [at, { address }] of wallets.entries()) {
    const paid = await balance(INSIDERS[at]!)
    expect(paid).toBeLessThanOrEqual((SHARES[at]! + books.donated[at]!) / share)
    expect(paid + (await balance(address))).toBe(SHARES[at]! + books.donated[at]!)
  }
  let unpaid = 0n
  for (const miner of MINERS) {
    const owed = (await mining.call('unpaid', [miner])).value as bigint
    const granted = books.granted.get(miner) ?? 0n
    // Never less than 60 % is locked at first, so 40 % of what was ever granted is the least that was paid.
    expect(owed).toBeLessThanOrEqual(granted - (granted * 4_000n) / 10_000n + 100n)
    unpaid += owed
  }
  expect(await balance(mining.address)).toBe(unpaid)
  let reserved = 0n
  for (const [, { total, amounts, claimed }] of books.proposals)
    reserved += total - [...claimed].reduce((sum, at) => sum + amounts[at]!, 0n)
  expect((await rewards.call('reserved')).value).toBe(reserved)
  expect(await balance(rewards.address)).toBeGreaterThanOrEqual(reserved)
}

const account = fc.constantFrom(MINTER, COMMITTEE, GOVERNOR, MALLORY, ...MINERS)
const step = fc.record({
  wait: fc.constantFrom(0n, 0n, 1n, 1n, 3_600n, 3_600n, DAY - 1n, DAY, WINDOW - 1n, WINDOW, EPOCH, 180n * DAY, YEAR),
  what: fc.constantFrom(
    'mint',
    'grant',
    'release',
    'insider',
    'donate',
    'propose',
    'propose',
    'veto',
    'claim',
    'claim',
    'challenge',
  ),
  who: account,
  /** Half of the calls come from whoever may. */
  rightful: fc.boolean(),
  at: fc.nat(2),
  part: fc.bigInt(0n, 1_200n),
})

test('nobody gets more than the rules give, whatever is called by whomever at any time', async () => {
  const done = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      const world = await economy()
      const { machine, token, mining, rewards, wallets } = world
      const books: Books = { mined: 0n, donated: [0n, 0n, 0n], granted: new Map(), proposals: new Map() }
      let now = START
      for (const { wait, what, who, rightful, at, part } of steps) {
        now += wait
        machine.setTime(now)
        const last = (now - START) / EPOCH - 1n - BigInt(at)
        const known = [...books.proposals.keys()]
        // A new epoch for a proposal, one that was proposed for what follows.
        const epoch =
          what === 'propose' || known.length === 0 ? (last < 0n ? 0n : last) : known.at(-1 - (at % known.length))!
        const standing = books.proposals.get(epoch)
        const from = (holder: string) => (rightful ? holder : who)
        let allowed: boolean
        let run: () => Promise<unknown>
        let then = () => {}
        if (what === 'mint') {
          const amount = ((emitted(now - START) - books.mined) * part) / 1_000n
          allowed = from(MINTER) === MINTER && part <= 1_000n
          if (amount === 0n) allowed = from(MINTER) === MINTER
          run = () => token.call('mint', [MINTER, amount], from(MINTER))
          then = () => {
            books.mined += amount
          }
        } else if (what === 'grant') {
          const amount = ((await world.balance(from(MINTER))) * part) / 1_000n
          allowed = amount > 0n && part <= 1_000n && [MINTER, MALLORY].includes(from(MINTER))
          run = () => mining.call('grant', [MINERS[at], amount], from(MINTER))
          then = () => books.granted.set(MINERS[at]!, (books.granted.get(MINERS[at]!) ?? 0n) + amount)
        } else if (what === 'release') {
          allowed = true
          run = () => mining.call('release', [MINERS[at]], who)
        } else if (what === 'insider') {
          allowed = true
          run = () => wallets[at]!.call('release(address)', [token.address], who)
        } else if (what === 'donate') {
          allowed = true
          run = () => token.call('transfer', [wallets[at]!.address, part], world.others[2])
          then = () => {
            books.donated[at]! += part
          }
        } else if (what === 'propose') {
          const amounts = [3n, 2n, 1n].map((weight) => (BUDGET * weight * part) / 6_000n)
          const total = amounts.reduce((sum, one) => sum + one)
          const free = (await world.balance(rewards.address)) - ((await rewards.call('reserved')).value as bigint)
          allowed =
            from(COMMITTEE) === COMMITTEE &&
            now >= START + (epoch + 1n) * EPOCH &&
            !standing &&
            total > 0n &&
            total <= BUDGET &&
            total <= free
          run = () => rewards.call('propose', [epoch, tree(epoch, amounts).root, total], from(COMMITTEE))
          then = () => books.proposals.set(epoch, { amounts, total, from: now + WINDOW, claimed: new Set() })
        } else if (what === 'veto') {
          allowed = from(GOVERNOR) === GOVERNOR && standing !== undefined && now < standing.from
          run = () => rewards.call('veto', [epoch], from(GOVERNOR))
          then = () => books.proposals.delete(epoch)
        } else if (what === 'challenge') {
          allowed = standing !== undefined && now < standing.from
          run = () => rewards.call('challenge', [epoch, `0x${'ee'.repeat(32)}`], who)
        } else {
          const amounts = standing?.amounts ?? [1n, 1n, 1n]
          // Sometimes one more than the tree says.
          const amount = amounts[at]! + (part % 10n === 0n ? 1n : 0n)
          allowed =
            standing !== undefined && now >= standing.from && !standing.claimed.has(at) && amount === amounts[at]
          run = () => rewards.call('claim', [epoch, MINERS[at], amount, tree(epoch, amounts).proofs[at]], who)
          then = () => standing!.claimed.add(at)
        }
        const failed = await run().then(
          () => undefined,
          (cause: Error) => cause.message,
        )
        expect(failed === undefined, `${what} at ${now - START} by ${from(who)}: ${failed}`).toBe(allowed)
        if (failed === undefined) {
          then()
          done.add(what)
        }
        await check(world, now, books)
      }
      // In the end everything that was granted and promised is paid.
      machine.setTime(now + 400n * YEAR)
      for (const miner of MINERS) await mining.call('release', [miner])
      expect(await world.balance(mining.address)).toBe(0n)
      for (const { call } of wallets) await call('release(address)', [token.address])
      for (const [at, insider] of INSIDERS.entries())
        expect(await world.balance(insider)).toBe(SHARES[at]! + books.donated[at]!)
    }),
    { numRuns: long ? 200 : 6, seed: 11, endOnFailure: true },
  )
  // Each of them succeeded at least once, or nothing was tested.
  expect([...done].toSorted()).toEqual(
    ['challenge', 'claim', 'donate', 'grant', 'insider', 'mint', 'propose', 'release', 'veto'].toSorted(),
  )
}, 600_000)
