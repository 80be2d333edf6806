import type { CID } from 'multiformats/cid'
import type { Source } from '../download/source.ts'
import { CdnError, isCdnError } from '../errors.ts'
import type { ShardSource } from './segment-plan.ts'

/** Options of {@link shardSource}. */
export interface ShardSourceOptions {
  /** The slots of a segment that it should have; default: it may have any. */
  slots?: (segment: number) => readonly number[]
}

/** A source of objects that answers ranges (HTTP, a channel, libp2p) as a source of shards: a shard is an object of one block. */
export function shardSource(source: Source, options: ShardSourceOptions = {}): ShardSource {
  return {
    id: source.id,
    ...(source.parallel ? { parallel: source.parallel } : {}),
    ...(options.slots ? { slots: options.slots } : {}),
    async *read({ cid, start, end }, { signal }) {
      try {
        yield* source.read({ root: cid, start, end, leaves: [cid] }, { signal })
      } catch (error) {
        const status = isCdnError(error) ? error.context.status : undefined
        if (status !== 404 && status !== 410) throw error
        throw notHere(source.id, cid, error)
      }
    },
  }
}

const notHere = (source: string, cid: CID, cause?: unknown) =>
  new CdnError('CDN_NOT_HERE', `${source} does not have ${cid}`, { source, cid: cid.toString() }, { cause })

/** Options of {@link wholeShardSource}. */
export interface WholeShardSourceOptions extends ShardSourceOptions {
  /** Its name in progress and errors; one a download. */
  id: string
  /** Blocks asked for at once. Default 3. */
  parallel?: number
  /** A block by CID; `undefined` when it is not there. */
  get: (cid: CID, options: { signal: AbortSignal }) => Promise<Uint8Array | undefined>
}

/** Anything that gives blocks by CID, and only whole (a node of rain storage, Bitswap, a block store), as a source of shards. */
export function wholeShardSource(options: WholeShardSourceOptions): ShardSource {
  const { id, get, parallel, slots } = options
  return {
    id,
    wholeOnly: true,
    ...(parallel ? { parallel } : {}),
    ...(slots ? { slots } : {}),
    async *read({ cid }, { signal }) {
      const bytes = await get(cid, { signal })
      if (!bytes) throw notHere(id, cid)
      yield bytes
    },
  }
}
