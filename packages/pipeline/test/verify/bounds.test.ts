/**
 * The machine-checked bound: the recipes from which the kernels are emitted, run on intervals. Every operation takes any limbs
 * of the contract and gives limbs of the contract, exactly; so no formula, and no input an attacker chooses, can make a limb
 * overflow. Then the compiled kernels at the edges of the contract against BigInt.
 */
import { describe, expect, test } from 'vitest'
import { BoundMachine, BoundViolation, contract } from '../../scripts/kernels/fma-bounds.ts'
import * as fma from '../../scripts/kernels/fma-field.ts'
import { INT_CONTRACT, IntBoundMachine } from '../../scripts/kernels/int-bounds.ts'
import * as int from '../../scripts/kernels/int-field.ts'
import { probeEd25519ScalarWasm } from '../../src/generated/probe-ed25519-scalar.ts'
import { probeEd25519SimdWasm } from '../../src/generated/probe-ed25519-simd.ts'
import { probeSecp256k1ScalarWasm } from '../../src/generated/probe-secp256k1-scalar.ts'
import { probeSecp256k1SimdWasm } from '../../src/generated/probe-secp256k1-simd.ts'
import { instantiateSync } from '../../src/hash/wasm-module.ts'
import { random } from '../random.ts'

interface Probe {
  readonly memory: WebAssembly.Memory
  heapBase(): number
  mul(r: number, a: number, b: number): void
  sqr(r: number, a: number): void
  add(r: number, a: number, b: number): void
  sub(r: number, a: number, b: number): void
  mul3(r: number, a: number): void
  mul21(r: number, a: number): void
  negateIf(r: number, a: number, negate0: boolean, negate1: boolean): void
  freeze(a: number, lane: number): void
  fromWords(a: number, lane: number, w0: bigint, w1: bigint, w2: bigint, w3: bigint): void
  readonly w0: WebAssembly.Global<'i64'>
  readonly w1: WebAssembly.Global<'i64'>
  readonly w2: WebAssembly.Global<'i64'>
  readonly w3: WebAssembly.Global<'i64'>
}

const fmaRecipes: Record<string, (m: fma.FmaMachine<{ max: bigint; grain: number }>) => void> = {
  multiply: fma.multiply,
  square: fma.square,
  addition: fma.addition,
  subtraction: fma.subtraction,
  'times 3': (m) => fma.multiplySmall(m, 3),
  'times 21': (m) => fma.multiplySmall(m, 21),
}
const intRecipes: Record<string, (m: int.IntMachine<bigint>) => void> = {
  multiply: int.multiply,
  square: int.square,
  addition: int.addition,
  subtraction: int.subtraction,
  'times 3': (m) => int.multiplySmall(m, 3),
  'times 21': (m) => int.multiplySmall(m, 21),
}

describe('no input of the contract makes a double inexact', () => {
  for (const field of [fma.SECP256K1_FMA, fma.ED25519_FMA])
    test.each(Object.keys(fmaRecipes))(`${field.name}: %s`, (name) => {
      const machine = new BoundMachine(field)
      fmaRecipes[name]!(machine)
      expect(machine.stored.every(Boolean)).toBe(true)
      expect(machine.widest).toBeLessThanOrEqual(1n << 53n)
    })

  test('and the proof is not vacuous: limbs a quarter above the contract are refused', () => {
    const loose = new BoundMachine(fma.SECP256K1_FMA, (k) => {
      const { max, grain } = contract(fma.SECP256K1_FMA, k)
      return { max: (max * 5n) / 4n, grain }
    })
    expect(() => fma.multiply(loose)).toThrow(BoundViolation)
  })

  test('the layout is consistent: weights of products never fall below their column', () => {
    for (const { b, fold, prime } of [fma.SECP256K1_FMA, fma.ED25519_FMA]) {
      for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) expect(b[i]! + b[j]!).toBeGreaterThanOrEqual(b[i + j]!)
      for (let k = 5; k < 10; k++) expect(b[k]! - b[5]!).toBeGreaterThanOrEqual(b[k - 5]!)
      expect((1n << BigInt(b[5]!)) % prime).toBe(fold)
    }
  })
})

describe('no input of the contract makes an i64 overflow', () => {
  for (const field of [int.SECP256K1_INT, int.ED25519_INT])
    test.each(Object.keys(intRecipes))(`${field.name}: %s`, (name) => {
      const machine = new IntBoundMachine(field)
      intRecipes[name]!(machine)
      expect(machine.widest).toBeLessThan(1n << 63n)
    })

  test('the folds are the powers they stand for', () => {
    for (const { fold, prime, bits, foldBits } of [int.SECP256K1_INT, int.ED25519_INT]) {
      expect(fold.reduce((sum, factor, i) => sum + (BigInt(factor) << BigInt(26 * i)), 0n)).toBe((1n << 260n) % prime)
      expect((1n << BigInt(bits)) % prime).toBe(foldBits)
    }
  })
})

interface Layout {
  readonly name: string
  readonly wasm: string
  readonly prime: bigint
  /** Writes a lane whose limbs are ±1, ±2 … fractions of the contract; returns the value it stands for. */
  write(view: DataView, at: number, lane: number, choose: (limb: number) => bigint): bigint
  readonly limbs: number
  bound(limb: number): bigint
}

function fmaLayout(field: fma.FmaField, wasm: string): Layout {
  return {
    name: `${field.name}, relaxed SIMD`,
    wasm,
    prime: field.prime,
    limbs: 5,
    bound: (k) => contract(field, k).max >> BigInt(field.b[k]!),
    write(view, at, lane, choose) {
      let value = 0n
      for (let k = 0; k < 5; k++) {
        const units = choose(k)
        value += units << BigInt(field.b[k]!)
        view.setFloat64(at + 16 * k + 8 * lane, Number(units) * 2 ** field.b[k]!, true)
      }
      return value
    },
  }
}

function intLayout(field: int.IntField, wasm: string): Layout {
  return {
    name: `${field.name}, scalar`,
    wasm,
    prime: field.prime,
    limbs: 10,
    bound: () => INT_CONTRACT,
    write(view, at, lane, choose) {
      let value = 0n
      for (let k = 0; k < 10; k++) {
        const units = choose(k)
        value += units << BigInt(26 * k)
        view.setInt32(at + 16 * (k >> 1) + 8 * lane + 4 * (k & 1), Number(units), true)
      }
      return value
    },
  }
}

const layouts = [
  fmaLayout(fma.SECP256K1_FMA, probeSecp256k1SimdWasm),
  fmaLayout(fma.ED25519_FMA, probeEd25519SimdWasm),
  intLayout(int.SECP256K1_INT, probeSecp256k1ScalarWasm),
  intLayout(int.ED25519_INT, probeEd25519ScalarWasm),
]

describe.each(layouts)('$name: the compiled operations equal BigInt', ({ wasm, prime, limbs, bound, write }) => {
  const probe = instantiateSync<Probe>(wasm)!
  const base = (probe.heapBase() + 15) & ~15
  const view = new DataView(probe.memory.buffer)
  const [a, b, r] = [base, base + 80, base + 160] as const
  const mod = (x: bigint) => ((x % prime) + prime) % prime
  const read = (at: number, lane: number) => {
    probe.freeze(at, lane)
    return [probe.w3, probe.w2, probe.w1, probe.w0].reduce((x, w) => (x << 64n) | BigInt.asUintN(64, w.value), 0n)
  }
  const { seed, below, bigint } = random()
  /** Mostly limbs at the very edge of the contract, all signs; sometimes anything inside. */
  const edgy = (k: number): bigint => {
    const most = bound(k)
    switch (below(8)) {
      case 0:
        return (bigint(8) % (2n * most + 1n)) - most
      case 1:
        return 0n
      case 2:
        return below(2) ? 1n : -1n
      case 3:
        return (below(2) ? 1n : -1n) * (most - BigInt(below(4)))
      default:
        return below(2) ? most : -most
    }
  }

  function check(choose: () => (k: number) => bigint) {
    const va = [write(view, a, 0, choose()), write(view, a, 1, choose())]
    const vb = [write(view, b, 0, choose()), write(view, b, 1, choose())]
    const same = (name: string, expected: (x: bigint, y: bigint) => bigint) => {
      for (const lane of [0, 1])
        expect(read(r, lane), `${name}, seed ${seed}, a ${va[lane]}, b ${vb[lane]}`).toBe(
          mod(expected(va[lane]!, vb[lane]!)),
        )
    }
    probe.mul(r, a, b)
    same('mul', (x, y) => x * y)
    probe.sqr(r, a)
    same('sqr', (x) => x * x)
    probe.add(r, a, b)
    same('add', (x, y) => x + y)
    probe.sub(r, a, b)
    same('sub', (x, y) => x - y)
    probe.mul3(r, a)
    same('mul3', (x) => 3n * x)
    probe.mul21(r, a)
    same('mul21', (x) => 21n * x)
    probe.negateIf(r, a, true, true)
    same('negate', (x) => -x)
    for (const lane of [0, 1]) expect(read(a, lane)).toBe(mod(va[lane]!))
  }

  test('at every corner: all limbs at ± the bound', () => {
    const corners = 1 << limbs
    for (let i = 0; i < corners; i++) {
      const corner = (bits: number) => (k: number) => ((bits >> k) & 1 ? bound(k) : -bound(k))
      const picks = [corner(i), corner(corners - 1 - i), corner(i), corner((i * 7 + 3) % corners)]
      check(() => picks.shift()!)
    }
  })

  test('at random edges', () => {
    const rounds = process.env.ZOS_LONG ? 1_000_000 : 4000
    for (let i = 0; i < rounds; i++) check(() => edgy)
  })

  test('values around 0, p and 2^256 are read and frozen canonically', () => {
    const top = 1n << (prime > 1n << 255n ? 256n : 255n)
    for (const value of [
      0n,
      1n,
      2n,
      19n,
      prime - 1n,
      prime,
      prime + 1n,
      top - 1n,
      top >> 1n,
      (top >> 1n) - 1n,
      bigint(31),
    ]) {
      if (value >= top) continue
      for (const lane of [0, 1]) {
        probe.fromWords(
          a,
          lane,
          BigInt.asIntN(64, value),
          BigInt.asIntN(64, value >> 64n),
          BigInt.asIntN(64, value >> 128n),
          BigInt.asIntN(64, value >> 192n),
        )
        expect(read(a, lane)).toBe(value % prime)
        probe.mul(r, a, a)
        expect(read(r, lane)).toBe(mod(value * value))
      }
    }
  })
})
