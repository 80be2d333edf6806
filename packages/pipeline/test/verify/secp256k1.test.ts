import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { type Bip340Item, createVerifier, type EcdsaItem } from '../../src/verify/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import { random } from '../random.ts'
import { LAMBDA, meetingKey } from './comb-reference.ts'

const noble = nobleVerifier()
const N = secp256k1.Point.Fn.ORDER
const P = secp256k1.Point.Fp.ORDER
const { bytes, bigint, below, seed } = random()
const be = (x: bigint) => secp256k1.Point.Fp.toBytes(x % P)
const be256 = (x: bigint) => Uint8Array.from(Buffer.from(x.toString(16).padStart(64, '0'), 'hex'))

function bip340(message = bytes(32)): Bip340Item {
  const secret = bytes(32)
  return { publicKey: schnorr.getPublicKey(secret), message, signature: schnorr.sign(message, secret) }
}
function ecdsa(hash = bytes(32)): EcdsaItem {
  const secret = secp256k1.Point.Fn.toBytes(1n + (bigint(32) % (N - 1n)))
  const { r, s, recovery } = secp256k1.Signature.fromBytes(
    secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' }),
    'recovered',
  )
  return { publicKey: secp256k1.getPublicKey(secret, false).slice(1), hash, r, s, yParity: recovery as 0 | 1 }
}
/** The key with its even y. */
function full(item: Bip340Item): Bip340Item {
  const { x, y } = schnorr.utils.lift_x(secp256k1.Point.Fp.fromBytes(item.publicKey)).toAffine()
  return { ...item, publicKey: Uint8Array.from([...be(x), ...be(y)]) }
}
const flip = (data: Uint8Array, at: number) => data.with(at, data[at]! ^ 1)

const [POINTS, MEETINGS] = process.env.ZOS_LONG ? [4_200, 1_600] : [140, 50]

describe.each(['wasm-relaxed-simd', 'wasm'] as const)('%s', (backend) => {
  const verifier = createVerifier({ backends: [backend] })

  test('accepts valid BIP-340 signatures of any message length, singly and in batches of every size', () => {
    const items = [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 128, 500].map((length) => bip340(bytes(length)))
    for (const item of items) expect(verifier.verifyMany('bip340', [item])).toEqual([true])
    const more = [...items, ...Array.from({ length: 60 }, () => bip340())]
    for (const size of [0, 2, 13, 33, 73]) {
      expect(verifier.verifyBatch('bip340', more.slice(0, size))).toBe(true)
      expect(verifier.verifyMany('bip340', more.slice(0, size))).toEqual(Array(size).fill(true))
    }
    expect(verifier.verifyBatch('bip340', more.map(full))).toBe(true)
  })

  test('finds the bad BIP-340 items among good ones, wherever they stand', () => {
    const good = Array.from({ length: 70 }, () => bip340())
    for (const places of [[0], [69], [35, 36], [3, 20, 50], good.map((_, i) => i)]) {
      const items = good.map((item, i) => {
        if (!places.includes(i)) return item
        const kind = below(4)
        if (kind === 0) return { ...item, message: bytes(32) }
        if (kind === 1) return { ...item, publicKey: good[(i + 1) % 70]!.publicKey }
        return { ...item, signature: flip(item.signature, below(64)) }
      })
      expect(verifier.verifyBatch('bip340', items)).toBe(false)
      expect(verifier.verifyMany('bip340', items), `seed ${seed}`).toEqual(good.map((_, i) => !places.includes(i)))
    }
  })

  test('errors that cancel in a plain sum do not cancel under random weights', () => {
    // s1 + d and s2 − d: the unweighted equation would hold.
    const pair = [bip340(), bip340()]
    const shifted = pair.map(({ signature, ...rest }, i) => {
      const s = secp256k1.Point.Fn.fromBytes(signature.subarray(32))
      return {
        ...rest,
        signature: Uint8Array.from([
          ...signature.subarray(0, 32),
          ...secp256k1.Point.Fn.toBytes((s + (i ? 5n : N - 5n)) % N),
        ]),
      }
    })
    const items = [...Array.from({ length: 20 }, () => bip340()), ...shifted]
    expect(verifier.verifyBatch('bip340', items)).toBe(false)
    expect(verifier.verifyMany('bip340', items)).toEqual([...Array(20).fill(true), false, false])
  })

  test('repeated and opposite points in one batch are no exception', () => {
    const one = bip340()
    const secret = bytes(32)
    const messages = Array.from({ length: 30 }, () => bytes(32))
    const oneKey = messages.map((message) => ({
      publicKey: schnorr.getPublicKey(secret),
      message,
      signature: schnorr.sign(message, secret),
    }))
    expect(verifier.verifyBatch('bip340', [...Array(40).fill(one), ...oneKey])).toBe(true)
    const generator = secp256k1.Point.Fn.toBytes(1n)
    const items = messages.map((message) => ({
      publicKey: schnorr.getPublicKey(generator),
      message,
      signature: schnorr.sign(message, generator),
    }))
    expect(verifier.verifyBatch('bip340', items)).toBe(true)
    const e = ecdsa()
    expect(verifier.verifyBatch('ecdsa', Array(50).fill(e))).toBe(true)
    expect(
      verifier.verifyMany('ecdsa', [
        ...Array(20).fill(e),
        { ...e, yParity: (1 - e.yParity!) as 0 | 1 },
        ...Array(20).fill(e),
      ]),
    ).toEqual([...Array(20).fill(true), false, ...Array(20).fill(true)])
  })

  test('equal, opposite and infinite points in the middle of many single checks are no exception', () => {
    const { BASE, Fn } = secp256k1.Point
    // Columns of both scalars that meet: rows of 26 bits, five in each half of k, ten in g; windows of 5 and 10 bits where it goes two by two.
    const small = [0n, 1n, 2n, 15n, 16n, 17n, 31n, 32n, 33n, 48n, 512n, 513n, 1024n]
    const scalars = small.flatMap((x) =>
      [x, N - x, x << 10n, x << 26n, x << 130n, x * LAMBDA, (1n << 255n) + x].map((value) => Fn.create(value)),
    )
    const keys = [1n, 2n, 32n, LAMBDA, 1n << 26n, 1n << 130n, N - 1n].map((d) => {
      const point = BASE.multiply(Fn.create(d))
      return { point, publicKey: point.toBytes(false).slice(1) }
    })
    const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
    const items: EcdsaItem[] = []
    const expected: boolean[] = []
    while (items.length < POINTS) {
      const { point, publicKey } = pick(keys)
      const [g, b] = [pick(scalars), pick(scalars)]
      if (b === 0n) continue
      const R = (g === 0n ? BASE.subtract(BASE) : BASE.multiply(g)).add(point.multiply(b))
      // A signature whose equation multiplies by just these: r = x(R), s = r / b, h = g · s. Of R at infinity there is none that holds.
      const infinite = R.equals(BASE.subtract(BASE))
      const { x, y } = infinite ? { x: 1n, y: 0n } : R.toAffine()
      const s = Fn.mul(Fn.create(x), Fn.inv(b))
      if (s > N >> 1n) continue
      const hash = be256(Fn.mul(g, s))
      const yParity = Number(y & 1n) as 0 | 1
      items.push({ publicKey, hash, r: Fn.create(x), s, ...(below(2) ? { yParity } : {}) })
      expected.push(!infinite)
      if (below(4) > 0) continue
      const other = { publicKey, hash: be256(Fn.create(g * s + 1n)), r: Fn.create(x), s }
      items.push(other)
      expected.push(noble.verifyMany('ecdsa', [other])[0]!)
    }
    const judge = createVerifier({ backends: [backend] })
    judge.verifyMany(
      'ecdsa',
      Array.from({ length: 600 }, () => ({ ...items[0]!, r: 1n })),
    )
    expect(expected.filter(Boolean).length).toBeGreaterThan(POINTS / 2)
    expect(expected).toContain(false)
    // The second time with the tables of the keys at hand.
    for (let time = 0; time < 2; time++) expect(judge.verifyMany('ecdsa', items), `seed ${seed}`).toEqual(expected)
  })

  test('points made to meet in a column, term with term or sum with term, equal or opposite, are computed by complete formulas', () => {
    const { BASE, Fn } = secp256k1.Point
    const items: EcdsaItem[] = []
    while (items.length < MEETINGS) {
      const [g, b] = [Fn.create(bigint(32)), Fn.create(bigint(32))]
      const d = meetingKey(g, b, below(26), below(2) ? 'terms' : 'sums', below(2) === 1)
      const Q = BASE.multiply(d)
      const R = BASE.multiply(g).add(Q.multiply(b))
      // Opposite in the last column: no signature has such an R.
      if (R.is0()) continue
      const { x, y } = R.toAffine()
      const s = Fn.mul(Fn.create(x), Fn.inv(b))
      if (s > N >> 1n) continue
      const item = { publicKey: Q.toBytes(false).slice(1), r: Fn.create(x), s, yParity: Number(y & 1n) as 0 | 1 }
      items.push({ ...item, hash: be256(Fn.mul(g, s)) })
    }
    const judge = createVerifier({ backends: [backend] })
    judge.verifyMany('ecdsa', Array(600).fill({ ...items[0]!, r: 1n }))
    for (let time = 0; time < 2; time++)
      expect(judge.verifyMany('ecdsa', items), `seed ${seed}`).toEqual(items.map(() => true))
  })

  test('verdicts do not depend on the tables that are kept, none, few or all, of BIP-340 and ECDSA keys alike', () => {
    const secrets = Array.from({ length: 24 }, () => secp256k1.Point.Fn.toBytes(1n + (bigint(32) % (N - 1n))))
    const schnorrKeys = secrets.map((secret) => schnorr.getPublicKey(secret))
    const judges = [0, 4, 16, 4096].map((keyTables) => createVerifier({ backends: [backend], keyTables }))
    for (const judge of judges) judge.verifyMany('bip340', Array(600).fill({ ...bip340(), message: bytes(32) }))
    for (const judge of judges) judge.verifyMany('ecdsa', Array(600).fill({ ...ecdsa(), hash: bytes(32) }))
    for (const size of [33, 101]) {
      const expected: boolean[] = []
      const schnorrItems = Array.from({ length: size }, (_, i): Bip340Item => {
        const k = below(secrets.length)
        const message = bytes(32)
        expected[i] = below(4) > 0
        const signature = schnorr.sign(message, secrets[k]!)
        const item = {
          publicKey: schnorrKeys[k]!,
          message,
          signature: expected[i] ? signature : flip(signature, below(64)),
        }
        return below(2) ? item : full(item)
      })
      const ecdsaItems = Array.from({ length: size }, (_, i): EcdsaItem => {
        const secret = secrets[below(secrets.length)]!
        const hash = bytes(32)
        const { r, s, recovery } = secp256k1.Signature.fromBytes(
          secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' }),
          'recovered',
        )
        const publicKey = secp256k1.getPublicKey(secret, false).slice(1)
        return { publicKey, hash: expected[i] ? hash : bytes(32), r, s, yParity: recovery as 0 | 1 }
      })
      for (const judge of judges) {
        expect(judge.verifyMany('bip340', schnorrItems), `seed ${seed}`).toEqual(expected)
        expect(judge.verifyMany('ecdsa', ecdsaItems), `seed ${seed}`).toEqual(expected)
      }
    }
    expect(() => createVerifier({ keyTables: 6 })).toThrow(/multiple of 4/)
  })

  test('equals noble on edge values of every BIP-340 field', () => {
    const item = bip340()
    const edges = [0n, 1n, 5n, N - 1n, N, P - 1n, P, (1n << 256n) - 1n].map(be256)
    const items: Bip340Item[] = [
      ...edges.map((x) => ({ ...item, publicKey: x })),
      ...edges.map((x) => ({ ...item, signature: Uint8Array.from([...x, ...item.signature.subarray(32)]) })),
      ...edges.map((x) => ({ ...item, signature: Uint8Array.from([...item.signature.subarray(0, 32), ...x]) })),
      { ...item, publicKey: item.publicKey.subarray(1) },
      { ...item, publicKey: new Uint8Array(33) },
      { ...item, signature: new Uint8Array(63) },
      { ...item, signature: new Uint8Array(0) },
      full(item),
      { ...item, publicKey: Uint8Array.from([...item.publicKey, ...bytes(32)]) },
      {
        ...item,
        publicKey: Uint8Array.from([
          ...item.publicKey,
          ...be(P - secp256k1.Point.Fp.fromBytes(full(item).publicKey.subarray(32))),
        ]),
      },
      item,
    ]
    const expected = noble.verifyMany('bip340', items)
    expect(verifier.verifyMany('bip340', items)).toEqual(expected)
    items.forEach((one, i) => {
      expect(verifier.verifyBatch('bip340', [one])).toBe(expected[i])
    })
  })

  test('equals noble on ECDSA with and without the parity, good, damaged and at the edges', () => {
    const items: EcdsaItem[] = Array.from({ length: 40 }, () => ecdsa())
    const base = ecdsa()
    for (const x of [0n, 1n, N >> 1n, (N >> 1n) + 1n, N - 1n, N, P, (1n << 256n) - 1n, 1n << 256n, -1n]) {
      items.push({ ...base, r: x }, { ...base, s: x })
      if (x >= 0n && x < 1n << 256n) items.push({ ...base, hash: be256(x) })
    }
    items.push(
      { ...base, s: N - base.s },
      { ...base, publicKey: bytes(64) },
      { ...base, publicKey: new Uint8Array(64) },
    )
    items.push(
      { ...base, publicKey: new Uint8Array(63) },
      { ...base, hash: new Uint8Array(33) },
      { ...base, yParity: 2 as 0 },
    )
    for (let i = 0; i < 20; i++) items.push({ ...ecdsa(), hash: bytes(32) })
    const plain = items.slice(0, 75).map(({ yParity, ...rest }) => rest)
    const expected = noble.verifyMany('ecdsa', [...items, ...plain])
    expect(verifier.verifyMany('ecdsa', [...items, ...plain]), `seed ${seed}`).toEqual(expected)
    expect(expected.slice(0, 40).every(Boolean)).toBe(true)
  })

  test.each([1, 2, 5, 12, 13, 40])(
    'judges the parity of R in %i ECDSA items, whichever way they are checked',
    (size) => {
      const good = Array.from({ length: size }, () => ecdsa())
      const otherParity = good.map((item) => ({ ...item, yParity: (1 - item.yParity!) as 0 | 1 }))
      // A fresh verifier expects good items and takes the batch equation from 13 on; after many bad ones it checks singly.
      for (const long of [0, 600]) {
        const judge = createVerifier({ backends: [backend] })
        if (long > 0)
          judge.verifyMany(
            'ecdsa',
            Array.from({ length: long }, () => otherParity[0]!),
          )
        expect(judge.verifyMany('ecdsa', good)).toEqual(Array(size).fill(true))
        expect(judge.verifyBatch('ecdsa', good)).toBe(true)
        expect(judge.verifyMany('ecdsa', otherParity)).toEqual(Array(size).fill(false))
      }
    },
  )

  test("plain ECDSA accepts R.x = r + n, which Ethereum's form excludes", () => {
    // A key made for such an R: choose R with n ≤ R.x < p, then Q = r⁻¹(sR − zG).
    let x = N + 1n
    let R: InstanceType<typeof secp256k1.Point> | undefined
    for (; !R; x++) {
      try {
        R = secp256k1.Point.fromBytes(Uint8Array.from([2, ...be256(x)]))
      } catch {}
    }
    const { Fn } = secp256k1.Point
    const r = R.toAffine().x - N
    const z = 77n
    const s = 99n
    const Q = R.multiply(Fn.mul(Fn.inv(r), s)).add(secp256k1.Point.BASE.multiply(Fn.mul(Fn.inv(r), Fn.neg(z))))
    const item: EcdsaItem = { publicKey: Q.toBytes(false).slice(1), hash: be256(z), r, s }
    expect(noble.verifyMany('ecdsa', [item])).toEqual([true])
    expect(verifier.verifyMany('ecdsa', [item, { ...item, yParity: 0 }, { ...item, yParity: 1 }])).toEqual([
      true,
      false,
      false,
    ])
    expect(
      noble.verifyMany('ecdsa', [
        { ...item, yParity: 0 },
        { ...item, yParity: 1 },
      ]),
    ).toEqual([false, false])
  })
})
