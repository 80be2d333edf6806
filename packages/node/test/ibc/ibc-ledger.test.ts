import { iavlSpec, MerkleProof, tendermintSpec, verifyMembership, verifyNonMembership } from '@zos/hub-ibc'
import { expect, test } from 'vitest'
import { IbcLedger, PROVABLE_BLOCKS, type RecordChange } from '../../src/ibc/ibc-ledger.ts'
import { createMemoryStore, type KeyValueStore } from '../../src/store/kv.ts'

const text = (value: string) => new TextEncoder().encode(value)
const unit = `0x${'ab'.repeat(32)}` as const
const change = (key: string, value: string | undefined): RecordChange => ({
  store: 'ibc',
  key: text(key),
  value: value === undefined ? undefined : text(value),
})

async function addBlock(ledger: IbcLedger, store: KeyValueStore, height: number, changes: readonly RecordChange[]) {
  const { facts, stored } = await ledger.apply(
    { height, time: ledger.nextTime(height), unit, mci: height * 2 },
    changes,
  )
  await store.batch(stored)
  ledger.settled()
  return facts
}

/** What a counterparty does: the key under the store's root, and that root under the app hash. */
function check(proof: Uint8Array, appHash: Uint8Array, key: string, value: string | undefined): string {
  const [inner, outer] = MerkleProof.decode(proof).proofs as [Uint8Array, Uint8Array]
  const root = rootIn(outer)
  const below =
    value === undefined
      ? verifyNonMembership(iavlSpec, root, inner, text(key))
      : verifyMembership(iavlSpec, root, inner, text(key), text(value))
  const above = verifyMembership(tendermintSpec, appHash, outer, text('ibc'), root)
  return below.status === 'valid' ? above.status : below.status
}

/** The value of an existence proof: field 2 of field 1. */
function rootIn(outer: Uint8Array): Uint8Array {
  const at = outer.findIndex((byte, i) => byte === 0x12 && outer[i + 1] === 32)
  return outer.slice(at + 2, at + 34)
}

test('what was there after a block is proved under its app hash, also when it has changed since', async () => {
  const store = createMemoryStore()
  const ledger = new IbcLedger(store, 'zone-1', 0)
  const first = await addBlock(ledger, store, 1, [change('a', 'one'), change('b', 'two')])
  const second = await addBlock(ledger, store, 2, [change('a', 'changed'), change('b', undefined)])
  expect(check(ledger.prove(text('a'), 1), first.appHash, 'a', 'one')).toBe('valid')
  expect(check(ledger.prove(text('a'), 2), second.appHash, 'a', 'changed')).toBe('valid')
  expect(check(ledger.prove(text('b'), 2), second.appHash, 'b', undefined)).toBe('valid')
  expect(check(ledger.prove(text('a'), 1), second.appHash, 'a', 'one')).toBe('invalid')
})

test('a block that changes nothing has the app hash of the one before, and a later time', async () => {
  const store = createMemoryStore()
  const ledger = new IbcLedger(store, 'zone-1', 0)
  const first = await addBlock(ledger, store, 1, [change('a', 'one')])
  const { facts } = await ledger.apply({ height: 2, time: ledger.nextTime(1), unit, mci: 4 }, [change('a', 'one')])
  expect(facts.appHash).toEqual(first.appHash)
  expect(facts.time).toBe(first.time + 1n)
})

test('a crash before the batch is written leaves the block before, and the same block comes out again', async () => {
  const store = createMemoryStore()
  const ledger = new IbcLedger(store, 'zone-1', 0)
  await addBlock(ledger, store, 1, [change('a', 'one')])
  const lost = await ledger.apply({ height: 2, time: ledger.nextTime(2), unit, mci: 4 }, [change('c', 'three')])

  const again = new IbcLedger(store, 'zone-1', 1)
  expect(again.last?.height).toBe(1)
  expect(again.get(text('c'))).toBeUndefined()
  const facts = await addBlock(again, store, 2, [change('c', 'three')])
  expect(facts).toEqual(lost.facts)
  expect(check(again.prove(text('a'), 1), again.facts(1)!.appHash, 'a', 'one')).toBe('valid')
})

test('old blocks are forgotten with everything that only they held', { timeout: 120_000 }, async () => {
  const store = createMemoryStore()
  const ledger = new IbcLedger(store, 'zone-1', 0)
  const blocks = PROVABLE_BLOCKS + 20
  for (let height = 1; height <= blocks; height++)
    await addBlock(ledger, store, height, height % 4 === 0 ? [change(`k${height % 8}`, `v${height}`)] : [])
  expect(() => ledger.prove(text('k0'), 20)).toThrow(expect.objectContaining({ code: 'NODE_INVALID_ARGUMENT' }))
  const oldest = blocks - PROVABLE_BLOCKS + 1
  expect(check(ledger.prove(text('k0'), oldest), ledger.facts(oldest)!.appHash, 'k0', 'v16')).toBe('valid')
  let records = 0
  for await (const _ of store.entries('I', 'J')) records++
  // A record a block, and for each fourth block a root, its orphans and up to four nodes.
  expect(records).toBeLessThan(PROVABLE_BLOCKS + (PROVABLE_BLOCKS / 4) * 6 + 100)
})
