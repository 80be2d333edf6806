/**
 * A Merkle–Patricia trie (Ethereum Yellow Paper, appendix D) that is updated once a block with all changes at once, so that
 * every dirty node is encoded and hashed exactly once. Nodes are stored under their path, not their hash: a block overwrites
 * what it replaces, nothing has to be counted or collected.
 *
 * Keys are strings of hex digits, one a nibble, none a prefix of another.
 */
import { RLP } from '@ethereumjs/rlp'
import { keccak256 } from '@zos/pipeline/hash'

/** Reads the RLP of the node at `path`. */
export type ReadTrieNode = (path: string) => Uint8Array | undefined

/** A value to set, or undefined to delete. */
export type TrieUpdate = readonly [key: string, value: Uint8Array | undefined]

export interface TrieCommit {
  root: Uint8Array
  /** Nodes to write (RLP) or delete (undefined), by path. */
  nodes: Map<string, Uint8Array | undefined>
}

/** How a parent names a child: its Keccak-256, or its RLP itself when that is shorter than 32 bytes. */
type NodeReference = Uint8Array

type TrieNode =
  | { kind: 'leaf'; path: string; value: Uint8Array }
  | { kind: 'extension'; path: string; child: NodeReference }
  | { kind: 'branch'; children: (NodeReference | undefined)[] }

const HASH_BYTES = 32
const NIBBLES = '0123456789abcdef'
const EMPTY_STRING = Uint8Array.of(0x80)

/** Root of the trie that holds nothing: Keccak-256 of the RLP of the empty string. */
export const EMPTY_TRIE_ROOT = keccak256(EMPTY_STRING)

/** Applies `updates` (any order, each key once) to the trie under `read`. Cost: O(dirty nodes). */
export function commitTrie(read: ReadTrieNode, updates: readonly TrieUpdate[]): TrieCommit {
  const session = new TrieSession(read)
  const sorted = [...updates].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const root = session.apply(session.load(''), '', sorted)
  if (root) session.save('', root)
  else session.drop('')
  const rlp = session.nodes.get('')
  return { root: rlp ? keccak256(rlp) : EMPTY_TRIE_ROOT, nodes: session.nodes }
}

/** The root of a trie that holds exactly `entries`: for transactions and receipts. */
export function trieRoot(entries: readonly TrieUpdate[]): Uint8Array {
  return commitTrie(() => undefined, entries).root
}

/** The nodes from the root to `key` or to where it is missing (EIP-1186), RLP each. */
export function proveTrieKey(read: ReadTrieNode, key: string): Uint8Array[] {
  const proof: Uint8Array[] = []
  let position = ''
  for (;;) {
    const rlp = read(position)
    if (!rlp) return proof
    if (position === '' || rlp.length >= HASH_BYTES) proof.push(rlp)
    const node = decodeNode(rlp)
    if (node.kind === 'leaf') return proof
    if (node.kind === 'extension') {
      if (!key.startsWith(node.path, position.length)) return proof
      position += node.path
    } else {
      position += key[position.length]
    }
  }
}

/** A node as a walk of the trie meets it. */
export interface WalkedNode {
  readonly position: string
  /** True if the node is there and is the one that its parent names. What is below a false one is not walked. */
  readonly whole: boolean
  /** Of a leaf: its key and value. */
  readonly leaf: { readonly key: string; readonly value: Uint8Array } | undefined
}

/** All nodes below `root` (a Keccak-256), parents first. Cost: one read and one hash a node. */
export function* walkTrie(read: ReadTrieNode, root: Uint8Array): Generator<WalkedNode> {
  const open: { position: string; reference: NodeReference }[] = []
  if (!isSame(root, EMPTY_TRIE_ROOT)) open.push({ position: '', reference: root })
  for (let next = open.pop(); next; next = open.pop()) {
    const { position, reference } = next
    const rlp = read(position)
    const whole = rlp !== undefined && isSame(reference.length === HASH_BYTES ? keccak256(rlp) : rlp, reference)
    const node = whole ? decodeNode(rlp) : undefined
    const leaf = node?.kind === 'leaf' ? { key: position + node.path, value: node.value } : undefined
    yield { position, whole, leaf }
    if (node?.kind === 'extension') open.push({ position: position + node.path, reference: node.child })
    if (node?.kind !== 'branch') continue
    for (let index = 15; index >= 0; index--) {
      const child = node.children[index]
      if (child) open.push({ position: position + NIBBLES[index], reference: child })
    }
  }
}

/** The value of `key`; undefined: it has none. */
export function trieValue(read: ReadTrieNode, key: string): Uint8Array | undefined {
  for (let position = ''; ; ) {
    const rlp = read(position)
    if (!rlp) return undefined
    const node = decodeNode(rlp)
    if (node.kind === 'leaf') return position + node.path === key ? node.value : undefined
    if (node.kind === 'branch') position += key[position.length]
    else if (key.startsWith(node.path, position.length)) position += node.path
    else return undefined
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

class TrieSession {
  readonly nodes = new Map<string, Uint8Array | undefined>()
  readonly #read: ReadTrieNode

  constructor(read: ReadTrieNode) {
    this.#read = read
  }

  load(position: string): TrieNode | undefined {
    const rlp = this.nodes.has(position) ? this.nodes.get(position) : this.#read(position)
    return rlp && decodeNode(rlp)
  }

  save(position: string, node: TrieNode): NodeReference {
    const rlp = encodeNode(node)
    this.nodes.set(position, rlp)
    return rlp.length < HASH_BYTES ? rlp : keccak256(rlp)
  }

  drop(position: string): void {
    this.nodes.set(position, undefined)
  }

  /** The node at `position` after `updates` (sorted, all below it); undefined when nothing is left. */
  apply(node: TrieNode | undefined, position: string, updates: readonly TrieUpdate[]): TrieNode | undefined {
    if (updates.length === 0) return node
    if (!node) return this.#build(position, updates.filter(isWrite))
    if (node.kind === 'leaf') return this.#applyToLeaf(node, position, updates)
    if (node.kind === 'extension') return this.#applyToExtension(node, position, updates)
    return this.#applyToBranch(node, position, updates)
  }

  #applyToLeaf(
    leaf: TrieNode & { kind: 'leaf' },
    position: string,
    updates: readonly TrieUpdate[],
  ): TrieNode | undefined {
    const key = position + leaf.path
    const writes = updates.filter(isWrite)
    if (updates.every(([updated]) => updated !== key)) {
      const at = writes.findIndex(([written]) => written > key)
      writes.splice(at === -1 ? writes.length : at, 0, [key, leaf.value])
    }
    return this.#build(position, writes)
  }

  #applyToExtension(
    extension: TrieNode & { kind: 'extension' },
    position: string,
    updates: readonly TrieUpdate[],
  ): TrieNode | undefined {
    const { path } = extension
    const shared = Math.min(
      sharedNibbles(updates[0]![0], position.length, path),
      sharedNibbles(updates.at(-1)![0], position.length, path),
    )
    if (shared === path.length) {
      const below = position + path
      return this.#lengthen(path, below, this.apply(this.load(below), below, updates))
    }
    // The updates leave the extension at `shared`: a branch stands there, one arm of it leads on to the old child.
    const children: (NodeReference | undefined)[] = new Array(16).fill(undefined)
    const fork = position + path.slice(0, shared)
    const arm = path[shared]!
    const rest = path.slice(shared + 1)
    children[nibble(arm)] =
      rest === '' ? extension.child : this.save(fork + arm, { kind: 'extension', path: rest, child: extension.child })
    const branch = this.#applyToBranch({ kind: 'branch', children }, fork, updates)
    return shared === 0 ? branch : this.#lengthen(path.slice(0, shared), fork, branch)
  }

  #applyToBranch(
    branch: TrieNode & { kind: 'branch' },
    position: string,
    updates: readonly TrieUpdate[],
  ): TrieNode | undefined {
    const children = [...branch.children]
    for (let from = 0; from < updates.length; ) {
      const arm = updates[from]![0][position.length]!
      let to = from + 1
      while (to < updates.length && updates[to]![0][position.length] === arm) to++
      const below = position + arm
      const index = nibble(arm)
      const before = children[index] && this.load(below)
      const after = this.apply(before, below, updates.slice(from, to))
      if (after) children[index] = this.save(below, after)
      else if (before) {
        children[index] = undefined
        this.drop(below)
      }
      from = to
    }
    return this.#collapse(children, position)
  }

  /** A branch with one arm left is no branch: it joins the arm's node. */
  #collapse(children: (NodeReference | undefined)[], position: string): TrieNode | undefined {
    const arms = children.flatMap((child, index) => (child ? [index] : []))
    if (arms.length === 0) return undefined
    if (arms.length > 1) return { kind: 'branch', children }
    const arm = NIBBLES[arms[0]!]!
    return this.#lengthen(arm, position + arm, this.load(position + arm))
  }

  /** The node that stands `path` above `node`, which stood (or will stand) at `below`. */
  #lengthen(path: string, below: string, node: TrieNode | undefined): TrieNode | undefined {
    if (node?.kind === 'branch') return { kind: 'extension', path, child: this.save(below, node) }
    this.drop(below)
    return node && { ...node, path: path + node.path }
  }

  #build(position: string, writes: readonly (readonly [string, Uint8Array])[]): TrieNode | undefined {
    if (writes.length === 0) return undefined
    const [first, value] = writes[0]!
    if (writes.length === 1) return { kind: 'leaf', path: first.slice(position.length), value }
    const shared = sharedNibbles(first, position.length, writes.at(-1)![0].slice(position.length))
    const path = first.slice(position.length, position.length + shared)
    const branch = this.#applyToBranch(
      { kind: 'branch', children: new Array(16).fill(undefined) },
      position + path,
      writes,
    )
    return path === '' ? branch : this.#lengthen(path, position + path, branch)
  }
}

function isWrite(update: TrieUpdate): update is readonly [string, Uint8Array] {
  return update[1] !== undefined
}

function nibble(digit: string): number {
  return Number.parseInt(digit, 16)
}

/** How many nibbles of `path` follow in `key` from `offset` on. */
function sharedNibbles(key: string, offset: number, path: string): number {
  let count = 0
  while (count < path.length && key[offset + count] === path[count]) count++
  return count
}

/** Hex-prefix encoding (Yellow Paper, appendix C): parity and kind in front of the nibbles. */
function compactPath(path: string, leaf: boolean): Uint8Array {
  const odd = path.length % 2
  const digits = `${((leaf ? 2 : 0) + odd).toString(16)}${odd ? '' : '0'}${path}`
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

function expandPath(compact: Uint8Array): { path: string; leaf: boolean } {
  let digits = ''
  for (const byte of compact) digits += byte.toString(16).padStart(2, '0')
  const flag = nibble(digits[0]!)
  return { path: digits.slice(flag & 1 ? 1 : 2), leaf: flag >= 2 }
}

function encodeNode(node: TrieNode): Uint8Array {
  if (node.kind === 'leaf') return encodeList([RLP.encode(compactPath(node.path, true)), RLP.encode(node.value)])
  if (node.kind === 'extension')
    return encodeList([RLP.encode(compactPath(node.path, false)), encodeReference(node.child)])
  return encodeList([...node.children.map((child) => (child ? encodeReference(child) : EMPTY_STRING)), EMPTY_STRING])
}

function encodeReference(reference: NodeReference): Uint8Array {
  if (reference.length !== HASH_BYTES) return reference
  const encoded = new Uint8Array(1 + HASH_BYTES)
  encoded[0] = 0x80 + HASH_BYTES
  encoded.set(reference, 1)
  return encoded
}

function encodeList(items: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const item of items) length += item.length
  const prefix = length < 56 ? [0xc0 + length] : length < 256 ? [0xf8, length] : [0xf9, length >> 8, length & 0xff]
  const list = new Uint8Array(prefix.length + length)
  list.set(prefix)
  let offset = prefix.length
  for (const item of items) {
    list.set(item, offset)
    offset += item.length
  }
  return list
}

/** Splits the list `rlp` into items: strings by their content, lists (embedded nodes) by their whole encoding. */
function splitList(rlp: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = []
  let offset = rlp[0]! < 0xf8 ? 1 : 1 + rlp[0]! - 0xf7
  while (offset < rlp.length) {
    const tag = rlp[offset]!
    const isList = tag >= 0xc0
    const base = isList ? 0xc0 : 0x80
    let header = 1
    let length = tag - base
    if (tag < 0x80) {
      header = 0
      length = 1
    } else if (length > 55) {
      header += length - 55
      length = 0
      for (let i = 1; i < header; i++) length = length * 256 + rlp[offset + i]!
    }
    const end = offset + header + length
    items.push(rlp.subarray(isList ? offset : offset + header, end))
    offset = end
  }
  return items
}

function decodeNode(rlp: Uint8Array): TrieNode {
  const items = splitList(rlp)
  if (items.length === 17)
    return { kind: 'branch', children: items.slice(0, 16).map((item) => (item.length === 0 ? undefined : item)) }
  const { path, leaf } = expandPath(items[0]!)
  return leaf ? { kind: 'leaf', path, value: items[1]! } : { kind: 'extension', path, child: items[1]! }
}
