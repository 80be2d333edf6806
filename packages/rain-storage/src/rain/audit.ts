/**
 * Proof that a node still holds a shard: Merkle tree over 1 KiB leaves (hashing of RFC 6962: 0x00 before leaves, 0x01 before inner nodes); the
 * challenge picks leaves, the answer is the leaves and their paths.
 */
import { concat, sameBytes } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'

/** Bytes of a leaf: an answer is 1 KiB and some hashes. */
export const LEAF_BYTES = 1024
const HASH_BYTES = 32
/** Leaves that one challenge may ask for. */
export const MAX_CHALLENGED = 64

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

/** Root of the tree over `bytes`. Cost: one hash a KiB and one a pair. */
export async function merkleRoot(crypto: CryptoPort, bytes: Uint8Array): Promise<Uint8Array> {
  return (await levelsOf(crypto, bytes)).at(-1)![0]!
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
): Promise<LeafProof[]> {
  const levels = await levelsOf(crypto, bytes)
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

/** True when `proofs` answer `challenge` for the shard of `length` bytes with this Merkle root. */
export async function checkAnswer(
  crypto: CryptoPort,
  root: Uint8Array,
  length: number,
  challenge: Challenge,
  proofs: readonly LeafProof[],
): Promise<boolean> {
  const picked = await challengedLeaves(crypto, challenge, length)
  if (proofs.length !== picked.length) return false
  for (const [i, { leaf, path }] of proofs.entries()) {
    let at = picked[i]!
    if (leaf.length !== Math.min(LEAF_BYTES, length - at * LEAF_BYTES)) return false
    let hash = await leafHash(crypto, leaf)
    const rest = [...path]
    for (let width = Math.max(1, Math.ceil(length / LEAF_BYTES)); width > 1; width = Math.ceil(width / 2)) {
      if ((at ^ 1) < width) {
        const sibling = rest.shift()
        if (sibling?.length !== HASH_BYTES) return false
        hash = at & 1 ? await nodeHash(crypto, sibling, hash) : await nodeHash(crypto, hash, sibling)
      }
      at >>= 1
    }
    if (rest.length > 0 || !sameBytes(hash, root)) return false
  }
  return true
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

async function leafHash(crypto: CryptoPort, leaf: Uint8Array): Promise<Uint8Array> {
  return crypto.sha256(concat([Uint8Array.of(0), leaf]))
}

async function nodeHash(crypto: CryptoPort, left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return crypto.sha256(concat([Uint8Array.of(1), left, right]))
}
