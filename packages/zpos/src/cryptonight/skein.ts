/** Skein-512-256 (Ferguson et al., version 1.3), one of the four finalisers of CryptoNight. */

const MASK = (1n << 64n) - 1n
const PARITY = 0x1bd11bdaa9fc1a22n
/** Version 1.3, table 4. */
const ROTATIONS: readonly (readonly bigint[])[] = [
  [46n, 36n, 19n, 37n],
  [33n, 27n, 14n, 42n],
  [17n, 49n, 36n, 39n],
  [44n, 9n, 54n, 56n],
  [39n, 30n, 34n, 24n],
  [13n, 50n, 10n, 17n],
  [25n, 29n, 39n, 43n],
  [8n, 35n, 56n, 22n],
]
const PERMUTATION = [2, 1, 4, 7, 6, 5, 0, 3]
const ROUNDS = 72
const BLOCK = 64

const TYPE_CONFIG = 4n
const TYPE_MESSAGE = 48n
const TYPE_OUTPUT = 63n
const FIRST = 1n << 126n
const FINAL = 1n << 127n

function words(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigUint64(8 * i, true))
}

/** Threefish-512. */
function threefish(key: readonly bigint[], tweak: bigint, plain: readonly bigint[]): bigint[] {
  const keys = [...key, key.reduce((sum, word) => sum ^ word, PARITY)]
  const low = tweak & MASK
  const high = tweak >> 64n
  const tweaks = [low, high, low ^ high]
  let state = [...plain]
  const addKey = (s: number): void => {
    for (let i = 0; i < 8; i += 1) state[i] = (state[i]! + keys[(s + i) % 9]!) & MASK
    state[5] = (state[5]! + tweaks[s % 3]!) & MASK
    state[6] = (state[6]! + tweaks[(s + 1) % 3]!) & MASK
    state[7] = (state[7]! + BigInt(s)) & MASK
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 4 === 0) addKey(round / 4)
    const rotations = ROTATIONS[round % 8]!
    for (let pair = 0; pair < 4; pair += 1) {
      const sum = (state[2 * pair]! + state[2 * pair + 1]!) & MASK
      const x = state[2 * pair + 1]!
      const by = rotations[pair]!
      state[2 * pair] = sum
      state[2 * pair + 1] = (((x << by) | (x >> (64n - by))) & MASK) ^ sum
    }
    state = PERMUTATION.map((from) => state[from]!)
  }
  addKey(ROUNDS / 4)
  return state
}

/** Unique block iteration: chains the blocks of `data` under a type. */
function iterate(chain: readonly bigint[], data: Uint8Array, type: bigint): bigint[] {
  const blocks = Math.max(1, Math.ceil(data.length / BLOCK))
  let state = [...chain]
  for (let block = 0; block < blocks; block += 1) {
    const padded = new Uint8Array(BLOCK)
    padded.set(data.subarray(block * BLOCK, (block + 1) * BLOCK))
    const last = block === blocks - 1
    const position = last ? data.length : (block + 1) * BLOCK
    const tweak = BigInt(position) | (type << 120n) | (block === 0 ? FIRST : 0n) | (last ? FINAL : 0n)
    const message = words(padded)
    state = threefish(state, tweak, message).map((word, i) => word ^ message[i]!)
  }
  return state
}

/** The chaining value for an output of 256 bits: schema identifier `SHA3`, version 1. */
const START: readonly bigint[] = (() => {
  const config = new Uint8Array(32)
  config.set([0x53, 0x48, 0x41, 0x33, 1])
  config[9] = 1
  return iterate(new Array<bigint>(8).fill(0n), config, TYPE_CONFIG)
})()

/** Skein-512-256 of `data`. */
export function skein512256(data: Uint8Array): Uint8Array {
  const state = iterate(iterate(START, data, TYPE_MESSAGE), new Uint8Array(8), TYPE_OUTPUT)
  const digest = new Uint8Array(32)
  const view = new DataView(digest.buffer)
  for (let i = 0; i < 4; i += 1) view.setBigUint64(8 * i, state[i]!, true)
  return digest
}
