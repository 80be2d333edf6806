/**
 * An IAVL tree on an embedded database. One commit is one atomic write, so a crash leaves the last finished version and
 * nothing of the next. Every record carries a checksum, and a node must have the hash that its parent names: damage is an
 * error (`HUB_STORE_DAMAGED`), never a wrong value.
 */
import { equal, toHex } from '../encoding/bytes.ts'
import { ProtoReader, ProtoWriter } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import { hashNode, IavlNode, type NodeRef } from './node.ts'
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

const META = Uint8Array.of(0x6d)

/** A tag and numbers below 2^53, each as eight bytes, most significant first. */
function recordKey(tag: number, ...numbers: readonly number[]): Uint8Array {
  const key = new Uint8Array(1 + 8 * numbers.length)
  key[0] = tag
  const view = new DataView(key.buffer)
  numbers.forEach((number, i) => {
    view.setUint32(1 + 8 * i, Math.floor(number / 0x1_0000_0000))
    view.setUint32(5 + 8 * i, number >>> 0)
  })
  return key
}
const nodeKey = (version: number, nonce: number) => recordKey(0x6e, version, nonce)
const rootKey = (version: number) => recordKey(0x72, version)
const orphansKey = (version: number) => recordKey(0x6f, version)

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

function crc32(bytes: Uint8Array): number {
  let c = -1
  for (let i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}

function sealRecord(writer: ProtoWriter): Uint8Array {
  const body = writer.finish()
  const record = new Uint8Array(body.length + 4)
  record.set(body)
  new DataView(record.buffer).setUint32(body.length, crc32(body))
  return record
}

function openRecord(record: Uint8Array | undefined, what: string): ProtoReader {
  if (!record || record.length < 4) throw new HubError('HUB_STORE_DAMAGED', `${what} is missing`)
  const body = record.subarray(0, record.length - 4)
  const sum = new DataView(record.buffer, record.byteOffset + body.length, 4).getUint32(0)
  if (sum !== crc32(body)) throw new HubError('HUB_STORE_DAMAGED', `${what} fails its checksum`)
  return new ProtoReader(body)
}

function writeRef(writer: ProtoWriter, node: IavlNode | undefined, ref: NodeRef | undefined): void {
  const { version, nonce, hash } = node ?? ref!
  writer.uint(version)
  writer.uint(nonce)
  writer.bytes(hash!)
}

function readRef(reader: ProtoReader): NodeRef {
  return { version: reader.uint(), nonce: reader.uint(), hash: reader.bytes() }
}

function encodeNode(node: IavlNode): Uint8Array {
  const writer = new ProtoWriter()
  writer.uint(node.height)
  writer.uint(node.size)
  writer.bytes(node.key)
  if (node.value !== undefined) writer.bytes(node.value)
  else {
    writeRef(writer, node.left, node.leftRef)
    writeRef(writer, node.right, node.rightRef)
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
    const height = reader.uint()
    const size = reader.uint()
    const node = new IavlNode(reader.bytes(), undefined)
    node.height = height
    node.size = size
    if (height === 0) node.value = reader.bytes()
    else {
      node.leftRef = readRef(reader)
      node.rightRef = readRef(reader)
    }
    node.nonce = ref.nonce
    node.version = ref.version
    node.hash = hashNode(node, ref.version)
    if (!equal(node.hash, ref.hash)) {
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
  const meta = database.get(META)
  if (meta) {
    const reader = openRecord(meta, 'index record')
    const latest = reader.uint()
    oldest = reader.uint()
    for (let version = oldest; version <= latest; version++) tree.resume(version, loadRoot(version))
  }

  function metaRecord(latest: number): readonly [Uint8Array, Uint8Array] {
    const writer = new ProtoWriter()
    writer.uint(latest)
    writer.uint(oldest)
    return [META, sealRecord(writer)]
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
      if (root) writeRef(rootWriter, root, undefined)
      puts.push([rootKey(version), sealRecord(rootWriter)])
      const orphanWriter = new ProtoWriter()
      for (const { version: v, nonce } of orphans) {
        orphanWriter.uint(v)
        orphanWriter.uint(nonce)
      }
      puts.push([orphansKey(version), sealRecord(orphanWriter)], metaRecord(version))
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
      await write([metaRecord(tree.version)], deletes)
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
