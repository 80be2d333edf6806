/** Every function of the consensus contract that writes: with any gas it takes effect whole or not at all. */
import { bytesToHex } from '@ethereumjs/util'
import { CONSENSUS_ABI, provePossession } from '@zos/zpos'
import { Wallet } from 'ethers'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { CONSENSUS, consensus, createWorld, USER, VALIDATOR, validatorKeys, type World, ZOS } from './world.ts'

/** Seconds after which what was unbonded can be withdrawn, in the devnet's genesis and beyond. */
const LATER = 2_000 + 10_000
const OTHER = validatorKeys[1]!.address
/** What writes nothing in this world: rewards and releases come with blocks, a jail with missed rounds, an offence with a committee at work. */
const NOT_HERE = new Set(['claim', 'release', 'unjail', 'submitEvidence'])

interface Write {
  name: string
  args: unknown[]
  value?: bigint
  timestamp?: number
  /** What has to be done before. */
  after?: Write[]
}

const VRF_KEY = `0x${'01'.repeat(32)}`
let world: World

function keyOf(filler: string): { publicKey: string; possession: string } {
  const key = new Wallet(`0x${filler.repeat(32)}`)
  const possession = provePossession(Buffer.from(key.privateKey.slice(2), 'hex'), USER as never)
  return { publicKey: key.signingKey.compressedPublicKey, possession: bytesToHex(possession) }
}

function writes(): Write[] {
  const [first, second] = [keyOf('31'), keyOf('32')]
  const isogenyKey = new Uint8Array(83).fill(2)
  const register: Write = {
    name: 'register',
    args: [first.publicKey, first.possession, VRF_KEY, isogenyKey, 500],
    value: 2_000n * ZOS,
  }
  const delegate: Write = { name: 'delegate', args: [VALIDATOR], value: 5n * ZOS }
  const unbond: Write = { name: 'unbond', args: [VALIDATOR, 2n * ZOS], after: [delegate] }
  return [
    register,
    delegate,
    unbond,
    { name: 'bond', args: [], value: ZOS, after: [register] },
    { name: 'withdraw', args: [], timestamp: LATER, after: [delegate, unbond] },
    { name: 'redelegate', args: [VALIDATOR, OTHER, ZOS], after: [delegate] },
    { name: 'setCommission', args: [600], timestamp: LATER + 100_000, after: [register] },
    { name: 'rotateKey', args: [second.publicKey, second.possession], after: [register] },
    { name: 'setIsogenyKey', args: [new Uint8Array(83).fill(3)], after: [register] },
  ]
}

const run = ({ name, args, value = 0n, timestamp = 2_000 }: Write, gasLimit = 16_000_000n) =>
  world.call(CONSENSUS, consensus.encodeFunctionData(name, args), { value, timestamp, gasLimit })

const tried = (write: Write, gasLimit?: bigint) =>
  world.sandbox(async () => {
    const outcome = await run(write, gasLimit)
    return { outcome, changes: world.changes() }
  })

beforeAll(async () => {
  world = await createWorld()
})

describe('a write of the consensus contract', () => {
  test('takes effect whole or not at all, whatever the gas, whichever function it is', async () => {
    const all = writes()
    for (const write of all)
      await world.sandbox(async () => {
        for (const before of write.after ?? []) expect((await run(before)).succeeded, before.name).toBe(true)
        const whole = await tried(write)
        const { returned } = whole.outcome
        const reason = whole.outcome.succeeded ? '' : consensus.parseError(returned)?.args.toString()
        expect(whole.outcome.succeeded, `${write.name}: ${whole.outcome.exception} ${reason}`).toBe(true)
        expect(whole.changes, write.name).not.toEqual([])
        const most = whole.outcome.peakGas
        const check = async (gas: bigint) => {
          const { outcome, changes } = await tried(write, gas)
          if (outcome.succeeded) expect(changes, `${write.name} with ${gas}`).toEqual(whole.changes)
          else {
            expect(changes, `${write.name} with ${gas} of ${most}`).toEqual([])
            expect(outcome.logs).toEqual([])
          }
          return outcome.succeeded
        }
        // Less gas than it took is too little, as much is enough.
        expect(await check(most)).toBe(true)
        expect(await check(most - 1n)).toBe(false)
        const least = most - (most - 21_000n) / 2n
        const runs = process.env.ZOS_LONG ? 2_000 : 20
        const property = fc.asyncProperty(fc.bigInt(least, most + 500n), async (gas) => {
          await check(gas)
        })
        await fc.assert(property, { numRuns: runs })
      })
    const covered = new Set([...all.map(({ name }) => name), ...NOT_HERE])
    const functions = CONSENSUS_ABI.filter((line) => line.startsWith('function') && !line.includes(' view '))
    expect(functions.map((line) => /function (\w+)/.exec(line)![1]!).filter((name) => !covered.has(name))).toEqual([])
  }, 300_000)
})
