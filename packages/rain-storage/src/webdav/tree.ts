/**
 * The tree of collections and files over an index and a content store. A record stands under the id of its collection and its name, so moving a whole
 * collection is one batch of two records, and so is removing it: what it held is swept afterwards, and after a stop, by a mark.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { toHex } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import type { ObjectContent } from '../s3/object-content.ts'
import type { IndexChange, ObjectIndex } from '../s3/object-index.ts'
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import type { DavPath } from './path.ts'
import { CountedIndex } from './reference-counts.ts'

/** A dead property: a name, and the element as the client sent it. */
export interface DeadProperty {
  readonly space: string
  readonly local: string
  readonly source: string
}

interface Common {
  readonly createdMs: number
  readonly modifiedMs: number
  readonly properties: readonly DeadProperty[]
}

/** A file. */
export interface FileNode extends Common {
  readonly kind: 'file'
  /** where the content is; an empty file has none */
  readonly ref?: string
  readonly size: number
  /** without quotes; random, as a capability may not be shown and hashing costs */
  readonly etag: string
  /** media type as it came */
  readonly type?: string
}

/** A collection: its members stand under its id. */
export interface CollectionNode extends Common {
  readonly kind: 'collection'
  readonly id: string
}

/** What a path names. */
export type Node = FileNode | CollectionNode

/** A path that was looked up. */
export interface Place {
  readonly path: DavPath
  readonly node: Node | undefined
  /** the collection that has or would have it; `undefined` when there is none, and for the root */
  readonly parent: CollectionNode | undefined
  readonly key: string
  readonly parentKey: string
}

const END = '\u{10ffff}'
/** Entries that one batch changes, so that no batch holds a whole tree. */
const BATCH = 256
const nodeKey = (collection: string, name: string) => `n\0${collection}\0${name}`
const markKey = (id: string) => `t\0${id}`
const USED_KEY = 'q'
const ROOT_KEY = nodeKey('', '')

/** What a batch changes: records, files that begin to be named, and files that are no longer. */
interface Change {
  readonly records: IndexChange[]
  readonly taken: FileNode[]
  readonly dropped: FileNode[]
}

/** The tree. */
export class Tree {
  readonly index: ObjectIndex
  readonly #counted: CountedIndex
  readonly #crypto: CryptoPort
  readonly #nowMs: () => number
  #used = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(index: ObjectIndex, content: ObjectContent, crypto: CryptoPort, nowMs: () => number) {
    this.index = index
    this.#counted = new CountedIndex(index, content)
    this.#crypto = crypto
    this.#nowMs = nowMs
  }

  /** Bytes of all files, each counted wherever it is named. */
  get usedBytes(): number {
    return this.#used
  }

  /** Reads what is kept beside the tree, makes the root, and sweeps what a stop left. Once, before anything else. */
  async open(): Promise<void> {
    const used = await this.index.get(USED_KEY)
    this.#used = used === undefined ? 0 : dagCbor.decode<number>(used)
    if ((await this.index.get(ROOT_KEY)) === undefined)
      await this.index.write([[ROOT_KEY, dagCbor.encode(this.emptyCollection())]])
    const left: string[] = []
    for await (const [key] of this.index.list(markKey(''), markKey(END))) left.push(key.slice(2))
    for (const id of left) await this.sweep(id)
  }

  /** Runs changes one after the other; inside, nothing else changes. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  /** A collection without members. */
  emptyCollection(): CollectionNode {
    const now = this.#nowMs()
    return { kind: 'collection', id: this.#random(), createdMs: now, modifiedMs: now, properties: [] }
  }

  /** A file with new content; what it replaces gives its date of creation and its properties. */
  file(content: { ref?: string; size: number; type?: string }, old?: FileNode): FileNode {
    const now = this.#nowMs()
    const { createdMs, properties } = old ?? { createdMs: now, properties: [] }
    return { kind: 'file', ...content, etag: this.#random(), createdMs, modifiedMs: now, properties }
  }

  #random(): string {
    return toHex(this.#crypto.randomBytes(16))
  }

  /** Looks a path up. Cost: one read a segment. */
  async locate(path: DavPath): Promise<Place> {
    let parent: CollectionNode | undefined
    let parentKey = ''
    let key = ROOT_KEY
    let node = await this.#read(key)
    for (const name of path) {
      parent = node?.kind === 'collection' ? node : undefined
      parentKey = key
      key = parent === undefined ? '' : nodeKey(parent.id, name)
      node = parent && (await this.#read(key))
    }
    return { path, node, parent, key, parentKey }
  }

  async #read(key: string): Promise<Node | undefined> {
    const value = await this.index.get(key)
    return value && dagCbor.decode<Node>(value)
  }

  /** Members of a collection, by name. */
  async *members(collection: CollectionNode): AsyncGenerator<{ name: string; node: Node }> {
    const base = nodeKey(collection.id, '')
    for await (const [key, value] of this.index.list(base, base + END))
      yield { name: key.slice(base.length), node: dagCbor.decode<Node>(value) }
  }

  /** A node and, to the depth, what is below it: parents before members. */
  async *walk(path: DavPath, node: Node, depth: number): AsyncGenerator<{ path: DavPath; node: Node }> {
    yield { path, node }
    if (node.kind !== 'collection' || depth === 0) return
    for await (const member of this.members(node)) yield* this.walk([...path, member.name], member.node, depth - 1)
  }

  /** Names a node at a place; what had the name is let go, collections with all below them. Inside {@link exclusive}. */
  async put(place: Place, node: Node, more: readonly IndexChange[] = []): Promise<void> {
    const change = this.#change(more)
    if (node.kind === 'file') change.taken.push(node)
    const swept = this.#drop(change, place.node)
    await this.#write(this.#bind(change, place, node))
    if (swept !== undefined) await this.sweep(swept)
  }

  /** Writes a node anew that names the same content, e.g. with other properties. Inside {@link exclusive}. */
  async update(place: Place, node: Node): Promise<void> {
    await this.index.write([[place.key, dagCbor.encode(node)]])
  }

  /** Removes a node with all below it. Inside {@link exclusive}. */
  async remove(place: Place, more: readonly IndexChange[] = []): Promise<void> {
    const change = this.#change(more)
    const swept = this.#drop(change, place.node)
    await this.#write(this.#bind(change, place, undefined))
    if (swept !== undefined) await this.sweep(swept)
  }

  /** Moves a node with all below it, in one batch. Inside {@link exclusive}. */
  async move(from: Place, to: Place, more: readonly IndexChange[] = []): Promise<void> {
    const change = this.#change(more)
    const swept = this.#drop(change, to.node)
    await this.#write(this.#bind(this.#bind(change, from, undefined), to, from.node))
    if (swept !== undefined) await this.sweep(swept)
  }

  /**
   * Copies a node, a collection with all below it when `deep`. The copy is made beside the tree and then named, so it is there whole or not at all.
   * Inside {@link exclusive}.
   * @throws DavFailure 507 above the limit of a copy, or of `quotaBytes`
   */
  async copy(
    from: Node,
    to: Place,
    deep: boolean,
    quotaBytes = Number.POSITIVE_INFINITY,
    more: readonly IndexChange[] = [],
  ): Promise<void> {
    const now = this.#nowMs()
    const times = { createdMs: now, modifiedMs: now }
    if (from.kind === 'file') {
      const old = to.node?.kind === 'file' ? to.node.size : 0
      if (this.#used + from.size - old > quotaBytes) throw quotaExceeded()
      return this.put(to, { ...from, ...times }, more)
    }
    const made: CollectionNode = { ...from, ...times, id: this.#random() }
    if (!deep) return this.put(to, made, more)
    await this.index.write([[markKey(made.id), new Uint8Array(0)]])
    try {
      await this.#copyMembers(from, made, times, quotaBytes)
    } catch (error) {
      await this.sweep(made.id)
      throw error
    }
    return this.put(to, made, [...more, [markKey(made.id), undefined]])
  }

  async #copyMembers(from: CollectionNode, made: CollectionNode, times: object, quotaBytes: number): Promise<void> {
    let copied = 1
    let change = this.#change()
    let bytes = this.#used
    const open = [{ from, to: made.id }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for await (const { name, node } of this.members(next.from)) {
        if (++copied > WEBDAV_LIMITS.copied)
          throw new DavFailure(507, `A copy has at most ${WEBDAV_LIMITS.copied} resources`)
        if (node.kind === 'file') {
          bytes += node.size
          if (bytes > quotaBytes) throw quotaExceeded()
        }
        const copy = node.kind === 'file' ? { ...node, ...times } : { ...node, ...times, id: this.#random() }
        if (copy.kind === 'file') change.taken.push(copy)
        else open.push({ from: node as CollectionNode, to: copy.id })
        change.records.push([nodeKey(next.to, name), dagCbor.encode(copy)])
        if (change.records.length < BATCH) continue
        await this.#write(change)
        change = this.#change()
      }
    }
    await this.#write(change)
  }

  /** Removes what is below a collection that has no name any more. */
  async sweep(id: string): Promise<void> {
    const open = [id]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const base = nodeKey(next, '')
      for (let whole = false; !whole; ) {
        const change = this.#change()
        whole = true
        for await (const [key, value] of this.index.list(base, base + END)) {
          if (change.records.length >= BATCH) {
            whole = false
            break
          }
          const inner = this.#drop(change, dagCbor.decode<Node>(value))
          if (inner !== undefined) open.push(inner)
          change.records.push([key, undefined])
        }
        if (whole) change.records.push([markKey(next), undefined])
        await this.#write(change)
      }
    }
  }

  #change(more: readonly IndexChange[] = []): Change {
    return { records: [...more], taken: [], dropped: [] }
  }

  /** Lets a node go; gives the id to sweep afterwards when it is a collection. */
  #drop(change: Change, node: Node | undefined): string | undefined {
    if (node?.kind === 'file') change.dropped.push(node)
    if (node?.kind !== 'collection') return undefined
    change.records.push([markKey(node.id), new Uint8Array(0)])
    return node.id
  }

  /** The record of a place, and the time of the collection that it stands in. */
  #bind(change: Change, { key, parent, parentKey }: Place, node: Node | undefined): Change {
    change.records.push([key, node && dagCbor.encode(node)])
    const touched = parent && { ...parent, modifiedMs: this.#nowMs() }
    if (touched !== undefined) change.records.push([parentKey, dagCbor.encode(touched)])
    return change
  }

  async #write({ records, taken, dropped }: Change): Promise<void> {
    const sum = (files: readonly FileNode[]) => files.reduce((bytes, { size }) => bytes + size, 0)
    const refs = (files: readonly FileNode[]) => files.flatMap(({ ref }) => (ref === undefined ? [] : [ref]))
    const used = this.#used + sum(taken) - sum(dropped)
    const batch: IndexChange[] = used === this.#used ? records : [...records, [USED_KEY, dagCbor.encode(used)]]
    if (batch.length === 0) return
    const release = await this.#counted.write(batch, refs(taken), refs(dropped))
    this.#used = used
    await release()
  }
}

/** What a request ends with that would use more than there is. */
export function quotaExceeded(): DavFailure {
  return new DavFailure(507, 'The quota does not have room for it', 'quota-not-exceeded')
}
