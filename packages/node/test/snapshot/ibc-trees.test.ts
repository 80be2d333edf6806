import { expect, test } from 'vitest'
import { IBC_HOST_ADDRESS } from '../../src/ibc/addresses.ts'
import { IbcLedger } from '../../src/ibc/ibc-ledger.ts'
import { APP_HASH_SLOT, encodeTreeFacts, TREES_SLOT, trimmed } from '../../src/ibc/tree-facts.ts'
import { installTrees, treeRecords } from '../../src/snapshot/ibc-trees.ts'
import type { SnapshotManifest } from '../../src/snapshot/manifest.ts'
import type { StateRecord } from '../../src/snapshot/state-record.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const text = (value: string) => new TextEncoder().encode(value)
const unit = `0x${'ab'.repeat(32)}` as const
const HEIGHT = 6
const manifest = {
  start: { mci: 2 * HEIGHT, members: [{ address: `0x${'11'.repeat(20)}`, stake: 5n * 10n ** 18n }] },
  block: { header: { number: HEIGHT }, leader: unit },
} as unknown as SnapshotManifest

/** A ledger of six blocks, the records of its trees, and the two slots that the state has of them. */
async function made() {
  const store = createMemoryStore()
  const ledger = new IbcLedger(store, 'zone-1', 0)
  for (let height = 1; height <= HEIGHT; height++) {
    const change = (key: string) => ({ store: 'ibc' as const, key: text(key), value: text(`value ${height}`) })
    const block = { height, time: ledger.nextTime(height), unit, mci: 2 * height }
    const { stored } = await ledger.apply(block, [change(`a${height}`), change(`b${height % 3}`)])
    await store.batch(stored)
    ledger.settled()
  }
  const records: StateRecord[] = []
  for await (const record of treeRecords(store.snapshot(), '')) records.push(record)
  return { ledger, records, slots: slotsOf(ledger) }
}

function slotsOf(ledger: IbcLedger, versions = { ibc: HEIGHT, zones: 1 }): StateRecord[] {
  const { appHash, time } = ledger.last!
  const slot = (name: string, value: Uint8Array) => ({ key: `s${IBC_HOST_ADDRESS}${name}`, value: trimmed(value) })
  return [slot(APP_HASH_SLOT, appHash), slot(TREES_SLOT, encodeTreeFacts({ time, ...versions }))]
}

async function install(records: readonly StateRecord[]) {
  const store = createMemoryStore()
  await store.batch(records.map((record) => ({ ...record })))
  await installTrees(store, manifest)
  return store
}

test('trees that came with a snapshot go on as they would have', async () => {
  const { ledger, records, slots } = await made()
  const joined = new IbcLedger(await install([...records, ...slots]), 'zone-1', HEIGHT)
  expect(joined.last).toEqual(ledger.last)
  const next = { height: HEIGHT + 1, time: ledger.nextTime(9), unit, mci: 99 }
  const changes = [{ store: 'ibc' as const, key: text('a2'), value: undefined }]
  const [a, b] = [await ledger.apply(next, changes), await joined.apply(next, changes)]
  expect(b.facts).toEqual(a.facts)
  expect(joined.prove(text('a1'), HEIGHT)).toEqual(ledger.prove(text('a1'), HEIGHT))
})

test('records can be read on from any of them', async () => {
  const { ledger, records } = await made()
  expect(ledger.last?.height).toBe(HEIGHT)
  const store = await install([...records, ...slotsOf(ledger)])
  for (const [index, { key }] of records.entries()) {
    const rest: StateRecord[] = []
    for await (const record of treeRecords(store.snapshot(), key)) rest.push(record)
    expect(rest).toEqual(records.slice(index))
  }
})

test('trees that the state does not know, or that are not whole, are refused', async () => {
  const { ledger, records, slots } = await made()
  const refused = (changed: readonly StateRecord[]) =>
    expect(install(changed)).rejects.toMatchObject({ code: 'NODE_SNAPSHOT_INVALID' })
  await refused(slots)
  await refused([...records, ...slotsOf(ledger, { ibc: HEIGHT + 1, zones: 1 })])
  await refused([...records.slice(0, -1), ...slots])
  const other = await made()
  await other.ledger.apply({ height: 7, time: ledger.nextTime(9), unit, mci: 99 }, [
    { store: 'ibc', key: text('c'), value: text('d') },
  ])
  await refused([...records, ...slotsOf(other.ledger)])
})

test('a state without IBC needs no trees', async () => {
  await expect(install([])).resolves.toBeDefined()
})
