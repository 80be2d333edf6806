/**
 * The BigInt engine: F_{p²} in the plainest form there is. Complete by itself, and what the tests compare the WebAssembly
 * engine to. About six times slower.
 */
import type { ParameterSet } from '../params.ts'
import type { Fp2Engine, Slot } from './engine.ts'
import { FORMULAS, type FormulaName } from './formulas.ts'

/** a^((p − 3)/4), from which inverse, square root and quadratic character all follow since p ≡ 3 (mod 4). */
export function progenitor(set: ParameterSet, a: bigint): bigint {
  const { p } = set
  // (p − 3)/4 = (c − 1)·2^(f−2) + (2^(f−2) − 1): the bits of c − 1, then f − 2 ones, taken eight at a time.
  const ones: bigint[] = [1n, a]
  for (let k = 2; k <= 8; k++) ones.push((((ones[k - 1]! * ones[k - 1]!) % p) * a) % p)
  let x = 1n
  for (let n = set.c - 1; n > 0; n--) x = (x * a) % p
  for (let left = set.f - 2; left > 0; ) {
    const k = Math.min(left, 8)
    for (let j = 0; j < k; j++) x = (x * x) % p
    x = (x * ones[k]!) % p
    left -= k
  }
  return x
}

/** @param set the parameter set whose prime defines the field. */
export function createBigIntEngine(set: ParameterSet): Fp2Engine {
  const { p } = set
  const re: bigint[] = []
  const im: bigint[] = []
  let top = 0
  const inverse2 = (p + 1n) / 2n
  const mod = (x: bigint): bigint => {
    const r = x % p
    return r < 0n ? r + p : r
  }
  const c = BigInt(set.c)
  const f = BigInt(set.f)
  /** x mod p for 0 ≤ x < 2p²: with h = ⌊x/(c·2^f)⌋, x ≡ (x mod c·2^f) + h. A fifth faster than the remainder operator. */
  const reduce = (x: bigint): bigint => {
    const high = x >> f
    const h = high / c
    let r = ((high - h * c) << f) + BigInt.asUintN(set.f, x) + h
    while (r >= p) r -= p
    return r
  }
  /** The same for −p² < x < p². */
  const reduceSigned = (x: bigint): bigint => {
    if (x >= 0n) return reduce(x)
    const r = reduce(-x)
    return r === 0n ? 0n : p - r
  }
  const isSquare = (n: bigint): boolean => {
    if (n === 0n) return true
    const w = progenitor(set, n)
    return (((w * w) % p) * n) % p === 1n
  }
  const inverse = (n: bigint): bigint => {
    // Extended Euclid: variable time, the cheapest way with BigInt.
    if (n === 0n) return 0n
    let [a, b, u, v] = [n, p, 1n, 0n]
    while (b !== 0n) {
      const q = a / b
      ;[a, b] = [b, a - q * b]
      ;[u, v] = [v, u - q * v]
    }
    return mod(u)
  }

  const engine = {
    kind: 'bigint' as const,
    set,
    stride: 1,
    tmp: 0,
    zero: 0,
    one: 0,
    k: {} as Record<FormulaName, (...handles: number[]) => void>,
    alloc(n: number): Slot {
      const at = top
      top += n
      for (let j = at; j < top; j++) {
        re[j] = 0n
        im[j] = 0n
      }
      return at
    },
    mark: (): number => top,
    release(mark: number): void {
      for (let j = mark; j < top; j++) {
        re[j] = 0n
        im[j] = 0n
      }
      top = mark
    },
    add(r: Slot, a: Slot, b: Slot): void {
      const x = re[a]! + re[b]!
      const y = im[a]! + im[b]!
      re[r] = x >= p ? x - p : x
      im[r] = y >= p ? y - p : y
    },
    sub(r: Slot, a: Slot, b: Slot): void {
      const x = re[a]! - re[b]!
      const y = im[a]! - im[b]!
      re[r] = x < 0n ? x + p : x
      im[r] = y < 0n ? y + p : y
    },
    mul(r: Slot, a: Slot, b: Slot): void {
      const x = re[a]! * re[b]!
      const y = im[a]! * im[b]!
      const z = (re[a]! + im[a]!) * (re[b]! + im[b]!)
      re[r] = reduceSigned(x - y)
      im[r] = reduce(z - x - y)
    },
    sqr(r: Slot, a: Slot): void {
      const x = re[a]!
      const y = im[a]!
      re[r] = reduceSigned((x + y) * (x - y))
      im[r] = reduce((x + x) * y)
    },
    copy(r: Slot, a: Slot): void {
      re[r] = re[a]!
      im[r] = im[a]!
    },
    neg(r: Slot, a: Slot): void {
      re[r] = re[a] === 0n ? 0n : p - re[a]!
      im[r] = im[a] === 0n ? 0n : p - im[a]!
    },
    mulByI(r: Slot, a: Slot): void {
      const x = re[a]!
      re[r] = im[a] === 0n ? 0n : p - im[a]!
      im[r] = x
    },
    conj(r: Slot, a: Slot): void {
      re[r] = re[a]!
      im[r] = im[a] === 0n ? 0n : p - im[a]!
    },
    half(r: Slot, a: Slot): void {
      re[r] = (re[a]! * inverse2) % p
      im[r] = (im[a]! * inverse2) % p
    },
    inv(r: Slot, a: Slot): void {
      const x = re[a]!
      const y = im[a]!
      const n = inverse((x * x + y * y) % p)
      re[r] = (x * n) % p
      im[r] = mod(-y * n)
    },
    sqrt(r: Slot, a: Slot): void {
      const x = re[a]!
      const y = im[a]!
      const norm = (x * x + y * y) % p
      // δ = √(x² + y²), except that y = 0 takes δ = x so that δ + x does not vanish.
      const delta = y === 0n ? x : (progenitor(set, norm) * norm) % p
      const s = (delta + x) % p
      const t = (s + s) % p
      const w = progenitor(set, t)
      const u = (s * w) % p
      const v = (w * y) % p
      if ((4n * u * u) % p === t) {
        re[r] = u
        im[r] = v
      } else {
        re[r] = v
        im[r] = u === 0n ? 0n : p - u
      }
    },
    isSquare: (a: Slot): boolean => isSquare((re[a]! * re[a]! + im[a]! * im[a]!) % p),
    isZero: (a: Slot): boolean => re[a] === 0n && im[a] === 0n,
    equal: (a: Slot, b: Slot): boolean => re[a] === re[b] && im[a] === im[b],
    isSquareFp: (n: number): boolean => isSquare(mod(BigInt(n))),
    write(r: Slot, x: bigint, y: bigint): void {
      re[r] = mod(x)
      im[r] = mod(y)
    },
    read: (a: Slot): { re: bigint; im: bigint } => ({ re: re[a]!, im: im[a]! }),
  }
  engine.tmp = engine.alloc(16)
  engine.zero = engine.alloc(1)
  engine.one = engine.alloc(1)
  re[engine.one] = 1n
  for (const [name, [, formula]] of Object.entries(FORMULAS))
    engine.k[name as FormulaName] = (...handles: number[]) =>
      (formula as (F: Fp2Engine, ...h: number[]) => void)(engine, ...handles)
  return engine
}
