import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { createVerifier, type RecoverItem } from '../../src/verify/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import { random } from '../random.ts'
import { meetingKey } from './comb-reference.ts'

const noble = nobleVerifier()
const N = secp256k1.Point.Fn.ORDER
const P = secp256k1.Point.Fp.ORDER
const { bytes, bigint, below, seed } = random()

function signed(secret: bigint, hash: Uint8Array): RecoverItem & { key: Uint8Array } {
  const sk = secp256k1.Point.Fn.toBytes(secret)
  const { r, s, recovery } = secp256k1.Signature.fromBytes(
    secp256k1.sign(hash, sk, { prehash: false, format: 'recovered' }),
    'recovered',
  )
  return { hash, r, s, yParity: recovery as 0 | 1, key: secp256k1.getPublicKey(sk, false).slice(1) }
}

describe.each(['wasm-relaxed-simd', 'wasm'] as const)('%s', (backend) => {
  const verifier = createVerifier({ backends: [backend] })

  test('recovers the signers of random signatures in batches of every small size and of many', () => {
    for (const count of [0, 1, 2, 3, 7, 31, 32, 60, 300]) {
      const items = Array.from({ length: count }, () => signed(1n + (bigint(32) % (N - 1n)), bytes(32)))
      expect(verifier.recoverPublicKeys(items)).toEqual(items.map((item) => item.key))
      expect(verifier.recoverMany(items)).toEqual(items.map((item) => keccak_256(item.key).slice(12)))
    }
  })

  test('nonces made so that points meet in a column are recovered like others', () => {
    const { BASE, Fn } = secp256k1.Point
    const items: RecoverItem[] = []
    while (items.length < 90) {
      const [g, k] = [Fn.create(bigint(32)), Fn.create(bigint(32))]
      const R = BASE.multiply(meetingKey(g, k, below(26), below(2) ? 'terms' : 'sums', below(2) === 1)).toAffine()
      // Q = −z/r · G + s/r · R.
      const s = Fn.mul(k, Fn.create(R.x))
      if (s > N >> 1n) continue
      const hash = Fn.toBytes(Fn.neg(Fn.mul(g, Fn.create(R.x))))
      items.push({ hash, r: R.x, s, yParity: Number(R.y & 1n) as 0 | 1 })
    }
    expect(verifier.recoverPublicKeys(items), `seed ${seed}`).toEqual(noble.recoverPublicKeys(items))
  })

  test('equals noble on edge scalars, hashes, wrong parities, damaged and out-of-range values, mixed in one batch', () => {
    const edge = [
      0n,
      1n,
      2n,
      3n,
      N >> 1n,
      (N >> 1n) + 1n,
      N - 1n,
      N,
      N + 1n,
      P - 1n,
      P,
      P - N,
      1n << 255n,
      (1n << 256n) - 1n,
      1n << 256n,
      -1n,
    ]
    const hashes = [0n, 1n, N - 1n, N, N + 1n, (1n << 256n) - 1n].map((x) =>
      Uint8Array.from(Buffer.from(x.toString(16).padStart(64, '0'), 'hex')),
    )
    const items: RecoverItem[] = []
    for (const r of edge) items.push({ hash: bytes(32), r, s: 1n, yParity: 0 })
    for (const s of edge) items.push({ hash: bytes(32), r: 1n, s, yParity: 1 })
    for (const hash of hashes) for (const secret of [1n, 2n, N - 1n]) items.push(signed(secret, hash))
    const good = signed(7n, bytes(32))
    items.push(
      good,
      { ...good, yParity: (1 - good.yParity) as 0 | 1 },
      { ...good, yParity: 2 as 0 },
      { ...good, hash: new Uint8Array(31) },
    )
    for (let i = 0; i < 12; i++)
      items.push({ hash: bytes(32), r: bigint(32), s: bigint(32) >> 1n, yParity: (i & 1) as 0 | 1 })
    expect(verifier.recoverPublicKeys(items), `seed ${seed}`).toEqual(noble.recoverPublicKeys(items))
  })

  test('finds y and address of compressed keys as noble does', () => {
    const edge = [0n, 1n, 5n, P - 1n, P, (1n << 256n) - 1n].map((x) =>
      Uint8Array.from(Buffer.from(x.toString(16).padStart(64, '0'), 'hex')),
    )
    const xs = [...edge, ...Array.from({ length: 9 }, () => bytes(32)), new Uint8Array(31)]
    const keys = xs.flatMap((x) => [
      { x, yParity: 0 as const },
      { x, yParity: 1 as const },
      { x, yParity: 2 as 0 },
    ])
    for (const some of [keys, keys.slice(1), keys.slice(0, 1), []])
      expect(verifier.liftMany(some)).toEqual(noble.liftMany(some))
  })

  test('refuses a signature whose key would be the point at infinity', () => {
    // Q = r⁻¹(sR − zG) vanishes when s·R = z·G: choose R = kG and z = s·k.
    const k = 1n + (bigint(32) % (N - 1n))
    const R = secp256k1.Point.BASE.multiply(k).toAffine()
    const s = 5n
    const hash = secp256k1.Point.Fn.toBytes((s * k) % N)
    const item = { hash, r: R.x % N, s, yParity: Number(R.y & 1n) as 0 | 1 }
    const good = signed(9n, bytes(32))
    expect(verifier.recoverPublicKeys([good, item, good])).toEqual([good.key, null, good.key])
    expect(noble.recoverPublicKeys([item])).toEqual([null])
  })
})
