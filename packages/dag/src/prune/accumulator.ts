/**
 * The skip links of the main chain (U7): a Merkle mountain range over its unit ids. Its root, carried by a checkpoint, lets
 * anyone who has an old main-chain header prove with log2(n) hashes that it is the one of its index, after all between was pruned.
 */
import { DagError } from '../errors.ts'
import { blake2b256, type Hash } from '../unit/header.ts'
import { bytesToHex, type Hex, hexToBytes, type UnitId } from '../unit/id.ts'

const LEAF = 2
const NODE = 3
const ROOT = 4

/** Proof that a unit has an index, for one root. */
export interface MainChainProof {
  readonly mci: number
  /** Sibling hashes from the leaf up to its peak. */
  readonly path: readonly Hex[]
  /** All peaks, highest mountain first. */
  readonly peaks: readonly Hex[]
  /** Number of main-chain units under the root. */
  readonly size: number
}

function hashOf(tag: number, parts: readonly Uint8Array[], hash: Hash): Uint8Array {
  const input = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0))
  input[0] = tag
  let at = 1
  for (const part of parts) {
    input.set(part, at)
    at += part.length
  }
  return hash(input)
}

function sizeBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size))
  return bytes
}

/** Heights of the mountains of so many leaves, highest first: the bits of the number. */
function mountains(size: number): number[] {
  const heights: number[] = []
  for (let height = 52; height >= 0; height--) if (Math.floor(size / 2 ** height) % 2 === 1) heights.push(height)
  return heights
}

function rootOf(peaks: readonly Uint8Array[], size: number, hash: Hash): Hex {
  return bytesToHex(hashOf(ROOT, [sizeBytes(size), ...peaks], hash))
}

const HASH_BYTES = 32

/** The hashes of one height from a position on: 32 bytes each, where a Map of them takes 250. */
class Level {
  #first: number
  #count = 0
  #bytes = new Uint8Array(HASH_BYTES)

  constructor(first: number) {
    this.#first = first
  }

  get(position: number): Uint8Array | undefined {
    const at = position - this.#first
    return at >= 0 && at < this.#count ? this.#bytes.subarray(HASH_BYTES * at, HASH_BYTES * (at + 1)) : undefined
  }

  push(hash: Uint8Array): void {
    if (HASH_BYTES * this.#count === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(hash, HASH_BYTES * this.#count++)
  }

  /** Forgets the hashes before a position. */
  dropBelow(position: number): void {
    const dropped = Math.min(this.#count, position - this.#first)
    if (dropped <= 0) return
    this.#count -= dropped
    this.#first += dropped
    const kept = this.#bytes.subarray(HASH_BYTES * dropped, HASH_BYTES * (dropped + this.#count))
    this.#bytes = new Uint8Array(Math.max(HASH_BYTES, kept.length))
    this.#bytes.set(kept)
  }

  get byteLength(): number {
    return this.#bytes.length
  }
}

/** The pair that a position belongs to begins there. */
function pairStart(position: number): number {
  return position - (position % 2)
}

/** Grows with the main chain; holds the peaks, and the nodes of what was appended to this instance, for proofs. */
export class MainChainAccumulator {
  readonly #hash: Hash
  #size = 0
  #peaks: Uint8Array[] = []
  /** Hashes by height, as far as they are known. */
  readonly #levels: Level[] = []

  /** Starts empty, or at the peaks of a snapshot. Throws `DAG_SNAPSHOT_INVALID` if the peaks do not fit the size. */
  constructor(from?: { readonly size: number; readonly peaks: readonly Hex[] }, hash: Hash = blake2b256) {
    this.#hash = hash
    if (!from) return
    if (mountains(from.size).length !== from.peaks.length) {
      throw new DagError(
        'DAG_SNAPSHOT_INVALID',
        `${from.peaks.length} peaks do not belong to ${from.size} main-chain units`,
        { ...from },
      )
    }
    this.#size = from.size
    this.#peaks = from.peaks.map(hexToBytes)
    for (const [i, height] of mountains(from.size).entries()) this.#level(height).push(this.#peaks[i]!)
  }

  #level(height: number): Level {
    for (let next = this.#levels.length; next <= height; next++) {
      this.#levels.push(new Level(pairStart(Math.floor(this.#size / 2 ** next))))
    }
    return this.#levels[height]!
  }

  /** Number of units: the next index. */
  get size(): number {
    return this.#size
  }

  get peaks(): Hex[] {
    return this.#peaks.map(bytesToHex)
  }

  get root(): Hex {
    return rootOf(this.#peaks, this.#size, this.#hash)
  }

  /** Adds the main-chain unit of the next index. Cost: amortised two hashes. */
  append(id: UnitId): void {
    let node = hashOf(LEAF, [hexToBytes(id)], this.#hash)
    let position = this.#size
    this.#level(0).push(node)
    for (let height = 0; position % 2 === 1; height++) {
      node = hashOf(NODE, [this.#peaks.pop()!, node], this.#hash)
      position = (position - 1) / 2
      this.#level(height + 1).push(node)
    }
    this.#peaks.push(node)
    this.#size++
  }

  /** Forgets what only proofs of smaller indices need. Call it when the main chain below `mci` is pruned, or memory grows with it. */
  forget(mci: number): void {
    for (const [height, level] of this.#levels.entries()) level.dropBelow(pairStart(Math.floor(mci / 2 ** height)))
  }

  /** Bytes that are held for proofs. */
  get byteLength(): number {
    return this.#levels.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Proves the unit of an index. Throws `DAG_INVALID_ARGUMENT` if it is not under the root, or was pruned when this instance began. */
  prove(mci: number): MainChainProof {
    const path: Hex[] = []
    let first = 0
    for (const height of mountains(this.#size)) {
      if (mci < first + 2 ** height && mci >= first) {
        for (let level = 0, at = mci; level < height; level++, at = Math.floor(at / 2)) {
          const sibling = this.#levels[level]!.get(at % 2 === 0 ? at + 1 : at - 1)
          if (!sibling) break
          path.push(bytesToHex(sibling))
        }
        if (path.length === height && this.#levels[0]!.get(mci))
          return { mci, path, peaks: this.peaks, size: this.#size }
      }
      first += 2 ** height
    }
    throw new DagError(
      'DAG_INVALID_ARGUMENT',
      `index ${mci} cannot be proved here: ${this.#size} units, some of them pruned`,
      { mci },
    )
  }
}

/** True if the proof shows that `id` is the main-chain unit of its index under `root`. Never throws for foreign proofs. */
export function verifyMainChainProof(id: UnitId, proof: MainChainProof, root: Hex, hash: Hash = blake2b256): boolean {
  const { mci, path, peaks, size } = proof
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(mci) || mci < 0 || mci >= size) return false
  if (![...path, ...peaks].every((step) => /^0x[0-9a-f]{64}$/.test(step))) return false
  const heights = mountains(size)
  if (heights.length !== peaks.length || rootOf(peaks.map(hexToBytes), size, hash) !== root) return false
  let first = 0
  const mountain = heights.findIndex((height) => {
    if (mci < first + 2 ** height) return true
    first += 2 ** height
    return false
  })
  if (path.length !== heights[mountain]) return false
  let node = hashOf(LEAF, [hexToBytes(id)], hash)
  path.forEach((step, level) => {
    const isRight = Math.floor((mci - first) / 2 ** level) % 2 === 1
    node = hashOf(NODE, isRight ? [hexToBytes(step), node] : [node, hexToBytes(step)], hash)
  })
  return bytesToHex(node) === peaks[mountain]
}
