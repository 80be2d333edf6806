import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { createVerifier, type Ed25519Item } from '../../src/verify/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import { random } from '../random.ts'

const noble = nobleVerifier()
const { bytes, bigint, below, seed } = random()
const L = ed25519.Point.Fn.ORDER
const le = (x: bigint) => Uint8Array.from(Buffer.from(x.toString(16).padStart(64, '0'), 'hex')).reverse()
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

function signed(message = bytes(32)): Ed25519Item {
  const secret = bytes(32)
  return { publicKey: ed25519.getPublicKey(secret), message, signature: ed25519.sign(message, secret) }
}

/** Every encoding of a point of small order, non-canonical ones and both signs of x = 0 included (as ZIP-215's own vectors). */
const small = (() => {
  const p = 2n ** 255n - 19n
  const encodings = new Map<string, Uint8Array>()
  for (const text of ED25519_TORSION_SUBGROUP) {
    const canonical = hex(text)
    const y = canonical.toReversed().reduce((x, byte, i) => (x << 8n) | BigInt(i === 0 ? byte & 127 : byte), 0n)
    for (const value of [y, y + p]) {
      if (value >= 1n << 255n) continue
      for (const sign of [0, 1]) {
        const encoded = le(value)
        encoded[31]! |= sign << 7
        encodings.set(Buffer.from(encoded).toString('hex'), encoded)
      }
    }
  }
  return [...encodings.values()]
})()

describe.each(['wasm-relaxed-simd', 'wasm'] as const)('%s', (backend) => {
  const verifier = createVerifier({ backends: [backend] })

  test('accepts valid signatures of any message length, singly and in batches of every size', () => {
    const items = [0, 1, 47, 48, 63, 64, 111, 112, 175, 176, 1000].map((length) => signed(bytes(length)))
    for (const item of items) expect(verifier.verifyMany('ed25519', [item])).toEqual([true])
    const more = [...items, ...Array.from({ length: 70 }, () => signed())]
    for (const size of [0, 1, 2, 14, 40, 81]) {
      expect(verifier.verifyBatch('ed25519', more.slice(0, size))).toBe(true)
      expect(verifier.verifyMany('ed25519', more.slice(0, size))).toEqual(Array(size).fill(true))
    }
  })

  test('finds the bad items among good ones, wherever they stand', () => {
    const good = Array.from({ length: 70 }, () => signed())
    for (const places of [[0], [69], [3, 20, 50], good.map((_, i) => i)]) {
      const items = good.map((item, i) => {
        if (!places.includes(i)) return item
        if (below(3) === 0) return { ...item, message: bytes(32) }
        const at = below(64)
        return { ...item, signature: item.signature.with(at, item.signature[at]! ^ 1) }
      })
      expect(verifier.verifyBatch('ed25519', items)).toBe(false)
      expect(verifier.verifyMany('ed25519', items), `seed ${seed}`).toEqual(good.map((_, i) => !places.includes(i)))
    }
  })

  test('points of small order, in every encoding, as key and as R: ZIP-215 accepts them all with s = 0', () => {
    const message = hex('5a63617368') // "Zcash", as in the published vectors
    const items = small.flatMap((publicKey) =>
      small.map((R) => ({ publicKey, message, signature: Uint8Array.from([...R, ...new Uint8Array(32)]) })),
    )
    expect(small.length).toBeGreaterThanOrEqual(14)
    expect(verifier.verifyMany('ed25519', items)).toEqual(items.map(() => true))
    expect(verifier.verifyBatch('ed25519', items)).toBe(true)
    for (const item of items.slice(0, 30))
      expect(verifier.verifyMany('ed25519', [item])).toEqual(noble.verifyMany('ed25519', [item]))
    const wrong = items.map((item) => ({ ...item, signature: item.signature.with(32, 1) }))
    expect(verifier.verifyMany('ed25519', wrong).some(Boolean)).toBe(false)
  })

  test('keys and R with a torsion component: single and batch agree with noble', () => {
    const { Point } = ed25519
    const items: Ed25519Item[] = []
    for (const text of ED25519_TORSION_SUBGROUP) {
      const torsion = Point.fromHex(text, true)
      const a = 1n + (bigint(32) % (L - 1n))
      const r = 1n + (bigint(32) % (L - 1n))
      const A = Point.BASE.multiply(a).add(torsion)
      const R = Point.BASE.multiply(r).add(torsion)
      const message = bytes(20)
      const digest = sha512(Uint8Array.from([...R.toBytes(), ...A.toBytes(), ...message]))
      const k = digest.toReversed().reduce((x, byte) => (x << 8n) | BigInt(byte), 0n) % L
      const s = (r + k * a) % L
      items.push({ publicKey: A.toBytes(), message, signature: Uint8Array.from([...R.toBytes(), ...le(s)]) })
    }
    expect(noble.verifyMany('ed25519', items)).toEqual(items.map(() => true))
    for (const item of items) expect(verifier.verifyMany('ed25519', [item])).toEqual([true])
    expect(verifier.verifyBatch('ed25519', [...items, ...items, ...items])).toBe(true)
  })

  test('equals noble on s at and above the order, malformed lengths and encodings off the curve', () => {
    const item = signed()
    const s = item.signature
      .slice(32)
      .toReversed()
      .reduce((x, byte) => (x << 8n) | BigInt(byte), 0n)
    const items: Ed25519Item[] = [0n, 1n, L - 1n, L, L + 1n, s + L, (1n << 253n) - 1n, (1n << 256n) - 1n].map((x) => ({
      ...item,
      signature: Uint8Array.from([...item.signature.subarray(0, 32), ...le(x)]),
    }))
    items.push({ ...item, publicKey: item.publicKey.subarray(1) }, { ...item, signature: new Uint8Array(65) })
    for (let y = 0n; y < 12n; y++) {
      items.push(
        { ...item, publicKey: le(y) },
        { ...item, signature: Uint8Array.from([...le(y), ...item.signature.subarray(32)]) },
      )
    }
    for (let i = 0; i < 10; i++) items.push({ ...item, publicKey: bytes(32) })
    items.push(item)
    const expected = noble.verifyMany('ed25519', items)
    expect(verifier.verifyMany('ed25519', items), `seed ${seed}`).toEqual(expected)
    items.forEach((one, i) => {
      expect(verifier.verifyBatch('ed25519', [one])).toBe(expected[i])
    })
  })
})
