import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bytesToHex, concatBytes, hexToBytes } from '@ethereumjs/util'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { createVerifier } from '@zos/pipeline/verify'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Evm } from '../../src/execution/evm.ts'
import { fastPrecompiles } from '../../src/precompiles/fast-precompiles.ts'
import { type Precompiles, smallPrecompiles } from '../../src/precompiles/precompiles.ts'
import { EMPTY_ACCOUNT } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'

const GAS = 10_000_000n
const CONTEXT = {
  number: 1,
  beneficiary: `0x${'0e'.repeat(20)}`,
  gasLimit: 150_000_000n,
  timestamp: 1_000,
  mixHash: `0x${'07'.repeat(32)}`,
  baseFeePerGas: 10n ** 9n,
} as const
const STATE = { account: () => EMPTY_ACCOUNT, storage: () => new Uint8Array(), code: () => new Uint8Array() }

interface Answer {
  output: string | null
  gasUsed: bigint
}
type Ask = (address: string, input: Uint8Array) => Promise<Answer>

let fast: Ask
let small: Ask
let kzgOfNode: Precompiles['kzg']

beforeAll(async () => {
  const ask = async (precompiles: Precompiles): Promise<Ask> => {
    const evm = await Evm.create(1, () => undefined, [], undefined, undefined, precompiles)
    return async (address, data) => {
      const { succeeded, gasUsed, returned } = await evm.call(new StateOverlay(STATE), CONTEXT, {
        from: `0x${'aa'.repeat(20)}`,
        to: `0x${address.padStart(40, '0')}`,
        gasLimit: GAS,
        value: 0n,
        data,
      })
      return { output: succeeded ? bytesToHex(returned).slice(2) : null, gasUsed }
    }
  }
  const precompiles = fastPrecompiles(createVerifier())
  fast = await ask(precompiles)
  kzgOfNode = precompiles.kzg
  small = await ask(smallPrecompiles())
})

const { cases } = JSON.parse(readFileSync(new URL('vectors/eips.json', import.meta.url), 'utf8')) as {
  cases: Record<string, [input: string, output: string | null][]>
}

describe.each(Object.keys(cases))('the vectors of the EIP for the precompile at 0x%s', (address) => {
  test('are what the node answers', async () => {
    for (const [input, output] of cases[address]!) {
      const answer = await fast(address, hexToBytes(`0x${input}`))
      expect(answer.output, input).toBe(output)
      if (output === null) expect(answer.gasUsed).toBe(GAS)
    }
  })
})

/** KZG cases of ethereum/execution-specs (point_evaluation_vectors, CC0): commitment, z, y, proof, and whether it holds. */
const C1 = '8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7'
const C2 = 'a421e229565952cfff4ef3517100a97da1d4fe57956fa50a442f92af03b1bf37adacc8ad4ed209b31287ea5bb94d9d06'
const INFINITY = `c0${'00'.repeat(47)}`
const GENERATOR = '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'
const ONE = '01'.padStart(64, '0')
const Y1 = '60f840641ec0d0c0d2b77b2d5a393b329442721fad05ab78c7b98f2aa3c20ec9'
const P1 = 'b30b3d1e4faccc380557792c9a0374d58fa286f5f75fea48870585393f890909cd3c53cfe4897e799fb211b4be531e43'
const R = '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001'
const KZG: [string, string, string, string, boolean][] = [
  [C1, ONE, Y1, P1, true],
  [
    C2,
    '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000',
    '304962b3598a0adf33189fdfd9789feab1096ff40006900400000003fffffffc',
    'aa86c458b3065e7ec244033a2ade91a7499561f482419a3a372c42a636dad98262a2ce926d142fd7cfe26ca148efe8b4',
    true,
  ],
  [INFINITY, '564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306', '00'.repeat(32), INFINITY, true],
  [C1, '00'.repeat(32), '61157104410181bdc6eac224aa9436ac268bdcfeecb6badf71d228adda820af3', P1, false],
  [C2, ONE, '1824b159acc5056f998c4fefecbc4ff55884b7fa0003480200000001fffffffe', GENERATOR, false],
  [C2, ONE, '1824b159acc5056f998c4fefecbc4ff55884b7fa0003480200000001fffffffe', INFINITY, false],
  [INFINITY, R, '00'.repeat(32), INFINITY, false],
  [INFINITY, ONE, R, INFINITY, false],
  [
    C1,
    ONE,
    Y1,
    '8123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    false,
  ],
]

test.each(KZG)(
  'point evaluation (EIP-4844) of %s at %s is %s with the proof %s: %s',
  async (commitment, z, y, proof, holds) => {
    const hash = createHash('sha256')
      .update(hexToBytes(`0x${commitment}`))
      .digest('hex')
    const input = hexToBytes(`0x01${hash.slice(2)}${z}${y}${commitment}${proof}`)
    const answer = await fast('0a', input)
    // How many values a blob has, and the order of the field.
    expect(answer.output).toBe(holds ? `${'1000'.padStart(64, '0')}${R}` : null)
    expect(await small('0a', input)).toEqual(answer)
  },
)

const number = (value: bigint, bytes: number) => hexToBytes(`0x${value.toString(16).padStart(2 * bytes, '0')}`)
const scalars = fc.oneof(
  fc.bigInt(0n, 2n ** 256n - 1n),
  fc.constantFrom(
    0n,
    1n,
    2n,
    bls12_381.fields.Fr.ORDER,
    bls12_381.fields.Fr.ORDER - 1n,
    bn254.fields.Fr.ORDER,
    bn254.fields.Fr.ORDER - 1n,
  ),
)

/** A point in the subgroup, at infinity, on the curve only, with a coordinate that is none, or no point: in the precompile's own bytes. */
function points(curve: typeof bls12_381 | typeof bn254, group: 'G1' | 'G2', bytes: number) {
  const { Point } = curve[group] as typeof bls12_381.G2
  const { Fp, Fp2, Fr } = curve.fields
  const isG2 = group === 'G2'
  const coordinates = (value: any) => {
    const parts: bigint[] = isG2 ? [value.c0, value.c1] : [value]
    if (curve === bn254) parts.reverse()
    return parts.map((part) => number(part, bytes))
  }
  const encode = ({ x, y }: { x: any; y: any }) => concatBytes(...coordinates(x), ...coordinates(y))
  const field: any = isG2 ? Fp2 : Fp
  const element = (x: bigint) => (isG2 ? { c0: Fp.create(x), c1: Fp.create(x * x + 1n) } : Fp.create(x))
  const onCurve = (start: bigint) => {
    for (let x = start; ; x++) {
      const value = element(x)
      try {
        return { x: value, y: field.sqrt(field.add(field.mul(field.sqr(value), value), (Point as any).CURVE().b)) }
      } catch {} // no square: the next
    }
  }
  const good = fc.bigInt(1n, Fr.ORDER - 1n).map((k) => encode(Point.BASE.multiplyUnsafe(k).toAffine()))
  const length = (isG2 ? 4 : 2) * bytes
  return fc.oneof(
    { weight: 6, arbitrary: good },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(length)) },
    { weight: 2, arbitrary: fc.bigInt(0n, Fp.ORDER - 1n).map((x) => encode(onCurve(x))) },
    {
      weight: 1,
      arbitrary: good.chain((point) =>
        fc
          .integer({ min: 0, max: length - 1 })
          .map((at) => point.map((byte, index) => (index === at ? byte ^ 1 : byte))),
      ),
    },
    {
      weight: 1,
      arbitrary: good.map((point) => {
        const beyond = point.slice()
        beyond.set(number(BigInt(bytesToHex(beyond.subarray(0, bytes))) + Fp.ORDER, bytes + 1).subarray(1))
        return beyond
      }),
    },
  )
}

const word = scalars.map((value) => number(value, 32))
const bls1 = points(bls12_381, 'G1', 64)
const bls2 = points(bls12_381, 'G2', 64)
const bn1 = points(bn254, 'G1', 32)
const bn2 = points(bn254, 'G2', 32)
const several = (...parts: fc.Arbitrary<Uint8Array>[]) =>
  fc.array(fc.tuple(...parts), { maxLength: 4 }).map((items) => concatBytes(...items.flat()))
const joined = (...parts: fc.Arbitrary<Uint8Array>[]) => fc.tuple(...parts).map((items) => concatBytes(...items))
/** Pairs whose product is one: (a·P, Q) and (−a·P, Q). */
const opposite = (curve: typeof bls12_381 | typeof bn254, bytes: number) =>
  fc.bigInt(1n, 2n ** 200n).map((a) => {
    const { G1, G2 } = curve
    const encode = (x: bigint) => number(x, bytes)
    const g2 = G2.Point.BASE.toAffine() as any
    const parts = (value: any) => (curve === bn254 ? [value.c1, value.c0] : [value.c0, value.c1]).map(encode)
    const pair = (point: any) => {
      const { x, y } = point.toAffine()
      return concatBytes(encode(x), encode(y), ...parts(g2.x), ...parts(g2.y))
    }
    const point = G1.Point.BASE.multiply(a)
    return concatBytes(pair(point), pair(point.negate()))
  })
const fieldElement = fc
  .oneof(fc.bigInt(0n, bls12_381.fields.Fp.ORDER - 1n), fc.constantFrom(0n, 1n, bls12_381.fields.Fp.ORDER))
  .map((value) => number(value, 64))

const signature = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .filter(([key]) => key.some((byte) => byte > 0) && key[0] !== 255)

const recoverable = fc
  .tuple(signature, fc.boolean(), fc.constantFrom(27n, 28n, 0n, 29n))
  .map(([[key, hash], isHigh, other]) => {
    const bytes = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' })
    const s = BigInt(bytesToHex(bytes.slice(33)))
    const parity = BigInt(bytes[0]!)
    const v = other === 27n || other === 28n ? 27n + (isHigh ? 1n - parity : parity) : other
    return concatBytes(hash, number(v, 32), bytes.slice(1, 33), number(isHigh ? secp256k1.Point.Fn.ORDER - s : s, 32))
  })

const p256Signed = fc.tuple(signature, fc.boolean()).map(([[key, hash], isHigh]) => {
  const bytes = p256.sign(hash, key, { prehash: false, format: 'compact' })
  const s = BigInt(bytesToHex(bytes.slice(32)))
  return concatBytes(
    hash,
    bytes.slice(0, 32),
    number(isHigh ? p256.Point.Fn.ORDER - s : s, 32),
    p256.getPublicKey(key, false).slice(1),
  )
})

const flipped = (input: fc.Arbitrary<Uint8Array>) =>
  fc.oneof(
    input,
    fc
      .tuple(input, fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([bytes, at, by]) => bytes.map((byte, index) => (index === at % bytes.length ? byte ^ by : byte))),
  )

test.each<[string, string, fc.Arbitrary<Uint8Array>, number]>([
  ['ecrecover', '01', fc.oneof(flipped(recoverable), fc.uint8Array({ maxLength: 140 })), 60],
  ['addition on BN254', '06', fc.oneof(joined(bn1, bn1), fc.uint8Array({ maxLength: 140 })), 80],
  ['multiplication on BN254', '07', joined(bn1, word), 60],
  ['pairings on BN254', '08', fc.oneof(several(bn1, bn2), opposite(bn254, 32)), 25],
  ['addition in G1 of BLS12-381', '0b', joined(bls1, bls1), 60],
  ['sums of products in G1 of BLS12-381', '0c', several(bls1, word), 30],
  ['addition in G2 of BLS12-381', '0d', joined(bls2, bls2), 40],
  ['sums of products in G2 of BLS12-381', '0e', several(bls2, word), 20],
  ['pairings on BLS12-381', '0f', fc.oneof(several(bls1, bls2), opposite(bls12_381, 64)), 20],
  ['the map to G1 of BLS12-381', '10', fieldElement, 30],
  ['the map to G2 of BLS12-381', '11', joined(fieldElement, fieldElement), 20],
  ['P256VERIFY', '100', flipped(p256Signed), 60],
  [
    'BLAKE2F',
    '09',
    fc
      .tuple(fc.integer({ min: 0, max: 99 }), fc.uint8Array({ minLength: 208, maxLength: 208 }), fc.nat(2))
      .map(([rounds, state, last]) => concatBytes(number(BigInt(rounds), 4), state, Uint8Array.of(last))),
    100,
  ],
])(
  '%s: the node and the light node give one answer',
  async (_, address, inputs, numRuns) => {
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        expect(await fast(address, input)).toEqual(await small(address, input))
      }),
      { numRuns },
    )
  },
  120_000,
)

test('more points than are handled at a time are summed up as few are', async () => {
  const point = (k: bigint) => {
    const { x, y } = bls12_381.G1.Point.BASE.multiply(k).toAffine()
    return concatBytes(number(x, 64), number(y, 64))
  }
  const input = concatBytes(
    ...Array.from({ length: 300 }, (_, k) => concatBytes(point(BigInt(k + 1)), number(BigInt(k), 32))),
  )
  const sum = Array.from({ length: 300 }, (_, k) => BigInt((k + 1) * k)).reduce((a, b) => a + b)
  expect((await fast('0c', input)).output).toBe(bytesToHex(point(sum)).slice(2))
  const pair = (k: bigint) => {
    const { x, y } = bls12_381.G2.Point.BASE.toAffine()
    const base = bls12_381.G1.Point.BASE.multiply(k > 0n ? k : -k)
    const of = (k > 0n ? base : base.negate()).toAffine()
    return concatBytes(
      number(of.x, 64),
      number(of.y, 64),
      ...[x.c0, x.c1, y.c0, y.c1].map((value) => number(value, 64)),
    )
  }
  const between = Array.from({ length: 198 }, (_, k) => pair(k % 2 === 0 ? 3n : -3n))
  expect((await fast('0f', concatBytes(pair(7n), ...between, pair(-7n)))).output).toBe('01'.padStart(64, '0'))
  expect((await fast('0f', concatBytes(pair(7n), ...between, pair(7n)))).output).toBe('00'.repeat(32))
})

test('a commitment outside of the subgroup is refused even where its pairing is right', async () => {
  await fast('0a', new Uint8Array()) // loads the curve
  const { Point } = bls12_381.G1
  const { Fp, Fr } = bls12_381.fields
  // What is left of a point of the curve when its part in the subgroup is gone: it pairs to one with everything.
  let torsion = Point.ZERO
  for (let x = 4n; torsion.is0(); x++)
    try {
      torsion = Point.fromAffine({ x, y: Fp.sqrt(Fp.create(x ** 3n + 4n)) }).multiplyUnsafe(Fr.ORDER - 1n)
      torsion = torsion.add(Point.fromAffine({ x, y: Fp.sqrt(Fp.create(x ** 3n + 4n)) }))
    } catch {} // no point there
  // By hand, as noble writes no such point.
  const compressed = (point: typeof torsion) => {
    const { x, y } = point.toAffine()
    const bytes = number(x, 48)
    bytes[0]! |= y > Fp.ORDER / 2n ? 0xa0 : 0x80
    return bytes
  }
  const value = 5n
  for (const [commitment, holds] of [
    [Point.BASE.multiply(value), true],
    [Point.BASE.multiply(value).add(torsion), undefined],
  ] as const)
    for (const verify of [kzgOfNode, smallPrecompiles().kzg])
      expect(verify(compressed(commitment), number(1n, 32), number(value, 32), hexToBytes(`0x${INFINITY}`))).toBe(holds)
})

test('P256VERIFY takes no s, r or coordinate beyond its range, also where it is right modulo that', async () => {
  const { Fn, Fp, BASE } = p256.Point
  const { b, a } = p256.Point.CURVE()
  const answer = async (...parts: bigint[]) => {
    const input = concatBytes(...parts.map((part) => number(part, 32)))
    const given = await fast('100', input)
    expect(await small('100', input)).toEqual(given)
    return given.output === '01'.padStart(64, '0')
  }
  // The key for which (r, 5) is a signature of the hash.
  const [hash, s] = [77n, 5n]
  const commitment = BASE.multiply(99n)
  const r = Fn.create(commitment.toAffine().x)
  const key = commitment
    .subtract(BASE.multiply(Fn.div(hash, s)))
    .multiply(Fn.div(s, r))
    .toAffine()
  expect(await answer(hash, r, s, key.x, key.y)).toBe(true)
  expect(await answer(hash, r, s + Fn.ORDER, key.x, key.y)).toBe(false)
  expect(await answer(hash, 0n, s, key.x, key.y)).toBe(false)
  expect(await answer(hash, r, 0n, key.x, key.y)).toBe(false)
  expect(await answer(hash, r, s, 0n, 0n)).toBe(false)
  // A signature for a key with a small x: the scalars first, and the hash from them.
  let point: { x: bigint; y: bigint } | undefined
  for (let x = 1n; !point; x++)
    try {
      point = { x, y: Fp.sqrt(Fp.create(x ** 3n + a * x + b)) }
    } catch {} // no point there
  const [u1, u2] = [11n, 13n]
  const r2 = Fn.create(BASE.multiply(u1).add(p256.Point.fromAffine(point).multiply(u2)).toAffine().x)
  const s2 = Fn.div(r2, u2)
  const hash2 = Fn.mul(u1, s2)
  expect(await answer(hash2, r2, s2, point.x, point.y)).toBe(true)
  expect(await answer(hash2, r2, s2, point.x + Fp.ORDER, point.y)).toBe(false)
})

test('a curve that does not load is a fault of the node, not a call that failed', async () => {
  const precompiles = fastPrecompiles(createVerifier())
  const evm = await Evm.create(1, () => undefined, [], undefined, undefined, precompiles)
  const call = () =>
    evm.call(new StateOverlay(STATE), CONTEXT, {
      from: `0x${'aa'.repeat(20)}`,
      to: `0x${'07'.padStart(40, '0')}`,
      gasLimit: GAS,
      value: 0n,
      data: new Uint8Array(96),
    })
  const memory = vi.spyOn(WebAssembly, 'Memory').mockImplementation(() => {
    throw new RangeError('no memory is left')
  })
  await expect(call()).rejects.toMatchObject({ code: 'NODE_NOT_LOADED' })
  memory.mockRestore()
})
