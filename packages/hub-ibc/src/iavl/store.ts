/**
 * An IAVL tree on an embedded database. One commit is one atomic write, so a crash leaves the last finished version and
 * nothing of the next. Every record carries a checksum, and a node must have the hash that its parent names: damage is an
 * error (`HUB_STORE_DAMAGED`), never a wrong value.
 */
import { equal, toHex } from '../encoding/bytes.ts'
import { ProtoWriter } from '../encoding/protobuf-wire.ts'
import { HubError } from '../errors.ts'
import { hashNode, type IavlNode, type NodeRef } from './node.ts'
import {
  metaRecord,
  nodeKey,
  openRecord,
  orphansKey,
  readNode,
  readRef,
  rootKey,
  STORE_META,
  sealRecord,
  writeRef,
} from './records.ts'
import { type IavlCommit, IavlTree } from './tree.ts'

/** The port to an embedded key-value database. `@zos/hub-ibc/level` implements it on classic-level. */
export interface NodeDatabase {
  get(key: Uint8Array): Uint8Array | undefined
  /** Applies all or nothing, and resolves once it would survive a crash. */
  write(puts: readonly (readonly [Uint8Array, Uint8Array])[], deletes: readonly Uint8Array[]): Promise<void>
}

/** A durable {@link IavlTree}. */
export interface IavlStore {
  /** Reads, proofs and writes of the working version. Do not call its `commit` or `prune`; use the store's. */
  readonly tree: IavlTree
  /** Makes the working tree the next version, durably. */
  commit(): Promise<IavlCommit>
  /** Deletes every version up to and with `version`, oldest first, and the nodes that only they held. */
  prune(version: number): Promise<void>
  /** The versions that can be read: all of `oldest … tree.version`. */
  readonly oldest: number
}

/** Where a child is: in memory, else on disk. */
const refOf = (node: IavlNode | undefined, ref: NodeRef | undefined): NodeRef =>
  node ? { version: node.version, nonce: node.nonce, hash: node.hash! } : ref!

function encodeNode(node: IavlNode): Uint8Array {
  const writer = new ProtoWriter()
  writer.uint(node.height)
  writer.uint(node.size)
  writer.bytes(node.key)
  if (node.value !== undefined) writer.bytes(node.value)
  else {
    writeRef(writer, refOf(node.left, node.leftRef))
    writeRef(writer, refOf(node.right, node.rightRef))
  }
  return sealRecord(writer)
}

/** Nodes held in memory before the committed tree is dropped to disk and read anew as needed: about 300 bytes each. */
const DEFAULT_MAX_CACHED_NODES = 400_000

/** Opens the store in `database` at its last finished version; an empty database is version 0. */
export function openIavlStore(options: { database: NodeDatabase; maxCachedNodes?: number }): IavlStore {
  const { database } = options
  const maxCachedNodes = options.maxCachedNodes ?? DEFAULT_MAX_CACHED_NODES
  let cached = 0
  let writing: Promise<void> = Promise.resolve()
  let failed: unknown

  function load(ref: NodeRef): IavlNode {
    const name = `node ${ref.version}/${ref.nonce}`
    const reader = openRecord(database.get(nodeKey(ref.version, ref.nonce)), name)
    const node = readNode(reader)
    node.nonce = ref.nonce
    node.version = ref.version
    hashNode(node, ref.version)
    if (!equal(node.hash!, ref.hash)) {
      throw new HubError('HUB_STORE_DAMAGED', `${name} has another hash than its parent says`, {
        expected: toHex(ref.hash),
      })
    }
    cached++
    return node
  }

  function loadRoot(version: number): IavlNode | undefined {
    const reader = openRecord(database.get(rootKey(version)), `root of version ${version}`)
    return reader.done ? undefined : load(readRef(reader))
  }

  const tree = new IavlTree({ load, tracking: true })
  let oldest = 1
  const meta = database.get(STORE_META)
  if (meta) {
    const reader = openRecord(meta, 'index record')
    const latest = reader.uint()
    oldest = reader.uint()
    for (let version = oldest; version <= latest; version++) tree.resume(version, loadRoot(version))
  }

  /** One write at a time, in order; after a failure the memory is ahead of the disk, so nothing more is accepted. */
  function write(puts: (readonly [Uint8Array, Uint8Array])[], deletes: Uint8Array[]): Promise<void> {
    writing = writing
      .then(() => {
        if (failed) throw failed
        return database.write(puts, deletes)
      })
      .catch((cause) => {
        failed ??= new HubError('HUB_STORE_DAMAGED', 'a write failed; open the store anew', {}, { cause })
        throw failed
      })
    return writing
  }

  return {
    tree,
    get oldest() {
      return oldest
    },
    async commit() {
      if (failed) throw failed
      const { version, hash, root, created, orphans } = tree.commitChanges()
      const puts: (readonly [Uint8Array, Uint8Array])[] = created.map((node) => [
        nodeKey(node.version, node.nonce),
        encodeNode(node),
      ])
      const rootWriter = new ProtoWriter()
      if (root) writeRef(rootWriter, refOf(root, undefined))
      puts.push([rootKey(version), sealRecord(rootWriter)])
      const orphanWriter = new ProtoWriter()
      for (const { version: v, nonce } of orphans) {
        orphanWriter.uint(v)
        orphanWriter.uint(nonce)
      }
      puts.push([orphansKey(version), sealRecord(orphanWriter)], metaRecord(version, oldest))
      cached += created.length
      await write(puts, [])
      if (cached > maxCachedNodes && tree.version === version && tree.clean) {
        cached = 0
        for (let v = oldest; v <= version; v++) tree.resume(v, loadRoot(v))
      }
      return { version, hash }
    },
    async prune(version) {
      if (version >= tree.version)
        throw new HubError('HUB_INVALID_ARGUMENT', 'the latest version cannot be pruned', { version })
      const deletes: Uint8Array[] = []
      for (let v = oldest; v <= version; v++) {
        // What version v + 1 no longer held, no later version holds.
        const reader = openRecord(database.get(orphansKey(v + 1)), `orphans of version ${v + 1}`)
        while (!reader.done) deletes.push(nodeKey(reader.uint(), reader.uint()))
        deletes.push(rootKey(v), orphansKey(v))
      }
      if (version < oldest) return
      oldest = version + 1
      tree.prune(version)
      await write([metaRecord(tree.version, oldest)], deletes)
    },
  }
}

/** A {@link NodeDatabase} in memory, for tests and throw-away nodes. */
export function createMemoryDatabase(): NodeDatabase & { readonly records: Map<string, Uint8Array> } {
  const records = new Map<string, Uint8Array>()
  return {
    records,
    get: (key) => records.get(toHex(key)),
    async write(puts, deletes) {
      for (const key of deletes) records.delete(toHex(key))
      for (const [key, value] of puts) records.set(toHex(key), value)
    },
  }
}
