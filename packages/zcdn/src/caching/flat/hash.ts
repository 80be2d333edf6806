// Hashes of keys to signed 32-bit integers, which V8 keeps without a box. The quick ones look at little of a key; a table that meets
// a long run of keys with equal hashes changes to the full ones, with a seed.

const GOLDEN = 0x9e3779b1

/** Fibonacci hashing (Knuth, TAOCP 3, 6.4) with the good upper bits brought down. Two instructions of a multiplication and a shift. */
export function quickIntegerHash(key: number): number {
  let h = Math.imul(key, GOLDEN)
  if ((key | 0) !== key) h ^= Math.imul(key / 4294967296, 0x85ebca6b)
  return h ^ (h >>> 16)
}

/** Every bit of the key changes every bit of the hash: the finaliser of MurmurHash3, twice for keys above 32 bits. */
export function fullIntegerHash(key: number, seed: number): number {
  return finalise((key | 0) ^ finalise(((key / 4294967296) | 0) ^ seed))
}

/** How far from the end of a string {@link quickStringHash} looks: at eight characters of a digest, and near and far of a name. */
const FARTHEST = 22

/** Length and eight characters. Enough for identifiers that are digests, where each character carries five bits. */
export function quickStringHash(key: string): number {
  const end = key.length
  if (end < FARTHEST) return fullStringHash(key, 0)
  const a = key.charCodeAt(end - 1) + (key.charCodeAt(end - 2) << 8)
  const b = key.charCodeAt(end - 3) + (key.charCodeAt(end - 5) << 8)
  const c = key.charCodeAt(end - 7) + (key.charCodeAt(end - 11) << 8)
  const d = key.charCodeAt(end - 16) + (key.charCodeAt(end - 22) << 8)
  const h = Math.imul(a ^ (b << 16), GOLDEN) ^ Math.imul((c + end) ^ (d << 16), 0x85ebca6b)
  return finalise(h)
}

/** FNV-1a over UTF-16 units, finished as MurmurHash3 does. */
export function fullStringHash(key: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return finalise(h)
}

function finalise(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
