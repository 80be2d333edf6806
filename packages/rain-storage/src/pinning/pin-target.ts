/** Where pinned content is kept. */
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { writeCar } from '../content/car.ts'
import { parseCid } from '../content/cid.ts'
import type { BlockSource } from '../content/export-file.ts'
import { walk } from '../content/walk.ts'
import { formatCapability } from '../rain/capability.ts'
import type { Vault } from '../rain/vault.ts'
import type { ObjectIndex } from '../s3/object-index.ts'

/** Keeps and lets go of DAGs. Both may be called again for the same root. */
export interface PinTarget {
  /** Fetches what `root` reaches and keeps it; resolves when it is durable. Gives the bytes of its blocks. */
  pin(root: CID, options: { signal: AbortSignal }): Promise<number>
  unpin(root: CID): Promise<void>
}

/** Blocks into a block store under a lease, e.g. a pack store's pins. */
export function createStorePins(
  source: BlockSource,
  store: BlockStore,
  leases: { pin(cid: CID): Promise<void>; unpin(cid: CID): Promise<void>; hold?(): () => void },
): PinTarget {
  return {
    async pin(root, { signal }) {
      const release = leases.hold?.()
      try {
        let bytes = 0
        for await (const block of walk(source, root, { signal })) {
          await store.put(block.cid, block.bytes, { durable: false, signal })
          bytes += block.bytes.length
        }
        await store.flush()
        await leases.pin(root)
        return bytes
      } finally {
        release?.()
      }
    },
    unpin: (root) => leases.unpin(root),
  }
}

/** Each DAG as one CAR in a vault: encrypted and spread over its nodes. The capabilities stand in `index`. */
export function createVaultPins(source: BlockSource, vault: Vault, index: ObjectIndex): PinTarget {
  const keyOf = (root: CID) => `car/${parseCid(String(root)).toV1()}`
  return {
    async pin(root, { signal }) {
      let bytes = 0
      async function* blocks() {
        for await (const block of walk(source, root, { signal })) {
          bytes += block.bytes.length
          yield block
        }
      }
      const capability = await vault.put(writeCar([root], blocks()), { name: `${root}.car`, signal })
      await index.write([[keyOf(root), new TextEncoder().encode(formatCapability(capability))]])
      return bytes
    },
    // The shards go when their leases end.
    unpin: (root) => index.write([[keyOf(root), undefined]]),
  }
}
