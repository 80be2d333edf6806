import type { CID } from 'multiformats/cid'
import type { Source } from '../download/source.ts'

/** Options of {@link blockSource}. */
export interface BlockSourceOptions {
  /** Its name in progress and errors; one a download. */
  id: string
  /** One block by CID: a blockstore, rain storage, Bitswap. */
  get: (cid: CID, options: { signal?: AbortSignal }) => Promise<Uint8Array>
  /** Requests at once. Default 3. */
  parallel?: number
}

/** Anything that gives blocks by CID as a source. */
export function blockSource(options: BlockSourceOptions): Source {
  const { id, get, parallel } = options
  return {
    id,
    ...(parallel ? { parallel } : {}),
    async *read({ leaves }, { signal }) {
      for (const cid of leaves) {
        signal.throwIfAborted()
        yield await get(cid, { signal })
      }
    },
    block: get,
  }
}
