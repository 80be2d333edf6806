/** Readers of an older state, and branches of it, keep telling the same while the state itself goes on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AddressHex, EMPTY_ACCOUNT, type Hash } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'
import { HISTORY_BLOCKS, WorldState } from '../../src/state/world-state.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const addresses = [1, 2, 3].map((one): AddressHex => `0x${one.toString(16).padStart(40, '0')}`)
const slots = [0, 1].map((one): Hash => `0x${one.toString(16).padStart(64, '0')}`)
const write = fc.record({
  address: fc.constantFrom(...addresses),
  slot: fc.constantFrom(...slots),
  value: fc.integer({ min: 0, max: 3 }),
  balance: fc.bigInt(1n, 5n),
})
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never

/** Applies a block as the executor does, and returns its state root. */
async function apply(state: WorldState, store: ReturnType<typeof createMemoryStore> | undefined, writes: Write[]) {
  const overlay = new StateOverlay(state.latest())
  for (const { address, slot, value, balance } of writes) {
    overlay.setAccount(address, { ...(overlay.account(address) ?? EMPTY_ACCOUNT), balance })
    overlay.setStorage(address, slot, value === 0 ? new Uint8Array() : Uint8Array.of(value))
  }
  const { stateRoot, stored } = state.apply(state.block + 1, overlay.changes())
  await store?.batch(stored)
  if (store) state.settled()
  return stateRoot
}

const told = (reader: ReturnType<WorldState['latest']>) =>
  addresses.map((address) => [
    reader.account(address)?.balance,
    ...slots.map((slot) => Buffer.from(reader.storage(address, slot)).toString('hex')),
  ])

describe('an older state', () => {
  test('reads the same whenever it is asked for and whatever comes after', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(write, { maxLength: 4 }), { minLength: 2, maxLength: 12 }), async (blocks) => {
        const store = createMemoryStore()
        const state = new WorldState(store, 0)
        const seen: { reader: ReturnType<WorldState['latest']>; before: unknown }[] = []
        for (const writes of blocks) {
          await apply(state, store, writes)
          const reader = state.at(state.block)!
          seen.push({ reader, before: told(reader) })
        }
        for (const { reader, before } of seen) expect(told(reader)).toEqual(before)
        for (const [index, { before }] of seen.entries()) expect(told(state.at(index + 1)!)).toEqual(before)
      }),
      { numRuns: 60 },
    )
  })

  test('is gone, with a typed error, once more blocks came than are kept', async () => {
    const store = createMemoryStore()
    const state = new WorldState(store, 0)
    const first = state.at(0)!
    const branch = state.branch(0)!
    for (let block = 0; block < HISTORY_BLOCKS; block++) await apply(state, store, [])
    expect(told(first)).toEqual(told(state.at(0)!))
    await apply(state, store, [])
    expect(state.at(0)).toBeUndefined()
    expect(state.branch(0)).toBeUndefined()
    expect(() => first.account(addresses[0]!)).toThrowError(expect.objectContaining({ code: 'NODE_HISTORY_PRUNED' }))
    expect(() => branch.latest().account(addresses[0]!)).toThrowError(
      expect.objectContaining({ code: 'NODE_HISTORY_PRUNED' }),
    )
  })
})

describe('a branch', () => {
  test('comes to the roots that the state itself came to, without touching it', async () => {
    const blocks = fc.array(fc.array(write, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(blocks, fc.nat({ max: 9 }), async (made, at) => {
        const store = createMemoryStore()
        const state = new WorldState(store, 0)
        const from = at % made.length
        const roots: Hash[] = []
        let branch: WorldState | undefined
        for (const [index, writes] of made.entries()) {
          if (index === from) branch = state.branch()
          roots.push(await apply(state, store, writes))
        }
        const before = told(state.latest())
        const late = state.branch(from)!
        for (const [index, writes] of made.slice(from).entries()) {
          expect(await apply(branch!, undefined, writes)).toBe(roots[from + index])
          expect(await apply(late, undefined, writes)).toBe(roots[from + index])
        }
        expect(told(state.latest())).toEqual(before)
      }),
      { numRuns: 60 },
    )
  })

  test('without the storage of an account has the root of an account that never had any', async () => {
    const [address] = addresses as [AddressHex]
    const store = createMemoryStore()
    const state = new WorldState(store, 0)
    const filled = slots.map((slot, index) => ({ address, slot, value: index + 1, balance: 1n }))
    await apply(state, store, filled)
    const branch = state.branch()!
    branch.wipeStorage(address)
    expect(slots.map((slot) => branch.latest().storage(address, slot).length)).toEqual([0, 0])
    const one = [{ address, slot: slots[0]!, value: 3, balance: 2n }]
    const fresh = new WorldState(createMemoryStore(), 0)
    expect(await apply(branch, undefined, one)).toBe(await apply(fresh, undefined, one))
    expect(state.latest().storage(address, slots[1]!)).toEqual(Uint8Array.of(2))
    expect(() => state.wipeStorage(address)).toThrow(TypeError)
  })
})
