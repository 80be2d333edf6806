/**
 * Proof that a node still holds a shard: a Merkle tree over 1 KiB leaves; the challenge picks leaves, the answer is the leaves and their paths. The tree is
 * that of BLAKE3, whose root is the digest in the shard's CID, or, for shards named by SHA-256 (layouts of versions 1 and 2), one of its own with the hashing of RFC 6962.
 */
import type { CID } from 'multiformats/cid'
import { concat, sameBytes } from '../content/bytes.ts'
import { hash } from '../content/cid.ts'
import { BLAKE3_CHUNK } from '../crypto/blake3.ts'
import type { CryptoPort, MaybePromise } from '../crypto/port.ts'

/** Bytes of a leaf: an answer is 1 KiB and some hashes. */
export const LEAF_BYTES = BLAKE3_CHUNK
const HASH_BYTES = 32
/** Leaves that one challenge may ask for. */
export const MAX_CHALLENGED = 64

/** Which tree stands over a shard. */
export type AuditTree = 'blake3' | 'rfc6962'

/** What the auditor sends. */
export interface Challenge {
  /** unpredictable, so that the answer cannot be kept instead of the shard */
  readonly nonce: Uint8Array
  /** leaves asked for */
  readonly leaves: number
}

/** One leaf and the siblings on the way up. */
export interface LeafProof {
  readonly leaf: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** The tree over the shard that `cid` names. */
export function auditTreeOf(cid: CID): AuditTree {
  return cid.multihash.code === hash.blake3 ? 'blake3' : 'rfc6962'
}

/** Root of the tree over `bytes`. Cost under `rfc6962`: one call of SHA-256 a KiB and one a pair; under `blake3`: that of the hash. */
export async function merkleRoot(
  crypto: CryptoPort,
  bytes: Uint8Array,
  tree: AuditTree = 'rfc6962',
): Promise<Uint8Array> {
  return tree === 'blake3' ? crypto.blake3.hash(bytes) : (await levelsOf(crypto, bytes)).at(-1)![0]!
}

/** The leaves that `challenge` picks of a shard of `length` bytes: the same for auditor and node. */
export async function challengedLeaves(crypto: CryptoPort, challenge: Challenge, length: number): Promise<number[]> {
  const count = Math.max(1, Math.ceil(length / LEAF_BYTES))
  const picked: number[] = []
  for (let i = 0; i < Math.min(challenge.leaves, MAX_CHALLENGED); i++) {
    const digest = await crypto.sha256(concat([challenge.nonce, Uint8Array.of(i)]))
    picked.push(new DataView(digest.buffer, digest.byteOffset).getUint32(0) % count)
  }
  return picked
}

/** The node's answer. Cost: hashing the shard. */
export async function answerChallenge(
  crypto: CryptoPort,
  bytes: Uint8Array,
  challenge: Challenge,
  tree: AuditTree = 'rfc6962',
): Promise<LeafProof[]> {
  const levels = tree === 'blake3' ? crypto.blake3.levels(bytes).map(split) : await levelsOf(crypto, bytes)
  const picked = await challengedLeaves(crypto, challenge, bytes.length)
  return picked.map((index) => {
    const path: Uint8Array[] = []
    let at = index
    for (const level of levels.slice(0, -1)) {
      const sibling = level[at ^ 1]
      if (sibling !== undefined) path.push(sibling)
      at >>= 1
    }
    return { leaf: bytes.slice(index * LEAF_BYTES, (index + 1) * LEAF_BYTES), path }
  })
}

/** True when `proofs` answer `challenge` for the shard of `length` bytes with this root. */
export async function checkAnswer(
  crypto: CryptoPort,
  root: Uint8Array,
  length: number,
  challenge: Challenge,
  proofs: readonly LeafProof[],
  tree: AuditTree = 'rfc6962',
): Promise<boolean> {
  const { leafHash, nodeHash } = tree === 'blake3' ? blake3Tree(crypto) : rfc6962Tree(crypto)
  const picked = await challengedLeaves(crypto, challenge, length)
  if (proofs.length !== picked.length) return false
  const count = Math.max(1, Math.ceil(length / LEAF_BYTES))
  for (const [i, { leaf, path }] of proofs.entries()) {
    let at = picked[i]!
    if (leaf.length !== Math.min(LEAF_BYTES, length - at * LEAF_BYTES)) return false
    let hash = await leafHash(leaf, at, count === 1)
    const rest = [...path]
    for (let width = count; width > 1; width = Math.ceil(width / 2)) {
      if ((at ^ 1) < width) {
        const sibling = rest.shift()
        if (sibling?.length !== HASH_BYTES) return false
        hash = await (at & 1 ? nodeHash(sibling, hash, width === 2) : nodeHash(hash, sibling, width === 2))
      }
      at >>= 1
    }
    if (rest.length > 0 || !sameBytes(hash, root)) return false
  }
  return true
}

/** How values of a tree are made: of a leaf by its number, of a pair; `top` at the root. */
interface TreeHash {
  leafHash(leaf: Uint8Array, index: number, top: boolean): MaybePromise<Uint8Array>
  nodeHash(left: Uint8Array, right: Uint8Array, top: boolean): MaybePromise<Uint8Array>
}

function blake3Tree({ blake3 }: CryptoPort): TreeHash {
  return { leafHash: blake3.chunkValue, nodeHash: blake3.pairValue }
}

/** 0x00 before leaves, 0x01 before inner nodes. */
function rfc6962Tree(crypto: CryptoPort): TreeHash {
  return {
    leafHash: (leaf) => crypto.sha256(concat([Uint8Array.of(0), leaf])),
    nodeHash: (left, right) => crypto.sha256(concat([Uint8Array.of(1), left, right])),
  }
}

function split(level: Uint8Array): Uint8Array[] {
  return Array.from({ length: level.length / HASH_BYTES }, (_, i) =>
    level.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  )
}

async function levelsOf(crypto: CryptoPort, bytes: Uint8Array): Promise<Uint8Array[][]> {
  // Thousands of hashes a segment: what is hashed is put together in one place, and only hashes that are promises are waited for.
  const leaf = new Uint8Array(1 + LEAF_BYTES)
  const pair = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1)
  let level: Uint8Array[] = []
  for (let at = 0; at === 0 || at < bytes.length; at += LEAF_BYTES) {
    const part = bytes.subarray(at, at + LEAF_BYTES)
    leaf.set(part, 1)
    const hash = crypto.sha256(part.length === LEAF_BYTES ? leaf : leaf.subarray(0, 1 + part.length))
    level.push(hash instanceof Promise ? await hash : hash)
  }
  const levels = [level]
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < level.length; i += 2) {
      pair.set(level[i]!, 1)
      pair.set(level[i + 1]!, 1 + HASH_BYTES)
      const hash = crypto.sha256(pair)
      above.push(hash instanceof Promise ? await hash : hash)
    }
    if (level.length % 2 === 1) above.push(level.at(-1)!)
    levels.push(above)
    level = above
  }
  return levels
}
