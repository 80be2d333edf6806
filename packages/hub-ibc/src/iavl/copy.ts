/**
 * Moves one version of a store to another place, node by node. Records go in pre-order, each under its path from the root (`.`, then `0` for left and `1`
 * for right), which is also the byte order of the paths; before them, under the empty path, stands where the root is. Every node has the hash
 * that its parent names, and every inner node separates by the first key on its right, so a copy with the right root hash is the original.
 */
import { equal, toHex } from '../encoding/bytes.ts'
import { ProtoWriter } from '../encoding/protobuf-wire.ts'
import { HubError } from '../errors.ts'
import { hashNode, type NodeRef } from './node.ts'
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
import { EMPTY_HASH } from './tree.ts'

/** One record on its way. */
export interface CopiedRecord {
  readonly path: string
  readonly record: Uint8Array
}

/** Levels of a tree of 2^53 leaves at most, with the tolerance of AVL trees. */
const MAX_DEPTH = 80
const ROOT = '.'

/** The records of the latest version in the database behind `get`, from `from` on. Throws `HUB_STORE_DAMAGED`. */
export async function* copyLatestVersion(
  get: (key: Uint8Array) => Promise<Uint8Array | undefined>,
  from = '',
): AsyncGenerator<CopiedRecord> {
  const version = openRecord(await get(STORE_META), 'index record').uint()
  const rootReader = openRecord(await get(rootKey(version)), `root of version ${version}`)
  const root = rootReader.done ? undefined : readRef(rootReader)
  if (from === '') {
    const writer = new ProtoWriter()
    writer.uint(version)
    if (root) writeRef(writer, root)
    yield { path: '', record: sealRecord(writer) }
  }
  const open: { path: string; ref: NodeRef }[] = root ? [{ path: ROOT, ref: root }] : []
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, ref } = next
    if (path < from && !from.startsWith(path)) continue
    const record = await get(nodeKey(ref.version, ref.nonce))
    const { left, right } = nodeOf(record, ref)
    if (path >= from) yield { path, record: record! }
    if (right) open.push({ path: `${path}1`, ref: right })
    if (left) open.push({ path: `${path}0`, ref: left })
  }
}

/** What {@link takeVersion} took in. */
export interface VersionCopy {
  /** The store's version that was copied: the only one it has now. */
  readonly version: number
  /** The root hash that was checked down to the leaves. */
  readonly hash: Uint8Array
  /** Nodes written, leaves and inner ones; 0 for an empty store. */
  readonly nodes: number
}

/**
 * Takes records of {@link copyLatestVersion} in and gives `write` what a store holds that has this version alone; the record that makes it one comes last.
 * Throws `HUB_STORE_DAMAGED` for records that are not a whole tree; compare the returned hash with one that you trust before you open the store.
 */
export async function takeVersion(
  records: AsyncIterable<CopiedRecord>,
  write: (key: Uint8Array, record: Uint8Array) => Promise<void> | void,
): Promise<VersionCopy> {
  let head: { version: number; root: NodeRef | undefined } | undefined
  // `first`: the key that the first leaf below must have, where a node above separates by it. No hash covers separators.
  const wanted: { path: string; ref: NodeRef; first?: Uint8Array | undefined }[] = []
  const places = new Set<string>()
  let nodes = 0
  for await (const { path, record } of records) {
    if (!head) {
      if (path !== '') throw damaged('the records do not begin with the root')
      const reader = openRecord(record, 'root')
      head = { version: reader.uint(), root: reader.done ? undefined : readRef(reader) }
      if (head.root) wanted.push({ path: ROOT, ref: head.root })
      continue
    }
    const next = wanted.pop()
    if (next?.path !== path || path.length > MAX_DEPTH)
      throw damaged(`a node at ${path.slice(0, MAX_DEPTH)} that none has named`)
    const { key, left, right } = nodeOf(record, next.ref)
    if (!right && next.first && !equal(key, next.first))
      throw damaged('a node separates by another key than it divides at')
    const place = `${next.ref.version}/${next.ref.nonce}`
    // Where a node lies is under no hash: two in one place would lose one.
    if (places.has(place) || next.ref.version > head.version) throw damaged(`two nodes at ${place}`)
    places.add(place)
    if (right) wanted.push({ path: `${path}1`, ref: right, first: key })
    if (left) wanted.push({ path: `${path}0`, ref: left, first: next.first })
    await write(nodeKey(next.ref.version, next.ref.nonce), record)
    nodes++
  }
  if (!head || wanted.length > 0) throw damaged('the records end before the tree does')
  const { version, root } = head
  const rootWriter = new ProtoWriter()
  if (root) writeRef(rootWriter, root)
  await write(rootKey(version), sealRecord(rootWriter))
  await write(orphansKey(version), sealRecord(new ProtoWriter()))
  await write(...metaRecord(version, version))
  return { version, hash: root?.hash ?? EMPTY_HASH, nodes }
}

/** The children of a node in a record that has the hash of `ref`. */
function nodeOf(
  record: Uint8Array | undefined,
  ref: NodeRef,
): { readonly key: Uint8Array; readonly left?: NodeRef; readonly right?: NodeRef } {
  const name = `node ${ref.version}/${ref.nonce}`
  const node = readNode(openRecord(record, name))
  hashNode(node, ref.version)
  if (!equal(node.hash!, ref.hash))
    throw new HubError('HUB_STORE_DAMAGED', `${name} has another hash than its parent says`, {
      expected: toHex(ref.hash),
    })
  return {
    key: node.key,
    ...(node.leftRef ? { left: node.leftRef } : {}),
    ...(node.rightRef ? { right: node.rightRef } : {}),
  }
}

const damaged = (reason: string) => new HubError('HUB_STORE_DAMAGED', `a copy of a version is damaged: ${reason}`)
