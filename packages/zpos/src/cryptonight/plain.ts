/**
 * CryptoNight in plain TypeScript (CNS-008; the variants as in Monero's `src/crypto/slow-hash.c`): the reference for the
 * WebAssembly one, and what runs where WebAssembly is not allowed. All words are 32 bits, little-endian.
 */
import { AES_TABLES, expandKey } from './aes.ts'
import { absorb, type CryptonightVariant, finish, ITERATIONS, SCRATCHPAD_BYTES, tweakOf } from './variant.ts'

/** Words of the 128 bytes that fill and drain the scratchpad. */
const TEXT = 32
const MASK = 0x1ffff0

/** One AES round on the four words of `state` at `at`, with the key at `key`; the result goes to `out`. */
function aesRound(state: Uint32Array, at: number, keys: Uint32Array, key: number, out: Uint32Array, to: number): void {
  const a = state[at]!
  const b = state[at + 1]!
  const c = state[at + 2]!
  const d = state[at + 3]!
  const t = AES_TABLES
  out[to] = t[a & 255]! ^ t[256 + ((b >>> 8) & 255)]! ^ t[512 + ((c >>> 16) & 255)]! ^ t[768 + (d >>> 24)]! ^ keys[key]!
  out[to + 1] =
    t[b & 255]! ^ t[256 + ((c >>> 8) & 255)]! ^ t[512 + ((d >>> 16) & 255)]! ^ t[768 + (a >>> 24)]! ^ keys[key + 1]!
  out[to + 2] =
    t[c & 255]! ^ t[256 + ((d >>> 8) & 255)]! ^ t[512 + ((a >>> 16) & 255)]! ^ t[768 + (b >>> 24)]! ^ keys[key + 2]!
  out[to + 3] =
    t[d & 255]! ^ t[256 + ((a >>> 8) & 255)]! ^ t[512 + ((b >>> 16) & 255)]! ^ t[768 + (c >>> 24)]! ^ keys[key + 3]!
}

function encrypt(text: Uint32Array, keys: Uint32Array): void {
  for (let block = 0; block < TEXT; block += 4) {
    for (let key = 0; key < keys.length; key += 4) aesRound(text, block, keys, key, text, block)
  }
}

/** `out` = the 128-bit product of two 64-bit numbers, four words from the lowest. */
function multiply(xl: number, xh: number, yl: number, yh: number, out: Uint32Array): void {
  // Digits of 16 bits: every column sum stays below 2^35, exact in a double.
  const x = [xl & 0xffff, xl >>> 16, xh & 0xffff, xh >>> 16]
  const y = [yl & 0xffff, yl >>> 16, yh & 0xffff, yh >>> 16]
  let carry = 0
  for (let word = 0; word < 4; word += 1) {
    let digits = 0
    for (let half = 0; half < 2; half += 1) {
      const column = 2 * word + half
      let sum = carry
      for (let i = Math.max(0, column - 3); i <= Math.min(3, column); i += 1) sum += x[i]! * y[column - i]!
      digits |= (sum & 0xffff) << (16 * half)
      carry = Math.floor(sum / 0x10000)
    }
    out[word] = digits
  }
}

/** Adds the 64-bit number (low, high) to the two words at `at`. */
function add64(words: Uint32Array, at: number, low: number, high: number): void {
  const sum = words[at]! + low
  words[at] = sum
  words[at + 1] = words[at + 1]! + high + (sum > 0xffffffff ? 1 : 0)
}

/** Variant 2: the three other blocks of the same 64 bytes change places and take up a, b and the b before. */
function shuffle(pad: Uint32Array, at: number, a: Uint32Array, b: Uint32Array, before: Uint32Array): void {
  const [first, second, third] = [at ^ 4, at ^ 8, at ^ 12]
  const x = pad.slice(first, first + 4)
  const y = pad.slice(second, second + 4)
  pad.copyWithin(first, third, third + 4)
  pad.set(x, second)
  pad.set(y, third)
  for (let half = 0; half < 4; half += 2) {
    add64(pad, first + half, before[half]!, before[half + 1]!)
    add64(pad, second + half, b[half]!, b[half + 1]!)
    add64(pad, third + half, a[half]!, a[half + 1]!)
  }
}

const join = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low)

/** Floor of the square root, by Newton from a double that is near. */
function integerSqrt(n: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(n))))
  while (root * root > n) root -= 1n
  while ((root + 1n) * (root + 1n) <= n) root += 1n
  return root
}

/**
 * CryptoNight of `data`: 32 bytes. Variant 1 needs at least 43 bytes and throws `ZPOS_INVALID_ARGUMENT` otherwise. Cost: 2 MiB of memory and
 * some tenths of a second; `createCryptonight` is several times faster.
 */
export function cryptonightPlain(data: Uint8Array, variant: CryptonightVariant = 1): Uint8Array {
  const state = absorb(data)
  const [tweakLow, tweakHigh] = tweakOf(variant, data, state)
  const pad = new Uint32Array(SCRATCHPAD_BYTES / 4)
  const text = state.slice(16, 16 + TEXT)
  const fillKeys = expandKey(state.subarray(0, 8))
  for (let at = 0; at < pad.length; at += TEXT) {
    encrypt(text, fillKeys)
    pad.set(text, at)
  }

  const a = Uint32Array.from({ length: 4 }, (_, i) => state[i]! ^ state[8 + i]!)
  const b = Uint32Array.from({ length: 4 }, (_, i) => state[4 + i]! ^ state[12 + i]!)
  const before = Uint32Array.from({ length: 4 }, (_, i) => state[16 + i]! ^ state[20 + i]!)
  let division = join(state[24]!, state[25]!)
  let root = join(state[26]!, state[27]!)
  const c = new Uint32Array(4)
  const d = new Uint32Array(4)
  const product = new Uint32Array(4)
  for (let i = 0; i < ITERATIONS; i += 1) {
    let at = (a[0]! & MASK) >> 2
    aesRound(pad, at, a, 0, c, 0)
    if (variant === 2) shuffle(pad, at, a, b, before)
    for (let word = 0; word < 4; word += 1) pad[at + word] = b[word]! ^ c[word]!
    if (variant === 1) {
      const byte = pad[at + 2]! >>> 24
      const index = (((byte >> 3) & 6) | (byte & 1)) << 1
      pad[at + 2]! ^= ((0x75310 >> index) & 0x30) << 24
    }

    at = (c[0]! & MASK) >> 2
    d.set(pad.subarray(at, at + 4))
    if (variant === 2) {
      const mixed = join(d[0]!, d[1]!) ^ division ^ BigInt.asUintN(64, root << 32n)
      d[0] = Number(mixed & 0xffffffffn)
      d[1] = Number(mixed >> 32n)
      const divisor = BigInt(((c[0]! + Number((root << 1n) & 0xffffffffn)) | 0x80000001) >>> 0)
      const dividend = join(c[2]!, c[3]!)
      division = ((dividend / divisor) & 0xffffffffn) | ((dividend % divisor) << 32n)
      const input = BigInt.asUintN(64, join(c[0]!, c[1]!) + division)
      root = integerSqrt(4n * ((1n << 64n) + input)) - (1n << 33n)
    }
    multiply(c[0]!, c[1]!, d[0]!, d[1]!, product)
    // The high half goes to the low words of a, as in the source.
    let [hl, hh, ll, lh] = [product[2]!, product[3]!, product[0]!, product[1]!]
    if (variant === 2) {
      const first = at ^ 4
      pad[first]! ^= hl
      pad[first + 1]! ^= hh
      pad[first + 2]! ^= ll
      pad[first + 3]! ^= lh
      const second = at ^ 8
      hl = (hl ^ pad[second]!) >>> 0
      hh = (hh ^ pad[second + 1]!) >>> 0
      ll = (ll ^ pad[second + 2]!) >>> 0
      lh = (lh ^ pad[second + 3]!) >>> 0
      shuffle(pad, at, a, b, before)
      before.set(b)
    }
    add64(a, 0, hl, hh)
    add64(a, 2, ll, lh)
    pad.set(a, at)
    pad[at + 2]! ^= tweakLow
    pad[at + 3]! ^= tweakHigh
    for (let word = 0; word < 4; word += 1) a[word]! ^= d[word]!
    b.set(c)
  }

  const drainKeys = expandKey(state.subarray(8, 16))
  text.set(state.subarray(16, 16 + TEXT))
  for (let at = 0; at < pad.length; at += TEXT) {
    for (let word = 0; word < TEXT; word += 1) text[word]! ^= pad[at + word]!
    encrypt(text, drainKeys)
  }
  state.set(text, 16)
  pad.fill(0)
  return finish(state)
}
