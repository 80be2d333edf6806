/** CRC-32C (Castagnoli, RFC 3720 §12.1), eight bytes a step by tables ("slicing by 8"): about 0.2 µs for 200 bytes. */
const TABLES = makeTables()

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let i = 0; i < 256; i++) {
    let c = i
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1
    tables[i] = c
  }
  for (let i = 0; i < 256; i++)
    for (let t = 1; t < 8; t++) {
      const before = tables[(t - 1) * 256 + i]!
      tables[t * 256 + i] = tables[before & 255]! ^ (before >>> 8)
    }
  return tables
}

/** The checksum of `data[start, end)`; `seed` is the checksum of what stands before it (0 for nothing). */
export function crc32c(data: Uint8Array, seed = 0, start = 0, end = data.length): number {
  let c = ~seed
  let i = start
  for (const whole = end - 7; i < whole; i += 8) {
    const low = c ^ (data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24))
    c =
      TABLES[1792 + (low & 255)]! ^
      TABLES[1536 + ((low >>> 8) & 255)]! ^
      TABLES[1280 + ((low >>> 16) & 255)]! ^
      TABLES[1024 + (low >>> 24)]! ^
      TABLES[768 + data[i + 4]!]! ^
      TABLES[512 + data[i + 5]!]! ^
      TABLES[256 + data[i + 6]!]! ^
      TABLES[data[i + 7]!]!
  }
  for (; i < end; i++) c = TABLES[(c ^ data[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}
