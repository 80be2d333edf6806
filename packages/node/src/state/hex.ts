/**
 * Bytes as hex, for what is kept. `bytesToHex` of @ethereumjs/util adds digit by digit, and the engine keeps every step of that until
 * somebody reads the text: a hash that nobody reads takes a kilobyte.
 */
export function flatHex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}
