/**
 * Verifies Merkle–Patricia proofs (Yellow Paper, appendix D; EIP-1186) without trust in who made them: every node has to hash to what its
 * parent names, and an absent key has to be shown to be absent.
 */
import { RLP } from '@ethereumjs/rlp'
import { keccak256 } from '@zos/pipeline/hash'
import { SourceFault } from './errors.ts'

type Item = Uint8Array | Item[]

const HASH_BYTES = 32
/** A path of 64 nibbles has at most 65 nodes. */
const MAX_PROOF_NODES = 65
/** A branch of sixteen hashes has 532 bytes; a leaf holds an account or a receipt's worth at most. */
const MAX_NODE_BYTES = 4_096

/** The root of a trie without entries. */
export const EMPTY_ROOT_BYTES = keccak256(Uint8Array.of(0x80))

/**
 * The value at `key` under `root`, or undefined if the proof shows that there is none. Throws {@link SourceFault} when it shows neither,
 * or holds nodes that the path does not need.
 */
export function verifyTrieProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (proof.length > MAX_PROOF_NODES) throw new SourceFault('a proof of too many nodes')
  if (proof.length === 0) {
    if (equal(root, EMPTY_ROOT_BYTES)) return undefined
    throw new SourceFault('a proof without nodes')
  }
  const nibbles = toNibbles(key)
  let at = 0
  let used = 0
  let reference: Item = root
  for (;;) {
    const node: Item[] = resolve(reference)
    if (node.length === 17) {
      if (at === nibbles.length) return end(value(node[16]!))
      reference = node[nibbles[at]!]!
      at++
      if (reference.length === 0) return end(undefined)
      continue
    }
    const { path, leaf } = readPath(value(node[0]!))
    const rest = nibbles.subarray(at, at + path.length)
    const follows = rest.length === path.length && path.every((nibble, i) => nibble === rest[i])
    if (leaf) return end(follows && at + path.length === nibbles.length ? value(node[1]!) : undefined)
    if (!follows) return end(undefined)
    at += path.length
    reference = node[1]!
  }

  /** The node that a parent names by hash, or holds itself when it is shorter than a hash. */
  function resolve(named: Item): Item[] {
    if (Array.isArray(named)) return nodeOf(named)
    if (named.length !== HASH_BYTES) throw new SourceFault('a reference that is no hash')
    const rlp = proof[used++]
    if (!rlp || rlp.length > MAX_NODE_BYTES) throw new SourceFault('a proof that ends too soon')
    if (!equal(keccak256(rlp), named)) throw new SourceFault('a node that does not hash to what its parent names')
    return nodeOf(decode(rlp))
  }

  function end(found: Uint8Array | undefined): Uint8Array | undefined {
    if (used !== proof.length) throw new SourceFault('a proof with nodes beside the path')
    return found
  }
}

function decode(rlp: Uint8Array): Item {
  try {
    return RLP.decode(rlp) as Item
  } catch {
    throw new SourceFault('a node that is not RLP')
  }
}

function nodeOf(item: Item): Item[] {
  if (!Array.isArray(item) || (item.length !== 2 && item.length !== 17)) throw new SourceFault('no node of a trie')
  return item
}

function value(item: Item): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new SourceFault('a node where a value should be')
  return item
}

function readPath(compact: Uint8Array): { path: Uint8Array; leaf: boolean } {
  const flag = (compact[0] ?? 0xff) >> 4
  if (flag > 3 || (flag % 2 === 0 && (compact[0]! & 15) !== 0))
    throw new SourceFault('a path that is not encoded right')
  const path = toNibbles(compact).subarray(flag % 2 === 1 ? 1 : 2)
  if (flag < 2 && path.length === 0) throw new SourceFault('an extension of no length')
  return { path, leaf: flag >= 2 }
}

function toNibbles(bytes: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    nibbles[2 * i] = bytes[i]! >> 4
    nibbles[2 * i + 1] = bytes[i]! & 15
  }
  return nibbles
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
