/** Compares two big-endian numbers of one length. */
export function isBelow(value: Uint8Array, limit: Uint8Array): boolean {
  for (let i = 0; i < limit.length; i++) if (value[i] !== limit[i]) return value[i]! < limit[i]!
  return false
}
