/** Every function of the consensus contract that writes: with any gas it takes effect whole or not at all, and a bounded one more later. */
import { CONSENSUS_ABI } from '@zos/zpos'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { DRIFT_GAS } from '../../src/native/consensus-contract.ts'
import { NOW, prepare, rewards, runProtocol, runWrite, type Write, writes } from './consensus-writes.ts'
import { CONSENSUS, consensus, createWorld, type World, ZOS } from './world.ts'

let world: World

const tried = (write: Write, gasLimit?: bigint) =>
  world.sandbox(async () => {
    const outcome = await runWrite(world, write, gasLimit)
    return { outcome, changes: world.changes() }
  })

beforeAll(async () => {
  world = await createWorld()
})

describe('a write of the consensus contract', () => {
  test('takes effect whole or not at all, whatever the gas, whichever function it is', async () => {
    const all = await writes()
    for (const write of all)
      await world.sandbox(async () => {
        await prepare(world, write)
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
    const covered = new Set(all.map(({ name }) => name))
    const functions = CONSENSUS_ABI.filter((line) => line.startsWith('function') && !line.includes(' view '))
    expect(functions.map((line) => /function (\w+)/.exec(line)![1]!).filter((name) => !covered.has(name))).toEqual([])
  }, 300_000)

  test('takes at most its drift more after rewards, on a later day, and says so', async () => {
    let most = 0n
    for (const write of await writes())
      await world.sandbox(async () => {
        await prepare(world, write)
        const { outcome } = await tried(write)
        const { timestamp = NOW } = write
        // Evidence is too old on another day.
        const later = write.name === 'submitEvidence' ? 0 : 86_400
        for (const [amount, seconds] of [
          [50n, 0],
          [50n, 5],
          [50_000n, later],
        ] as const) {
          runProtocol(world, rewards(amount * ZOS))
          const { outcome: after } = await tried({ ...write, timestamp: timestamp + seconds })
          expect(after.succeeded, write.name).toBe(true)
          const drift = after.peakGas - outcome.peakGas
          expect(drift, write.name).toBeLessThanOrEqual(outcome.driftGas)
          if (drift > most) most = drift
        }
      })
    // A constant that is far too large would be no help to those who pay in advance.
    expect(most).toBeGreaterThan(DRIFT_GAS / 2n)
    const { driftGas } = await world.call(CONSENSUS, consensus.encodeFunctionData('epoch'))
    expect(driftGas).toBe(DRIFT_GAS)
  })
})
