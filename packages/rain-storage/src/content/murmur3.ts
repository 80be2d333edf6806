/** MurmurHash3 x64-128, first 64 bits big-endian: the hash of UnixFS sharded directories (Appleby, public domain algorithm). */
const MASK = 0xffff_ffff_ffff_ffffn
const C1 = 0x87c3_7b91_1142_53d5n
const C2 = 0x4cf5_ad43_2745_937fn

const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & MASK
const mix = (k: bigint, first: bigint, bits: bigint, second: bigint) =>
  (rotate((k * first) & MASK, bits) * second) & MASK

function finish(h: bigint): bigint {
  let x = h ^ (h >> 33n)
  x = (x * 0xff51_afd7_ed55_8ccdn) & MASK
  x ^= x >> 33n
  x = (x * 0xc4ce_b9fe_1a85_ec53n) & MASK
  return x ^ (x >> 33n)
}

/** First half of the hash as 8 bytes, most significant first. Cost: about 1 µs a 16-byte name. */
export function murmur3(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = bytes.length - (bytes.length % 16)
  let h1 = 0n
  let h2 = 0n
  for (let at = 0; at < whole; at += 16) {
    h1 ^= mix(view.getBigUint64(at, true), C1, 31n, C2)
    h1 = (((rotate(h1, 27n) + h2) & MASK) * 5n + 0x52dc_e729n) & MASK
    h2 ^= mix(view.getBigUint64(at + 8, true), C2, 33n, C1)
    h2 = (((rotate(h2, 31n) + h1) & MASK) * 5n + 0x3849_5ab5n) & MASK
  }
  let k1 = 0n
  let k2 = 0n
  for (let i = bytes.length - 1; i >= whole; i--) {
    if (i - whole >= 8) k2 = (k2 << 8n) | BigInt(bytes[i]!)
    else k1 = (k1 << 8n) | BigInt(bytes[i]!)
  }
  h2 ^= mix(k2, C2, 33n, C1)
  h1 ^= mix(k1, C1, 31n, C2)
  const length = BigInt(bytes.length)
  h1 ^= length
  h2 ^= length
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = finish(h1)
  h2 = finish(h2)
  h1 = (h1 + h2) & MASK
  const result = new Uint8Array(8)
  new DataView(result.buffer).setBigUint64(0, h1)
  return result
}
