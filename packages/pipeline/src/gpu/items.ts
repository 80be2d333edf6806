/** Numbers and bytes as words of an item, the least significant word first. */

export function putNumber(words: Uint32Array, at: number, value: bigint): void {
  for (let i = 0, rest = value; i < 8; i++, rest >>= 32n) words[at + i] = Number(rest & 0xffff_ffffn)
}

/** 32 bytes, the most significant first. */
export function putBigEndian(words: Uint32Array, at: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  for (let i = 0; i < 8; i++) words[at + 7 - i] = view.getUint32(4 * i)
}

/** 32 bytes, the least significant first. */
export function putLittleEndian(words: Uint32Array, at: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  for (let i = 0; i < 8; i++) words[at + i] = view.getUint32(4 * i, true)
}

/** As 32 bytes, the most significant first. */
export function toBigEndian(words: Uint32Array, at: number): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 8; i++) view.setUint32(4 * i, words[at + 7 - i]!)
  return bytes
}

export function fromBigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  let value = 0n
  for (let i = 0; i < 32; i += 8) value = (value << 64n) | view.getBigUint64(i)
  return value
}

export function fromLittleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  for (let i = bytes.length - 8; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(i, true)
  return value
}
