/** Where the bytes of objects go: as UnixFS into a block store, or private and erasure-coded through a vault. */
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import type { ByteSource } from '../content/chunker.ts'
import { parseCid } from '../content/cid.ts'
import { exportFile } from '../content/export-file.ts'
import { importFile } from '../content/import-file.ts'
import { formatCapability, parseCapability } from '../rain/capability.ts'
import type { Vault } from '../rain/vault.ts'

/** The content port. A reference is text and says all that is needed to read. */
export interface ObjectContent {
  /** how all of it is sealed before it is stored, by the name that S3 has for it; absent: it is not */
  readonly encryption?: 'AES256'
  /** Stores a stream; durable when it resolves. */
  put(source: ByteSource, signal: AbortSignal): Promise<{ ref: string; size: number }>
  get(ref: string, range: { offset: number; length: number }, signal: AbortSignal): AsyncGenerator<Uint8Array>
  /** Called when the first object names `ref`, and when the last one has let it go. */
  retain(ref: string): Promise<void>
  release(ref: string): Promise<void>
  /** Protects what is being put until the returned function is called. */
  hold(): () => void
}

/** What keeps blocks from collection: a pack store. */
export interface Retention {
  pin(cid: CID): Promise<void>
  unpin(cid: CID): Promise<void>
  hold(): () => void
}

/** Objects as UnixFS files: any IPFS tool reads them by CID. Readable by whoever reads the store. */
export function createUnixfsContent(store: BlockStore, retention?: Retention): ObjectContent {
  return {
    async put(source, signal) {
      const { cid, size } = await importFile(store, source, { signal })
      return { ref: String(cid), size }
    },
    get: (ref, { offset, length }, signal) => exportFile(store, parseCid(ref), { offset, length, signal }),
    retain: async (ref) => retention?.pin(parseCid(ref)),
    release: async (ref) => retention?.unpin(parseCid(ref)),
    hold: () => retention?.hold() ?? (() => undefined),
  }
}

/** Objects sealed and spread over storage nodes; leases of the nodes end what is no longer named. */
export function createVaultContent(vault: Vault): ObjectContent {
  return {
    encryption: 'AES256',
    async put(source, signal) {
      let size = 0
      const capability = await vault.put(source, { signal, onProgress: (bytes) => (size = bytes) })
      return { ref: formatCapability(capability), size }
    },
    get: (ref, { offset, length }, signal) => vault.get(parseCapability(ref), { offset, length, signal }),
    retain: async () => undefined,
    release: async () => undefined,
    hold: () => () => undefined,
  }
}
