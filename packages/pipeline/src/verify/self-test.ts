import type { RecoverItem, Verifier } from './port.ts'

/**
 * Known answers that a backend must give before it is used: an engine that does not fuse `relaxed_madd`, or miscompiles, fails
 * here and the next backend is taken. The example of EIP-155, its damaged twin, and an r that is no x coordinate.
 */
export function selfTest(verifier: Verifier): boolean {
  const example: RecoverItem = {
    hash: bytes('daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53'),
    r: 0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276n,
    s: 0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83n,
    yParity: 0,
  }
  const [sender, other, none] = verifier.recoverMany([example, { ...example, yParity: 1 }, { ...example, r: 5n }])
  const expected = bytes('9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
  return same(sender, expected) && other != null && !same(other, expected) && none === null
}

function same(a: Uint8Array | null | undefined, b: Uint8Array): boolean {
  return a != null && a.length === b.length && a.every((byte, i) => byte === b[i])
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16))
}
