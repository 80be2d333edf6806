/**
 * BLAKE3 (specification of 2020-01-09), default mode, 32 bytes. The hash is the root of a tree over chunks of 1 KiB, so one pass gives both the name of a
 * block and the commitment that audits check leaves against. Four lanes of WebAssembly where there are vectors, else TypeScript.
 */
import { loadWasm, reserve } from '../erasure/wasm.ts'
import { blake3Wasm } from './generated/blake3.ts'

/** Bytes of a leaf of the tree. */
export const BLAKE3_CHUNK = 1024
const BLOCK = 64
const VALUE = 32

const flag = { chunkStart: 1, chunkEnd: 2, parent: 4, root: 8 } as const

/** BLAKE3 and its tree. Not to be shared between threads. */
export interface Blake3 {
  /** The hash, 32 bytes. Cost: about that of SHA-256 with instructions for it. */
  hash(bytes: Uint8Array): Uint8Array
  /** Every level of the tree from the chunks to the root, the values of a level joined. */
  levels(bytes: Uint8Array): Uint8Array[]
  /** Value of chunk number `index`; `only` when the message is this chunk alone. */
  chunkValue(chunk: Uint8Array, index: number, only: boolean): Uint8Array
  /** Value of two joined; `top` at the root. A last value without a sibling goes up as it is. */
  pairValue(left: Uint8Array, right: Uint8Array, top: boolean): Uint8Array
}

/** Makes a hasher. @param plain TypeScript only, the reference */
export function createBlake3(plain = false): Blake3 {
  let tree: TreeOf | undefined
  // Made when first used: few processes hash by BLAKE3, and the module takes 0.5 MiB.
  const treeOf: TreeOf = (bytes, each) => {
    tree ??= (plain ? undefined : wasmTree()) ?? plainTree
    return tree(bytes, each)
  }
  return {
    hash: (bytes) => treeOf(bytes, () => undefined),
    levels(bytes) {
      const levels: Uint8Array[] = []
      treeOf(bytes, (level) => levels.push(level.slice()))
      return levels
    },
    chunkValue,
    pairValue,
  }
}

/** Works out the tree, shows each level (valid during the call only), and gives the root. */
type TreeOf = (bytes: Uint8Array, each: (level: Uint8Array) => void) => Uint8Array

/** Where chaining values begin in the module's memory; its own scratch lies below. */
const VALUES_AT = 8192
/** Bytes copied into the module at a time: they stay in the first-level cache. */
const STRIP = 32 * 1024

function wasmTree(): TreeOf | undefined {
  const module = loadWasm(blake3Wasm, 1)
  if (module === undefined) return undefined
  const { memory } = module
  const { leaves, pair } = module.exports as {
    leaves: (src: number, length: number, counter: number, only: boolean, out: number) => void
    pair: (values: number, count: number) => number
  }
  return (bytes, each) => {
    let count = Math.max(1, Math.ceil(bytes.length / BLAKE3_CHUNK))
    const input = VALUES_AT + count * VALUE
    reserve(memory, input + STRIP + BLOCK)
    const target = new Uint8Array(memory.buffer)
    for (let at = 0; at === 0 || at < bytes.length; at += STRIP) {
      const part = bytes.length <= STRIP ? bytes : bytes.subarray(at, at + STRIP)
      target.set(part, input)
      const chunk = at / BLAKE3_CHUNK
      leaves(input, part.length, chunk, count === 1, VALUES_AT + chunk * VALUE)
    }
    each(target.subarray(VALUES_AT, VALUES_AT + count * VALUE))
    while (count > 1) {
      count = pair(VALUES_AT, count)
      each(target.subarray(VALUES_AT, VALUES_AT + count * VALUE))
    }
    return target.slice(VALUES_AT, VALUES_AT + VALUE)
  }
}

const plainTree: TreeOf = (bytes, each) => {
  const count = Math.max(1, Math.ceil(bytes.length / BLAKE3_CHUNK))
  let level = new Uint8Array(count * VALUE)
  for (let i = 0; i < count; i++) {
    const chunk = bytes.subarray(i * BLAKE3_CHUNK, (i + 1) * BLAKE3_CHUNK)
    level.set(chunkValue(chunk, i, count === 1), i * VALUE)
  }
  each(level)
  while (level.length > VALUE) {
    const width = level.length / VALUE
    const above = new Uint8Array(Math.ceil(width / 2) * VALUE)
    for (let i = 0; i < width; i += 2) {
      const left = level.subarray(i * VALUE, (i + 1) * VALUE)
      const right = level.subarray((i + 1) * VALUE, (i + 2) * VALUE)
      above.set(right.length === 0 ? left : pairValue(left, right, width === 2), (i / 2) * VALUE)
    }
    level = above
    each(level)
  }
  return level
}

function chunkValue(chunk: Uint8Array, index: number, only: boolean): Uint8Array {
  let value: Uint32Array = IV
  for (let at = 0; at === 0 || at < chunk.length; at += BLOCK) {
    const block = chunk.subarray(at, at + BLOCK)
    const end = at + BLOCK >= chunk.length ? flag.chunkEnd | (only ? flag.root : 0) : 0
    value = compress(value, block, index, (at === 0 ? flag.chunkStart : 0) | end)
  }
  return bytesOf(value)
}

function pairValue(left: Uint8Array, right: Uint8Array, top: boolean): Uint8Array {
  const block = new Uint8Array(BLOCK)
  block.set(left)
  block.set(right, VALUE)
  return bytesOf(compress(IV, block, 0, flag.parent | (top ? flag.root : 0)))
}

const IV = Uint32Array.of(
  0x6a09_e667,
  0xbb67_ae85,
  0x3c6e_f372,
  0xa54f_f53a,
  0x510e_527f,
  0x9b05_688c,
  0x1f83_d9ab,
  0x5be0_cd19,
)
/** Which words of the message a round takes from the round before. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const
const ROUNDS = 7
/** The four columns, then the four diagonals. */
const STEPS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** The compression function (§2.2) on a block of up to 64 bytes: the first half of its output, the next chaining value. */
function compress(value: Uint32Array, block: Uint8Array, counter: number, flags: number): Uint32Array {
  const padded = new Uint8Array(BLOCK)
  padded.set(block)
  const view = new DataView(padded.buffer)
  let words = Uint32Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i, true))
  const v = new Uint32Array(16)
  v.set(value)
  v.set(IV.subarray(0, 4), 8)
  v[12] = counter
  v[13] = Math.floor(counter / 2 ** 32)
  v[14] = block.length
  v[15] = flags
  for (let round = 0; round < ROUNDS; round++) {
    STEPS.forEach(([a, b, c, d], i) => {
      mix(v, a, b, c, d, words[2 * i]!, words[2 * i + 1]!)
    })
    const before = words
    words = Uint32Array.from(PERMUTATION, (from) => before[from]!)
  }
  return Uint32Array.from({ length: 8 }, (_, i) => v[i]! ^ v[i + 8]!)
}

function mix(v: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  v[a] = v[a]! + v[b]! + x
  v[d] = rotate(v[d]! ^ v[a]!, 16)
  v[c] = v[c]! + v[d]!
  v[b] = rotate(v[b]! ^ v[c]!, 12)
  v[a] = v[a]! + v[b]! + y
  v[d] = rotate(v[d]! ^ v[a]!, 8)
  v[c] = v[c]! + v[d]!
  v[b] = rotate(v[b]! ^ v[c]!, 7)
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function bytesOf(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length)
  const view = new DataView(bytes.buffer)
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true)
  })
  return bytes
}
