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

/** `version` 0: made since the last commit. `hash` is there once the node is committed. */
export class IavlNode {
  key: Uint8Array
  /** Leaves only. */
  value: Uint8Array | undefined
  height = 0
  size = 1
  version = 0
  nonce = 0
  hash: Uint8Array | undefined
  left: IavlNode | undefined
  right: IavlNode | undefined
  leftRef: NodeRef | undefined
  rightRef: NodeRef | undefined

  constructor(key: Uint8Array, value: Uint8Array | undefined) {
    this.key = key
    this.value = value
  }
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

/** Computes `node.hash` from its fields and its children's hashes. `version` is the node's own. */
export function hashNode(node: IavlNode, version: number): Uint8Array {
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
    scratch[at++] = 32
    if (node.value.length <= SHORT_VALUE) {
      valueScratch.set(node.value)
      sha256InPlace(valueScratch, node.value.length, scratch, at)
    } else scratch.set(sha256(node.value), at)
    at += 32
  } else {
    const left = node.left?.hash ?? node.leftRef?.hash
    const right = node.right?.hash ?? node.rightRef?.hash
    if (!left || !right) throw new HubError('HUB_STORE_DAMAGED', 'inner node without its children’s hashes')
    scratch[at++] = 32
    for (let i = 0; i < 32; i++) scratch[at++] = left[i]!
    scratch[at++] = 32
    for (let i = 0; i < 32; i++) scratch[at++] = right[i]!
  }
  const hash = new Uint8Array(32)
  sha256InPlace(scratch, at, hash, 0)
  return hash
}
