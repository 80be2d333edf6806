/**
 * Nodes of an IAVL tree (cosmos/iavl v1): a leaf holds a pair, an inner node the smallest key of its right subtree. Nodes of a
 * committed version never change; a working tree copies what it touches.
 */
import { HubError } from '../errors.ts'
import { SHA256_PADDING, sha256, sha256InPlace } from '../hash/sha256.ts'

/** A stored node that is not in memory: where it is, and the hash it must have. */
export interface NodeRef {
  readonly version: number
  readonly nonce: number
  readonly hash: Uint8Array
}

/**
 * Hashes lie together in pages: an array for each would be most of what the collector moves, a third of the time of a batch of inserts. A page stays as long as
 * any of its nodes, so it is small.
 */
const PAGE_HASHES = 32
let page = new Uint8Array(0)
let pageUsed = 0

/** `version` 0: made since the last commit. The hash is there once the node is committed. */
export class IavlNode {
  key: Uint8Array
  /** Leaves only. */
  value: Uint8Array | undefined
  height = 0
  size = 1
  version = 0
  nonce = 0
  /** The page that has this node's hash, at {@link hashAt}. */
  hashPage: Uint8Array | undefined
  hashAt = 0
  left: IavlNode | undefined
  right: IavlNode | undefined
  leftRef: NodeRef | undefined
  rightRef: NodeRef | undefined

  constructor(key: Uint8Array, value: Uint8Array | undefined) {
    this.key = key
    this.value = value
  }

  /** A view of the hash, which never changes. */
  get hash(): Uint8Array | undefined {
    return this.hashPage?.subarray(this.hashAt, this.hashAt + HASH_BYTES)
  }
}

export const HASH_BYTES = 32

/** Writes the hash of a child, in memory or named by `ref`, at `out[at]`. Throws `HUB_STORE_DAMAGED` where there is none. */
export function putHash(out: Uint8Array, at: number, child: IavlNode | undefined, ref: NodeRef | undefined): void {
  const from = child ? child.hashPage : ref?.hash
  if (!from) throw new HubError('HUB_STORE_DAMAGED', 'inner node without its children’s hashes')
  const start = child ? child.hashAt : 0
  // A loop is faster than `set` for so few bytes.
  for (let i = 0; i < HASH_BYTES; i++) out[at + i] = from[start + i]!
}

/** Longest key. A key is part of every proof of it; ICS-24 paths stay below 200 bytes. */
export const MAX_KEY_BYTES = 4096

/** A zigzag varint as Go's `encoding/binary` writes signed numbers, at `out[at]`; returns the next position. */
export function putVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value * 2
  while (rest >= 0x80) {
    out[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}

// Preimages are put together here; 30 bytes of header, key, value hash. Synchronous use only.
const scratch = new Uint8Array(64 + MAX_KEY_BYTES + 40 + SHA256_PADDING)
const SHORT_VALUE = 128
const valueScratch = new Uint8Array(SHORT_VALUE + SHA256_PADDING)

/** Computes the node's hash from its fields and its children's hashes. `version` is the node's own. */
export function hashNode(node: IavlNode, version: number): void {
  let at = putVarint(scratch, 0, node.height)
  at = putVarint(scratch, at, node.size)
  at = putVarint(scratch, at, version)
  if (node.value !== undefined) {
    let length = node.key.length
    while (length >= 0x80) {
      scratch[at++] = (length & 0x7f) | 0x80
      length >>>= 7
    }
    scratch[at++] = length
    scratch.set(node.key, at)
    at += node.key.length
    scratch[at++] = HASH_BYTES
    if (node.value.length <= SHORT_VALUE) {
      valueScratch.set(node.value)
      sha256InPlace(valueScratch, node.value.length, scratch, at)
    } else scratch.set(sha256(node.value), at)
    at += HASH_BYTES
  } else {
    scratch[at++] = HASH_BYTES
    putHash(scratch, at, node.left, node.leftRef)
    at += HASH_BYTES
    scratch[at++] = HASH_BYTES
    putHash(scratch, at, node.right, node.rightRef)
    at += HASH_BYTES
  }
  if (pageUsed === page.length) {
    page = new Uint8Array(PAGE_HASHES * HASH_BYTES)
    pageUsed = 0
  }
  node.hashPage = page
  node.hashAt = pageUsed
  pageUsed += HASH_BYTES
  sha256InPlace(scratch, at, page, node.hashAt)
}
