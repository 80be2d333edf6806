import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { HistoryPruner } from '../../src/history/pruner.ts'
import type { EpochStart } from '../../src/ledger/epoch.ts'
import { createNode } from '../../src/node.ts'
import type { ZosNode } from '../../src/node-api.ts'
import { createMemoryStore, type KeyValueStore, sortable } from '../../src/store/kv.ts'
import { openLevelStore } from '../../src/store/level.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'zos-prune-'))
  closers.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 10_000; !holds(); left--) {
    if (left === 0) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const { genesis: devnet, validatorKeys } = devnetGenesis({
  validators: 1,
  timestampMs: 1_700_000_000_000,
  epochRounds: 10,
})
/** One signature a checkpoint: epochs here are shorter than an isogeny signature takes. */
const genesis = { ...devnet, validators: devnet.validators.map(({ isogenyKey: _, ...validator }) => validator) }

/** A network of one validator: an epoch takes a tenth of a second. */
async function node(dataDir: string, pruning: { mode?: 'full' | 'archive'; keepEpochs?: number }): Promise<ZosNode> {
  const running = await createNode({
    genesis,
    dataDir,
    pruning,
    validatorKey: validatorKeys[0]!.privateKey,
    roundIntervalMs: 1,
    ticketHashes: 0,
  })
  closers.push(() => running.stop())
  return running
}

async function keysOf(store: KeyValueStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.keys('', '~')) keys.push(key)
  return keys
}

/** Epochs of the stored units. */
function epochsOf(keys: readonly string[]): number[] {
  const rounds = keys.filter((key) => key.startsWith('u')).map((key) => Number(key.slice(1, 13)))
  return [...new Set(rounds.map((round) => Math.floor(round / 65_536)))]
}

describe('a full node', () => {
  test('keeps as many epochs as it was told, in memory and in its store, and goes on after a restart', async () => {
    const dataDir = folder()
    const first = await node(dataDir, { keepEpochs: 2 })
    await until(() => first.status().epoch >= 8, 'eight epochs')
    const { units, block } = first.status()
    expect(units).toBeLessThan(40)
    await first.stop()

    const store = await openLevelStore(join(dataDir, 'db'))
    const keys = await keysOf(store)
    await store.close()
    const epochs = epochsOf(keys)
    expect(epochs.length).toBeLessThanOrEqual(4)
    expect(Math.min(...epochs)).toBeGreaterThanOrEqual(5)
    expect(keys.filter((key) => key.startsWith('i')).length).toBe(keys.filter((key) => key.startsWith('u')).length)
    expect(keys.filter((key) => key.startsWith('E')).length).toBeGreaterThanOrEqual(8)

    const again = await node(dataDir, { keepEpochs: 2 })
    expect(again.status().block).toBeGreaterThanOrEqual(block)
    expect(again.status().units).toBeLessThan(60)
    const { epoch } = again.status()
    await until(() => again.status().epoch >= epoch + 2, 'two more epochs')
    await until(() => again.status().firstEpoch >= epoch, 'pruning to go on')
  }, 120_000)

  test('an archive keeps everything', async () => {
    const dataDir = folder()
    const running = await node(dataDir, { mode: 'archive' })
    await until(() => running.status().epoch >= 6, 'six epochs')
    await running.stop()
    const store = await openLevelStore(join(dataDir, 'db'))
    expect(epochsOf(await keysOf(store)).slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5])
    await store.close()
  }, 120_000)

  test('refuses to keep nothing', async () => {
    await expect(createNode({ genesis, pruning: { keepEpochs: 0 } })).rejects.toMatchObject({
      code: 'NODE_INVALID_ARGUMENT',
    })
  })
})

describe('a crash in the middle of pruning', () => {
  const starts = (number: number) => ({ number, block: number * 1_000 }) as EpochStart

  async function filled(): Promise<KeyValueStore> {
    const store = createMemoryStore()
    for (let round = 1; round <= 5 * 65_536; round += 97) {
      const id = `0x${String(round).padStart(64, '0')}`
      await store.batch([
        { key: `u${sortable(round)}${id}`, value: Uint8Array.of(1) },
        { key: `i${id}`, value: new TextEncoder().encode(String(round)) },
      ])
    }
    return store
  }

  /** Everything works until `left` batches were written; then the power is gone. */
  function failing(store: KeyValueStore, left: number): KeyValueStore {
    return {
      ...store,
      async batch(changes, options) {
        if (left-- <= 0) throw new Error('power cut')
        await store.batch(changes, options)
      },
    }
  }

  test.each([0, 1, 2, 3, 5])(
    'after %i batches: the next start finishes it, no unit is left without its index',
    async (batches) => {
      const store = await filled()
      const faults: unknown[] = []
      const cut = new HistoryPruner({
        store: failing(store, batches),
        epochStart: starts,
        keepEpochs: 1,
        onFault: (error) => faults.push(error),
      })
      cut.advance(4)
      await cut.idle()
      expect(faults).toHaveLength(1)

      const next = new HistoryPruner({
        store,
        epochStart: starts,
        keepEpochs: 1,
        onFault: (error) => faults.push(error),
      })
      next.advance(batches === 0 ? 4 : 0)
      await next.idle()
      expect(faults).toHaveLength(1)
      expect(next.firstEpoch).toBe(3)
      const keys = await keysOf(store)
      expect(epochsOf(keys)).toEqual([3, 4])
      const ids = keys.filter((key) => key.startsWith('u')).map((key) => key.slice(13))
      expect(
        keys
          .filter((key) => key.startsWith('i'))
          .map((key) => key.slice(1))
          .sort(),
      ).toEqual(ids.sort())
    },
  )
})
