/**
 * The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2: the field of
 * ISA-L, Jerasure and most Reed–Solomon storage codes.
 */

/** `exp[i]` = 2^i, doubled in length so that a sum of two logarithms needs no reduction. */
const exp = new Uint8Array(512)
const log = new Uint8Array(256)
for (let i = 0, x = 1; i < 255; i++) {
  exp[i] = x
  exp[i + 255] = x
  log[x] = i
  x = x & 0x80 ? (x << 1) ^ 0x11d : x << 1
}

/** Product of two field elements. */
export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : exp[log[a]! + log[b]!]!
}

/** Multiplicative inverse; 0 has none and gives 0. */
export function invert(a: number): number {
  return a === 0 ? 0 : exp[255 - log[a]!]!
}

/** The products of `coefficient` with 0…15 (low nibbles), then with 0x00, 0x10 … 0xf0 (high nibbles): 32 bytes. */
export function nibbleTable(coefficient: number, into: Uint8Array, offset: number): void {
  for (let i = 0; i < 16; i++) {
    into[offset + i] = multiply(coefficient, i)
    into[offset + 16 + i] = multiply(coefficient, i << 4)
  }
}

/** The products of `coefficient` with every byte: 256 bytes. */
export function byteTable(coefficient: number): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < 256; i++) table[i] = multiply(coefficient, i)
  return table
}
