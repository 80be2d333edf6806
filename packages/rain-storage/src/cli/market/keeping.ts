/** The keeper of a home's list of files, and the layouts that make the shards readable. */
import { join } from 'node:path'
import { createMemoryBlockStore } from '../../blocks/memory.ts'
import { StorageError } from '../../errors.ts'
import { placeOfPeer } from '../../market/choose-offers.ts'
import { createDealKeeper, type DealTerms, type KeeperEvent } from '../../market/deal-keeper.ts'
import { makeFolder } from '../../platform/file-system.ts'
import { takeLock } from '../../platform/lock.ts'
import type { StorageNode } from '../../rain/node.ts'
import { type Connection, systemClock } from './connect.ts'
import {
  changeKept,
  type DealEnd,
  type KeptDeal,
  type KeptFile,
  marketFolder,
  readFirstDeal,
  readKept,
  writeFirstDeal,
} from './files.ts'

/** Every kept file has its own. */
const NO_TERMS: DealTerms = { periodS: 86_400, windows: 1 }

/** A keeper of what the home's list says at each pass. A shard whose deal came to its end gets another one when somebody asks for it, not by itself. */
export async function openKeeper(connection: Connection, onEvent: (event: KeeperEvent) => void) {
  const { home, market } = connection
  const reader = connection.reader('client')
  const firstDeal = await readFirstDeal(home, reader)
  /** by offer and shard */
  const ended = new Map<string, DealEnd>()
  const keeper = createDealKeeper({
    market,
    async *wanted() {
      for (const { deals } of await readKept(home)) yield* deals.filter((deal) => deal.ended === undefined)
    },
    terms: NO_TERMS,
    clock: systemClock,
    reopen: false,
    ...(firstDeal === undefined ? {} : { firstDeal }),
    onEvent(event) {
      if (event.type === 'lapsed') ended.set(keyOf(event), 'lapsed')
      if (event.type === 'over') ended.set(keyOf(event), event.failed ? 'failed' : 'over')
      onEvent(event)
    },
  })

  async function markEnded(): Promise<void> {
    // A shard may have two deals, when the answer to opening the first was lost: the one that lives counts.
    for (const deal of keeper.live()) ended.delete(keyOf(deal))
    if (ended.size === 0) return
    await changeKept(home, (files) =>
      files.map((file) => ({
        ...file,
        deals: file.deals.map((deal) => {
          const how = ended.get(keyOf(deal))
          return how === undefined ? deal : { ...deal, ended: how }
        }),
      })),
    )
    ended.clear()
  }

  return {
    async pass(options: { signal?: AbortSignal } = {}) {
      try {
        await keeper.pass(options)
      } finally {
        // Before the first deal moves on: after a stop between the two, the end is seen again.
        await markEnded()
      }
      await writeFirstDeal(home, reader, keeper.firstLive())
    },
  }
}

function keyOf({ offer, shard }: Pick<KeptDeal, 'offer' | 'shard'>): string {
  return `${offer} ${shard}`
}

/** Takes the right to open deals of a home; `undefined` while another process has it. Two at once would pay twice. */
export async function takeKeeping(home: string): Promise<(() => Promise<void>) | undefined> {
  await makeFolder(marketFolder(home), undefined, 0o700)
  try {
    return await takeLock(join(marketFolder(home), 'keeping'))
  } catch (error) {
    if (error instanceof StorageError && error.code === 'STORAGE_LOCKED') return undefined
    throw error
  }
}

/** Nodes of offers' peers, over a peer of this process that is started for the first of them. */
export function createPeerNodes() {
  let started: Promise<Awaited<ReturnType<typeof import('../../network/peer.ts')['startPeer']>>> | undefined
  const start = async () => {
    const { startPeer } = await import('../../network/peer.ts')
    return startPeer({ blocks: createMemoryBlockStore(), listen: [] })
  }
  return {
    /** @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no address of a peer */
    async nodeAt(address: string): Promise<StorageNode> {
      const place = placeOfPeer(address)
      if (place === undefined)
        throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The peer has no address that is understood')
      started ??= start()
      return (await started).remoteNode(address, { id: place.id, domain: place.network, weight: 1 })
    },
    async stop() {
      await (await started)?.stop()
    },
  }
}

/** Puts the layout of a file to all its providers: it has no deal, and providers let go of what nobody puts again. Gives how many took it. */
export async function putLayout(
  file: Pick<KeptFile, 'root' | 'layout' | 'peers'>,
  nodeAt: (address: string) => Promise<StorageNode>,
  onFailure: (peer: string, error: Error) => void,
): Promise<number> {
  const taken = await Promise.all(
    [...new Set(file.peers.values())].map(async (peer) => {
      try {
        await (await nodeAt(peer)).put(file.root, file.layout, 0)
        return 1
      } catch (error) {
        onFailure(peer, error as Error)
        return 0
      }
    }),
  )
  return taken.reduce((sum: number, one) => sum + one, 0)
}
