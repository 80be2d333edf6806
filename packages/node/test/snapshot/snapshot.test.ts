import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoredBlock } from '../../src/chain/block-codec.ts'
import { Chain } from '../../src/chain/chain.ts'
import { headerHash } from '../../src/execution/header.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisHash } from '../../src/genesis/genesis.ts'
import { createGenesisBlock } from '../../src/genesis/genesis-block.ts'
import type { EpochStart } from '../../src/ledger/epoch.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { decodeChunk, MAX_CHUNK_BYTES, stateChunks } from '../../src/snapshot/chunks.ts'
import { openSnapshotFile, writeSnapshotFile } from '../../src/snapshot/file.ts'
import { importSnapshot, isImporting } from '../../src/snapshot/import.ts'
import { SnapshotKeeper } from '../../src/snapshot/keeper.ts'
import type { SnapshotSource } from '../../src/snapshot/source.ts'
import { EMPTY_ACCOUNT, type Hash } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'
import { WorldState } from '../../src/state/world-state.ts'
import { createMemoryStore, type KeyValueStore } from '../../src/store/kv.ts'

const { genesis } = devnetGenesis({ validators: 1, timestampMs: 1_700_000_000_000 })
const hash = genesisHash(genesis)
const hex = (number: number, bytes: number) => `0x${number.toString(16).padStart(2 * bytes, '0')}` as Hash
const folder = mkdtempSync(join(tmpdir(), 'zos-snapshot-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A store after some blocks: thousands of accounts, contracts with code and slots, one of them too large for a chunk. */
async function filled(): Promise<{ store: KeyValueStore; block: StoredBlock; start: EpochStart }> {
  const store = createMemoryStore()
  const chain = new Chain(store)
  const state = new WorldState(store, 0)
  await createGenesisBlock(genesis, hash, state, chain)
  const overlay = new StateOverlay(state.latest())
  for (let i = 1; i <= 600; i++) overlay.setAccount(hex(i * 7919, 20), { ...EMPTY_ACCOUNT, balance: BigInt(i) })
  for (const [contract, slots] of [
    [0xc0de, 2_500],
    [0xc0df, 3],
  ] as const) {
    overlay.setCode(hex(contract, 20), new Uint8Array(20_000).fill(contract & 0xff))
    for (let slot = 0; slot < slots; slot++)
      overlay.setStorage(hex(contract, 20), hex(slot, 32), Uint8Array.of(1, slot & 0xff))
  }
  // Code is what fills chunks without costing the test time.
  for (let i = 1; i <= 20; i++) overlay.setCode(hex(0xc0e0 + i, 20), new Uint8Array(24_000).fill(i))
  const { stateRoot, stored } = state.apply(5, overlay.changes())
  const unit = await createGenesisUnit(genesis)
  const header = { ...chain.head!.header, number: 5, stateRoot }
  const block: StoredBlock = { ...chain.head!, header, hash: headerHash(header), leader: unit.id }
  await chain.append({ block, transactions: [], skipped: [] }, stored)
  const start: EpochStart = {
    number: 1,
    unit: { id: unit.id, header: unit.header },
    height: 12,
    mci: 9,
    block: 5,
    members: [],
    chain: { size: 10, peaks: [hex(1, 32), hex(2, 32)] },
  }
  return { store, block, start }
}

async function stateOf(store: KeyValueStore): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  for (const [from, to] of [
    ['S', 'U'],
    ['a', 'b'],
    ['c', 'd'],
    ['s', 't'],
  ] as const)
    for await (const [key, value] of store.entries(from, to)) entries.set(key, bytesToHex(value))
  return entries
}

/** The same again, to be changed. */
async function copied(): Promise<Awaited<ReturnType<typeof filled>>> {
  const store = createMemoryStore()
  for await (const [key, value] of made.store.entries('', '~')) await store.batch([{ key, value }])
  return { ...made, store }
}

let made: Awaited<ReturnType<typeof filled>>
let source: SnapshotSource
const keeper = () =>
  new SnapshotKeeper({ store: made.store, genesisHash: bytesToHex(hash), now: () => 0, record: () => Uint8Array.of(7) })

beforeAll(async () => {
  made = await filled()
  const held = keeper()
  await held.hold(made.start, made.block)
  source = (await held.source())!
}, 60_000)

describe('a snapshot', () => {
  test('has several chunks within their bounds, the same whoever makes it', async () => {
    expect(source.manifest.chunks.length).toBeGreaterThan(2)
    const again = keeper()
    await again.hold(made.start, made.block)
    expect((await again.source())!.manifest).toEqual(source.manifest)
    for (const [index] of source.manifest.chunks.entries())
      expect((await source.chunk(index)).length).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
    await expect(source.chunk(99)).rejects.toMatchObject({ code: 'NODE_SNAPSHOT_INVALID' })
  })

  test('is the state of its moment, whatever is written later', async () => {
    const held = keeper()
    await held.hold(made.start, made.block)
    await made.store.batch([{ key: `a${hex(1, 20)}`, value: Uint8Array.of(1) }])
    expect((await held.source())!.manifest).toEqual(source.manifest)
    await made.store.batch([{ key: `a${hex(1, 20)}` }])
  })

  test('is there to join at however late certificates are, and the next one waits for its own', async () => {
    let certified = 0
    let now = 0
    const held = new SnapshotKeeper({
      store: made.store,
      genesisHash: bytesToHex(hash),
      now: () => now,
      record: (epoch) => (epoch < certified ? Uint8Array.of(7) : undefined),
    })
    const newest = async () => (await held.source())?.manifest.start.number
    for (let number = 1; number <= 20; number++) await held.hold({ ...made.start, number }, made.block)
    expect(await newest()).toBeUndefined()
    expect(held.firstEpoch).toBe(1)
    certified = 1
    for (let number = 21; number <= 40; number++) {
      await held.hold({ ...made.start, number }, made.block)
      expect(await newest()).toBe(1)
    }
    // The one after the first is of the time when the first was certified: those between were not needed.
    certified = 21
    expect(await newest()).toBeGreaterThan(19)
    expect(held.firstEpoch).toBe(1)
    certified = 40
    now = 120_000
    await held.hold({ ...made.start, number: 41 }, made.block)
    expect(await newest()).toBe(40)
    expect(held.firstEpoch).toBe(40)
  })

  test('makes a store with the same state, tries and all, also through a file', async () => {
    const path = join(folder, 'whole')
    const seen: number[] = []
    await writeSnapshotFile(path, source, { onProgress: ({ chunksDone }) => seen.push(chunksDone) })
    expect(seen).toEqual(source.manifest.chunks.map((_, index) => index + 1))
    const file = await openSnapshotFile(path, bytesToHex(hash))
    expect(await file.record(0)).toEqual(Uint8Array.of(7))
    const store = createMemoryStore()
    await importSnapshot(store, file)
    await file.close()
    expect(await stateOf(store)).toEqual(await stateOf(made.store))
    expect(isImporting(store)).toBe(false)
    const chain = new Chain(store)
    expect(chain.head?.hash).toBe(made.block.hash)
    expect(chain.firstBlock).toBe(6)
  })

  test('replaces the chain that a store holds, with nothing of it left', async () => {
    const { store } = await copied()
    await store.batch([
      { key: `a${hex(3, 20)}`, value: Uint8Array.of(1) },
      { key: 'u000000000007', value: Uint8Array.of(1) },
    ])
    await importSnapshot(store, source)
    expect(await stateOf(store)).toEqual(await stateOf(made.store))
    expect(store.get('u000000000007')).toBeUndefined()
  })
})

test('a snapshot that was let go of is not kept in memory by those after it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = new SnapshotKeeper({
    store: made.store,
    genesisHash: bytesToHex(hash),
    now: () => 0,
    record: () => Uint8Array.of(7),
  })
  // Through an array: a variable of this function could keep its last value alive.
  const starts: WeakRef<EpochStart>[] = []
  for (let number = 1; number <= 6; number++) {
    await (async () => {
      const start = { ...made.start, number }
      starts.push(new WeakRef(start))
      await held.hold(start, made.block)
    })()
  }
  await new Promise((resolve) => setTimeout(resolve))
  collect()
  expect(starts.slice(0, 4).map((start) => start.deref()?.number)).toEqual([undefined, undefined, undefined, undefined])
  expect(starts[5]!.deref()?.number).toBe(6)
  await held.close()
})

describe('a snapshot that is not what it says', () => {
  const importing = async (wrong: SnapshotSource) => {
    const store = createMemoryStore()
    await expect(importSnapshot(store, wrong)).rejects.toMatchObject({ code: 'NODE_SNAPSHOT_INVALID' })
    // Nothing of it stays.
    expect((await stateOf(store)).size).toBe(0)
    expect(isImporting(store)).toBe(false)
  }
  /** The same state but for what `change` does to its records, with hashes that fit. */
  const forged = async (change: (store: KeyValueStore) => Promise<void>) => {
    const { store, block, start } = await copied()
    await change(store)
    const held = new SnapshotKeeper({
      store,
      genesisHash: bytesToHex(hash),
      now: () => 0,
      record: () => Uint8Array.of(7),
    })
    await held.hold(start, block)
    return (await held.source())!
  }

  test('a changed byte in a chunk', async () => {
    for (const at of [0, 30, 1_000, -1]) {
      await importing({
        ...source,
        chunk: async (index) => {
          const bytes = (await source.chunk(index)).slice()
          if (index === 1) bytes[at < 0 ? bytes.length - 1 : at]! ^= 1
          return bytes
        },
      })
    }
  })

  test('a balance, a slot, code or an account more or less, with chunks that fit the manifest', async () => {
    const contract = hex(0xc0df, 20)
    const code = bytesToHex(keccak256(new Uint8Array(20_000).fill(0xdf)))
    const richer = made.store.get(`a${hex(7919 * 2, 20)}`)!
    for (const change of [
      (store: KeyValueStore) => store.batch([{ key: `a${hex(7919, 20)}`, value: richer }]),
      (store: KeyValueStore) => store.batch([{ key: `a${hex(7919, 20)}` }]),
      (store: KeyValueStore) => store.batch([{ key: `a${hex(8, 20)}`, value: richer }]),
      (store: KeyValueStore) => store.batch([{ key: `s${contract}${hex(1, 32)}`, value: Uint8Array.of(9) }]),
      (store: KeyValueStore) => store.batch([{ key: `s${hex(7919, 20)}${hex(1, 32)}`, value: Uint8Array.of(9) }]),
      (store: KeyValueStore) => store.batch([0, 1, 2].map((slot) => ({ key: `s${contract}${hex(slot, 32)}` }))),
      (store: KeyValueStore) => store.batch([{ key: `c${code}` }]),
      (store: KeyValueStore) => store.batch([{ key: `c${code}`, value: Uint8Array.of(1) }]),
    ])
      await importing(await forged(change))
  }, 120_000)

  test('a file of something else, cut short, or of another network', async () => {
    const path = join(folder, 'broken')
    await writeSnapshotFile(path, source)
    const whole = readFileSync(path)
    writeFileSync(path, 'not a snapshot at all')
    await expect(openSnapshotFile(path, bytesToHex(hash))).rejects.toMatchObject({ code: 'NODE_SNAPSHOT_INVALID' })
    writeFileSync(path, whole.subarray(0, whole.length - 10))
    const cut = await openSnapshotFile(path, bytesToHex(hash))
    await expect(importSnapshot(createMemoryStore(), cut)).rejects.toMatchObject({ code: 'NODE_SNAPSHOT_INVALID' })
    await cut.close()
    await expect(openSnapshotFile(path, hex(5, 32))).rejects.toMatchObject({ code: 'NODE_GENESIS_MISMATCH' })
    await expect(openSnapshotFile(join(folder, 'none'), hex(5, 32))).rejects.toMatchObject({ code: 'NODE_DATA_DIR' })
  })

  test('chunks that no node makes', () => {
    const refused = { code: 'NODE_SNAPSHOT_INVALID' }
    const bytesOf = (...parts: number[][]) => Uint8Array.from(parts.flat())
    const account = [0, ...new Array(20).fill(5), 0, 0, 0, 1, 9]
    expect(decodeChunk(bytesOf(account))).toHaveLength(1)
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(MAX_CHUNK_BYTES + 1),
      bytesOf([3, 0, 0]),
      bytesOf(account, account),
      bytesOf(account.slice(0, 23)),
      bytesOf(account.slice(0, -1)),
      bytesOf([...account.slice(0, 21), 255, 255, 255, 255, 1]),
    ])
      expect(() => decodeChunk(bytes), bytesToHex(bytes.subarray(0, 40))).toThrow(expect.objectContaining(refused))
    expect(() => decodeChunk(bytesOf(account), `a${hex(0xffff, 20).replace(/^0x0/, '0xf')}`)).toThrow()
  })
})

describe('an import that is cut short', () => {
  test.each([1, 2])('by a power cut after %i batches goes on where it was', async (batches) => {
    const store = createMemoryStore()
    // Emptying the store is a batch for each of its ranges, and one before.
    let left = batches + 15
    const cut: KeyValueStore = {
      ...store,
      async batch(changes, options) {
        if (left-- <= 0) throw new Error('power cut')
        await store.batch(changes, options)
      },
    }
    await expect(importSnapshot(cut, source)).rejects.toThrow('power cut')
    expect(isImporting(store)).toBe(true)
    const asked: number[] = []
    await importSnapshot(store, {
      ...source,
      chunk: (index) => {
        asked.push(index)
        return source.chunk(index)
      },
    })
    if (batches > 1) expect(asked[0]).toBeGreaterThan(0)
    expect(await stateOf(store)).toEqual(await stateOf(made.store))
  })

  test('by the user stops, and another snapshot begins anew', async () => {
    const store = createMemoryStore()
    const stop = new AbortController()
    await expect(
      importSnapshot(store, source, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
    const { store: other, block, start } = await copied()
    const held = new SnapshotKeeper({
      store: other,
      genesisHash: bytesToHex(hash),
      now: () => 0,
      record: () => Uint8Array.of(7),
    })
    await held.hold({ ...start, height: 13 }, block)
    await importSnapshot(store, (await held.source())!)
    expect(await stateOf(store)).toEqual(await stateOf(other))
  })
})

describe('the keeper', () => {
  test('keeps a snapshot while somebody fetches it, and the one before the newest', async () => {
    let now = 0
    const held = new SnapshotKeeper({
      store: made.store,
      genesisHash: bytesToHex(hash),
      now: () => now,
      record: (epoch) => (epoch < 4 ? Uint8Array.of(7) : undefined),
    })
    const at = (number: number) => held.hold({ ...made.start, number }, made.block)
    await at(1)
    await held.source(1)
    await at(2)
    await at(3)
    expect(held.firstEpoch).toBe(1)
    expect(await held.source(1)).toBeDefined()
    now = 120_000
    await at(4)
    expect(held.firstEpoch).toBe(3)
    expect(await held.source(1)).toBeUndefined()
    expect((await held.source())!.manifest.start.number).toBe(4)
    // The newest has no certificate yet.
    await at(5)
    expect((await held.source())!.manifest.start.number).toBe(4)
    await held.close()
  })

  test('cuts the same chunks from the middle on', async () => {
    const chunks: string[] = []
    for await (const { bytes } of stateChunks(made.store.snapshot())) chunks.push(bytesToHex(keccak256(bytes)))
    for (const [index, chunk] of chunks.entries()) expect(bytesToHex(keccak256(await source.chunk(index)))).toBe(chunk)
  })
})
