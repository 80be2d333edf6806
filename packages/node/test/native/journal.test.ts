/** A native write stands exactly if the transaction, and every call around it, succeeds. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AddressHex } from '../../src/state/account.ts'
import { type Compiled, compile } from './compile.ts'
import { CONSENSUS, consensus, createWorld, USER, VALIDATOR, type World, ZOS } from './world.ts'

let staker: Compiled
let world: World
let address: AddressHex

beforeAll(async () => {
  staker = compile('Staker.sol', 'Staker')
  world = await createWorld()
  address = await world.deploy(staker.bytecode, staker.abi.encodeDeploy([VALIDATOR]))
})

const inner = (name: string, ...args: unknown[]) => staker.abi.encodeFunctionData(name, args)
const delegated = (who: string = address) => world.contract().delegation(VALIDATOR as never, who as never)
/** What the world holds after `action`, and its result. */
const tried = <T>(action: () => Promise<T>) =>
  world.sandbox(async () => {
    const outcome = await action()
    return { outcome, after: world.changes(), stake: delegated(), direct: delegated(USER) }
  })

describe('a call to the consensus contract', () => {
  const data = consensus.encodeFunctionData('delegate', [VALIDATOR])

  test('takes effect with enough gas, and has none with any less', async () => {
    const { outcome } = await tried(() => world.call(CONSENSUS, data, { value: ZOS }))
    expect(outcome.succeeded).toBe(true)
    const needed = outcome.gasUsed
    const check = async (gasLimit: bigint) => {
      const { outcome, after, direct } = await tried(() => world.call(CONSENSUS, data, { value: ZOS, gasLimit }))
      expect(outcome.succeeded, `with ${gasLimit} gas of ${needed}`).toBe(gasLimit >= needed)
      expect(direct).toBe(gasLimit >= needed ? ZOS : 0n)
      if (gasLimit < needed) {
        expect(after).toEqual([])
        expect(outcome.logs).toEqual([])
      }
    }
    if (process.env.ZOS_LONG) for (let gas = 25_000n; gas < needed + 10n; gas++) await check(gas)
    else {
      for (let gas = needed - 40n; gas < needed + 5n; gas++) await check(gas)
      await fc.assert(fc.asyncProperty(fc.bigInt(25_000n, needed + 1_000n), check), { numRuns: 250 })
    }
  }, 600_000)

  test('made by a contract with any gas takes effect whole or not at all, and the contract learns which', async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt(0n, 260_000n), async (gas) => {
        const { outcome, after, stake } = await tried(() =>
          world.call(address, inner('delegateWithGas', VALIDATOR, gas), { value: ZOS }),
        )
        expect(outcome.succeeded).toBe(true)
        const [ok] = staker.abi.decodeFunctionResult('delegateWithGas', outcome.returned)
        expect(stake).toBe(ok ? ZOS : 0n)
        if (ok) expect(after).not.toEqual([])
        expect(outcome.logs.length).toBe(ok ? 1 : 0)
      }),
      { numRuns: 200 },
    )
  }, 120_000)

  test('is undone by a revert of the contract that made it', async () => {
    const { outcome, after } = await tried(() =>
      world.call(address, inner('delegateThenRevert', VALIDATOR), { value: ZOS }),
    )
    expect(outcome.exception).toBe('revert')
    expect(after).toEqual([])
  })

  test('is undone by a revert that a caller further out catches', async () => {
    const { outcome, stake } = await tried(() =>
      world.call(address, inner('tryDelegateThenRevert', VALIDATOR), { value: ZOS }),
    )
    expect(staker.abi.decodeFunctionResult('tryDelegateThenRevert', outcome.returned)[0]).toBe(true)
    expect(stake).toBe(0n)
    expect(outcome.logs).toEqual([])
  })

  test('stands when a later one in the same transaction is refused and caught', async () => {
    const { outcome, stake } = await tried(() =>
      world.call(address, inner('delegateGoodAndBad', VALIDATOR), { value: ZOS }),
    )
    expect(outcome.succeeded).toBe(true)
    expect(stake).toBe(ZOS)
    expect(outcome.logs).toHaveLength(1)
  })

  test('may be made from a constructor', async () => {
    await world.sandbox(async () => {
      const made = await world.deploy(staker.bytecode, staker.abi.encodeDeploy([VALIDATOR]), 2n * ZOS)
      expect(delegated(made)).toBe(2n * ZOS)
    })
  })

  test('writes nothing inside a static call, whatever its gas', async () => {
    await world.sandbox(async () => {
      await world.call(address, inner('delegate', VALIDATOR), { value: ZOS })
      const { outcome, after } = await tried(() => world.call(address, inner('unbondStatic', VALIDATOR, ZOS)))
      expect(staker.abi.decodeFunctionResult('unbondStatic', outcome.returned)[0]).toBe(false)
      expect(after).toEqual([])
      const view = await world.call(address, inner('viewStatic', VALIDATOR))
      expect(staker.abi.decodeFunctionResult('viewStatic', view.returned)[0]).toBe(ZOS)
    })
  })

  test('by DELEGATECALL or CALLCODE reverts', async () => {
    for (const name of ['delegateByDelegatecall', 'delegateByCallcode']) {
      const { outcome, after } = await tried(() => world.call(address, inner(name, VALIDATOR)))
      expect(outcome.succeeded).toBe(true)
      expect(staker.abi.decodeFunctionResult(name, outcome.returned)[0]).toBe(false)
      expect(after).toEqual([])
    }
  })

  test('with nonsense for data is refused with a reason', async () => {
    for (const data of ['0x', '0x12345678', consensus.encodeFunctionData('delegate', [VALIDATOR]).slice(0, 40)]) {
      const { outcome } = await tried(() => world.call(CONSENSUS, data))
      expect(outcome.exception).toBe('revert')
      expect(consensus.parseError(outcome.returned)?.name).toBe('Refused')
    }
  })
})
