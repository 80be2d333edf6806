import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterAll, describe, expect, it } from 'vitest'
import {
  createLedger,
  createSnapshot,
  createUnit,
  isDagError,
  MainChainAccumulator,
  openSnapshot,
  pruneLedger,
  type Unit,
  type UnitId,
} from '../src/index.ts'
import { type KeyValueStore, memoryKeyValue, openUnitStore, restoreLedger } from '../src/store/index.ts'
import { openIndexedDbKeyValue } from '../src/store/indexeddb.ts'
import { openLevelKeyValue } from '../src/store/level.ts'
import { signerFromPrivateKey } from '../src/unit/signature.ts'
import { genesis, NETWORK } from './ledger.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const key = (...bytes: number[]) => Uint8Array.from(bytes)

async function all(range: AsyncIterable<readonly [Uint8Array, Uint8Array]>): Promise<number[][][]> {
  const entries: number[][][] = []
  for await (const [k, v] of range) entries.push([[...k], [...v]])
  return entries
}

/** Each opens a store that can be opened again with the same content, except memory. */
const stores: [string, () => Promise<() => Promise<KeyValueStore>>][] = [
  [
    'memory',
    async () => {
      const store = memoryKeyValue()
      return async () => store
    },
  ],
  [
    'LevelDB',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'zos-dag-'))
      folders.push(folder)
      return () => openLevelKeyValue(folder)
    },
  ],
  [
    'IndexedDB',
    async () => {
      const indexedDB = new IDBFactory()
      return () => openIndexedDbKeyValue('ledger', { indexedDB: indexedDB as never, IDBKeyRange })
    },
  ],
]

const signer = signerFromPrivateKey(new Uint8Array(32).fill(9))

async function chain(length: number): Promise<Unit[]> {
  const units: Unit[] = []
  for (let round = 1; round <= length; round++) {
    const selfParent: UnitId = units.at(-1)?.id ?? genesis.id
    const body = Uint8Array.of(round)
    const unit = {
      networkId: NETWORK,
      parents: [],
      timestampMs: round,
      lastFinal: { mci: 0, id: genesis.id },
      validUntilMci: 99,
    }
    units.push(
      await createUnit({
        ...unit,
        validator: { round, selfParent },
        messages: [{ kind: 9, version: 1, body }],
        signers: [signer],
      }),
    )
  }
  return units
}

describe.each(stores)('a store in %s', (_, create) => {
  it('keeps what it is given, in the order of keys, and applies a batch as one', async () => {
    const open = await create()
    const store = await open()
    await store.write([
      { key: key(2), value: key(20) },
      { key: key(1, 0), value: key(10) },
      { key: key(1), value: key() },
      { key: key(1, 255), value: key(11) },
    ])
    await store.write([
      { key: key(2), value: undefined },
      { key: key(3), value: key(30) },
    ])
    expect(await store.get(key(1, 0))).toEqual(key(10))
    expect(await store.get(key(2))).toBeUndefined()
    expect(await all(store.range(key(1), key(2)))).toEqual([
      [[1], []],
      [[1, 0], [10]],
      [[1, 255], [11]],
    ])
    expect(await all(store.range(key(4), key(5)))).toEqual([])
    await store.close()
  })

  it('pages through many entries', async () => {
    const open = await create()
    const store = await open()
    await store.write(Array.from({ length: 700 }, (_, i) => ({ key: key(7, i >> 8, i & 255), value: key(i & 255) })))
    expect((await all(store.range(key(7), key(8)))).map(([k]) => k![1]! * 256 + k![2]!)).toEqual(
      Array.from({ length: 700 }, (_, i) => i),
    )
    await store.close()
  })

  it('brings a ledger back after closing', async () => {
    const open = await create()
    const units = await chain(6)
    let store = await openUnitStore(await open())
    await store.write({ units: units.slice(0, 4) })
    await store.write({ units: units.slice(2), commits: [units[1]!.id] })
    await store.write({ commits: [units[3]!.id] })
    if (_ !== 'memory') {
      await store.close()
      store = await openUnitStore(await open())
    }
    const ledger = createLedger({ genesis, stakeAt: () => 1n })
    const progress: number[] = []
    expect(await restoreLedger(ledger, store, { onProgress: (count) => progress.push(count) })).toEqual({
      units: 6,
      commits: 2,
    })
    expect(progress).toEqual([1, 2, 3, 4, 5, 6])
    expect(await restoreLedger(createLedger({ genesis, stakeAt: () => 1n }), store)).toEqual({ units: 6, commits: 2 })
    expect(ledger.mainChain.tip).toMatchObject({ id: units[3]!.id, mci: 4 })
    expect(await store.unit(units[5]!.id)).toEqual(units[5])
    await store.write({ drop: [units[5]!.id, genesis.id] })
    expect(await store.unit(units[5]!.id)).toBeUndefined()
    await store.close()
  })

  it('brings a pruned ledger back from its snapshot, with the headers of the main chain', async () => {
    const open = await create()
    const units = await chain(8)
    const store = await openUnitStore(await open())
    const ledger = createLedger({ genesis, stakeAt: () => 1n })
    for (const unit of units) ledger.append(unit)
    for (const at of [1, 3, 5]) ledger.commit(units[at]!.id)
    await store.write({ units, commits: [1, 3, 5].map((at) => units[at]!.id) })
    const accumulator = new MainChainAccumulator()
    while (accumulator.size <= 4) accumulator.append(ledger.mainChain.unitAt(accumulator.size)!)
    const snapshot = createSnapshot(ledger, 4, accumulator)
    const pruned = pruneLedger(ledger, 4)
    await store.write({ drop: pruned.dropped, dropPayload: pruned.headersOnly, snapshot })
    expect(await store.unit(units[0]!.id)).toBeUndefined()
    expect(await store.header(units[0]!.id)).toEqual(units[0]!.header)
    expect(await store.header(units[6]!.id)).toEqual(units[6]!.header)
    const again = openSnapshot((await store.snapshot())!, { genesis, stakeAt: () => 1n })
    expect(await restoreLedger(again, store)).toEqual({ units: 5, commits: 1 })
    expect(again.mainChain.tip).toEqual(ledger.mainChain.tip)
    expect(again.dag.tips()).toEqual(ledger.dag.tips())
    await store.close()
  })

  it('refuses damaged values', async () => {
    const open = await create()
    const raw = await open()
    const store = await openUnitStore(raw)
    const [unit] = await chain(1)
    await store.write({ units: [unit!] })
    for await (const [k, value] of raw.range(key(0x75), key(0x76))) {
      await raw.write([{ key: k, value: value.with(20, value[20]! ^ 1) }])
    }
    const error = await store.unit(unit!.id).catch((e: unknown) => e)
    expect(isDagError(error, 'DAG_STORE_DAMAGED')).toBe(true)
    for await (const [k] of raw.range(key(0x75), key(0x76))) await raw.write([{ key: k, value: undefined }])
    await expect(restoreLedger(createLedger({ genesis, stakeAt: () => 1n }), store)).rejects.toThrow(
      /in the sequence but not stored/,
    )
    await store.close()
  })
})
