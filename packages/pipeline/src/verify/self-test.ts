import type { Bip340Item, EcdsaItem, Ed25519Item, RecoverItem, Scheme, SchemeItems, Verifier } from './port.ts'

/**
 * Known answers that a backend must give before it is used: an engine that does not fuse `relaxed_madd`, or miscompiles, fails
 * here and the next backend is taken. Each scheme: one good signature, in a batch large enough for the equation, one damaged.
 */
export function selfTest(verifier: Verifier): boolean {
  try {
    return (
      areRecovered(verifier.recoverMany(recoveries)) &&
      judges(verifier, 'bip340', bip340, { ...bip340, message: new Uint8Array(32).fill(1) }) &&
      judges(verifier, 'ecdsa', ecdsa, { ...ecdsa, yParity: 1 }) &&
      judges(verifier, 'ed25519', ed25519, { ...ed25519, message: bytes('73') })
    )
  } catch {
    return false
  }
}

/** The example of EIP-155. */
export const example: RecoverItem = {
  hash: bytes('daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53'),
  r: 0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276n,
  s: 0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83n,
  yParity: 0,
}
/** Its signer's key, of the secret 0x46…46. */
export const ecdsa: EcdsaItem = {
  ...example,
  publicKey: bytes(
    '4bc2a31265153f07e70e0bab08724e6b85e217f8cd628ceb62974247bb493382ce28cab79ad7119ee1ad3ebcdb98a16805211530ecc6cfefa1b88e6dff99232a',
  ),
}
/** BIP-340, test vector 0. */
export const bip340: Bip340Item = {
  publicKey: bytes('f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9'),
  message: new Uint8Array(32),
  signature: bytes(
    'e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0',
  ),
}
/** RFC 8032 §7.1, test 2. */
export const ed25519: Ed25519Item = {
  publicKey: bytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: bytes('72'),
  signature: bytes(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
}

/** A good recovery, one of another key, and one of none. */
export const recoveries: RecoverItem[] = [example, { ...example, yParity: 1 }, { ...example, r: 5n }]

/** Whether these are the addresses of {@link recoveries}. */
export function areRecovered([sender, other, none]: readonly (Uint8Array | null)[]): boolean {
  const expected = bytes('9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
  return same(sender, expected) && other != null && !same(other, expected) && none === null
}

function judges<S extends Scheme>(verifier: Verifier, scheme: S, good: SchemeItems[S], bad: SchemeItems[S]): boolean {
  const many = Array<SchemeItems[S]>(16).fill(good)
  const verdicts = verifier.verifyMany(scheme, [good, bad, ...many])
  return (
    verifier.verifyBatch(scheme, many) &&
    !verifier.verifyBatch(scheme, [...many, bad]) &&
    verdicts.length === 18 &&
    verdicts.every((verdict, i) => verdict === (i !== 1))
  )
}

function same(a: Uint8Array | null | undefined, b: Uint8Array): boolean {
  return a != null && a.length === b.length && a.every((byte, i) => byte === b[i])
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16))
}
