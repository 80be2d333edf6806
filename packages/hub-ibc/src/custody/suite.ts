/**
 * The ciphersuites of RFC 9591 that ZOS uses, over the groups of `@noble/curves`: one small object a suite, so that every protocol
 * here is written once. Names and order of the hashes are the RFC's (section 6).
 */

import { hash_to_field } from '@noble/curves/abstract/hash-to-curve.js'
import { ed25519, ristretto255 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 as sha2_256, sha512 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'

/** What the protocols need of a group element. */
export interface Element {
  add(other: Element): Element
  subtract(other: Element): Element
  negate(): Element
  multiply(scalar: bigint): Element
  multiplyUnsafe(scalar: bigint): Element
  equals(other: Element): boolean
  is0(): boolean
  isTorsionFree(): boolean
  toBytes(): Uint8Array
}

/**
 * A ciphersuite of FROST (RFC 9591, section 6): a group of prime order and the hashes of the protocol. Scalars take 32
 * bytes, in the byte order of the curve.
 */
export interface Suite {
  readonly name: 'ed25519' | 'ristretto255' | 'secp256k1' | 'p256'
  /** The group's prime order; scalars are below it. */
  readonly order: bigint
  /** The generator. */
  readonly base: Element
  /** The identity, which no encoding of a key or commitment may be. */
  readonly zero: Element
  /** False where every encoding is of the prime-order group. */
  readonly hasCofactor: boolean
  /** Throws `HUB_CUSTODY` for bytes that are no element, and for the identity. The subgroup is checked separately. */
  decodeElement(bytes: Uint8Array): Element
  /** 32 bytes: little-endian for Ed25519 and Ristretto, big-endian for the others. */
  encodeScalar(scalar: bigint): Uint8Array
  /** Throws `HUB_CUSTODY` for a number not below the order. */
  decodeScalar(bytes: Uint8Array): bigint
  /** Binding factors. */
  h1(message: Uint8Array): bigint
  /** The challenge. */
  h2(message: Uint8Array): bigint
  /** Nonces. */
  h3(message: Uint8Array): bigint
  /** The message, before it enters binding factors. */
  h4(message: Uint8Array): Uint8Array
  /** The list of commitments, before it enters binding factors. */
  h5(message: Uint8Array): Uint8Array
  /** Proofs of knowledge in the key generation (as frost-rs). */
  hdkg(message: Uint8Array): bigint
}

const littleEndian = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}
const bigEndian = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

interface Group {
  BASE: unknown
  ZERO: unknown
  fromBytes(bytes: Uint8Array): unknown
  Fn: { ORDER: bigint }
}

function suite(
  name: Suite['name'],
  group: Group,
  little: boolean,
  hasCofactor: boolean,
  scalars: (tag: string, message: Uint8Array) => bigint,
  hash: (tag: string, message: Uint8Array) => Uint8Array,
  challenge?: (message: Uint8Array) => bigint,
): Suite {
  const order = group.Fn.ORDER
  return {
    name,
    order,
    base: group.BASE as Element,
    zero: group.ZERO as Element,
    hasCofactor,
    decodeElement(bytes) {
      let element: Element
      try {
        element = group.fromBytes(bytes) as Element
      } catch (cause) {
        throw new HubError('HUB_CUSTODY', 'not an element of the group', { suite: name }, { cause })
      }
      if (element.is0()) throw new HubError('HUB_CUSTODY', 'the identity is not allowed here', { suite: name })
      return element
    },
    encodeScalar(scalar) {
      const out = new Uint8Array(32)
      let rest = scalar
      for (let i = 0; i < 32; i++, rest >>= 8n) out[little ? i : 31 - i] = Number(rest & 255n)
      return out
    },
    decodeScalar(bytes) {
      const value = bytes.length === 32 ? (little ? littleEndian(bytes) : bigEndian(bytes)) : order
      if (value >= order)
        throw new HubError('HUB_CUSTODY', 'not a scalar of the group', { suite: name, length: bytes.length })
      return value
    },
    h1: (message) => scalars('rho', message),
    h2: challenge ?? ((message) => scalars('chal', message)),
    h3: (message) => scalars('nonce', message),
    h4: (message) => hash('msg', message),
    h5: (message) => hash('com', message),
    hdkg: (message) => scalars('dkg', message),
  }
}

function edwards(name: 'ed25519' | 'ristretto255', group: Group, context: string): Suite {
  const hash = (tag: string, message: Uint8Array) => sha512(concat(utf8(context + tag), message))
  const scalars = (tag: string, message: Uint8Array) => littleEndian(hash(tag, message)) % group.Fn.ORDER
  const plain = (message: Uint8Array) => littleEndian(sha512(message)) % group.Fn.ORDER
  return suite(name, group, true, name === 'ed25519', scalars, hash, name === 'ed25519' ? plain : undefined)
}

function weierstrass(name: 'secp256k1' | 'p256', group: Group, context: string): Suite {
  const hash = (tag: string, message: Uint8Array) => sha2_256(concat(utf8(context + tag), message))
  const scalars = (tag: string, message: Uint8Array) =>
    hash_to_field(message, 1, {
      DST: utf8(context + tag),
      p: group.Fn.ORDER,
      m: 1,
      k: 128,
      expand: 'xmd',
      hash: sha2_256,
    })[0]![0]!
  return suite(name, group, false, false, scalars, hash)
}

/** FROST(Ed25519, SHA-512): signatures that any Ed25519 verifier accepts. For solo machines and Solana-like chains. */
export const ed25519Suite: Suite = edwards('ed25519', ed25519.Point as unknown as Group, 'FROST-ED25519-SHA512-v1')
/**
 * FROST(ristretto255, SHA-512), RFC 9591, 6.2: no cofactor, so no subgroup checks. For signatures that only this
 * package verifies.
 */
export const ristretto255Suite: Suite = edwards(
  'ristretto255',
  ristretto255.Point as unknown as Group,
  'FROST-RISTRETTO255-SHA512-v1',
)
/**
 * FROST(secp256k1, SHA-256), RFC 9591, 6.5: 65-byte Schnorr signatures with the RFC's own challenge, so neither ECDSA
 * nor BIP-340.
 */
export const secp256k1Suite: Suite = weierstrass(
  'secp256k1',
  secp256k1.Point as unknown as Group,
  'FROST-secp256k1-SHA256-v1',
)
/** FROST(P-256, SHA-256), RFC 9591, 6.4: 65-byte Schnorr signatures with the RFC's own challenge, not ECDSA. */
export const p256Suite: Suite = weierstrass('p256', p256.Point as unknown as Group, 'FROST-P256-SHA256-v1')

/** `value` in `[0, order)`. */
export const mod = (suite: Suite, value: bigint): bigint => ((value % suite.order) + suite.order) % suite.order

/** The inverse of a scalar. Throws `HUB_CUSTODY` for zero. */
export function invert(suite: Suite, value: bigint): bigint {
  let [a, b, x, y] = [mod(suite, value), suite.order, 1n, 0n]
  if (a === 0n) throw new HubError('HUB_CUSTODY', 'zero has no inverse')
  while (a !== 0n) {
    const quotient = b / a
    ;[a, b, x, y] = [b % a, a, y - quotient * x, x]
  }
  return mod(suite, y)
}

/** Σ scalar · element, the scalars public. */
export function combine(suite: Suite, terms: readonly (readonly [bigint, Element])[]): Element {
  // Interleaved 4-bit windows (Straus): doublings are shared by all terms.
  const tables = terms.map(([, element]) => {
    const table = [suite.zero, element]
    for (let i = 2; i < 16; i++) table.push(table[i - 1]!.add(element))
    return table
  })
  let sum = suite.zero
  for (let shift = 252n; shift >= 0n; shift -= 4n) {
    if (!sum.is0()) for (let i = 0; i < 4; i++) sum = sum.add(sum)
    for (let i = 0; i < terms.length; i++) {
      const digit = Number((terms[i]![0] >> shift) & 15n)
      if (digit !== 0) sum = sum.add(tables[i]![digit]!)
    }
  }
  return sum
}

/** λ of `id` for interpolation at `x` (default 0) over `ids`. */
export function lagrange(suite: Suite, id: bigint, ids: readonly bigint[], x = 0n): bigint {
  let numerator = 1n
  let denominator = 1n
  for (const other of ids) {
    if (other === id) continue
    numerator = mod(suite, numerator * (x - other))
    denominator = mod(suite, denominator * (id - other))
  }
  return mod(suite, numerator * invert(suite, denominator))
}

/** Random bytes of the platform, as `(length) => bytes`. */
export type RandomBytes = (length: number) => Uint8Array

/** A uniform non-zero scalar. */
export function randomScalar(suite: Suite, random: RandomBytes): bigint {
  for (;;) {
    const scalar = littleEndian(random(48)) % suite.order
    if (scalar !== 0n) return scalar
  }
}

/** Σ coefficient_i · x^i */
export function evaluate(suite: Suite, coefficients: readonly bigint[], x: bigint): bigint {
  let value = 0n
  for (let i = coefficients.length - 1; i >= 0; i--) value = mod(suite, value * x + coefficients[i]!)
  return value
}

/** The same in the exponent. */
export function evaluateElements(suite: Suite, commitments: readonly Element[], x: bigint): Element {
  let power = 1n
  return combine(
    suite,
    commitments.map((commitment) => {
      const term = [power, commitment] as const
      power = mod(suite, power * x)
      return term
    }),
  )
}
