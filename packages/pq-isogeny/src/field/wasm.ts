/** The WebAssembly engine: kernels of wasm-kernels.ts over one linear memory. Slots are byte addresses. */
import { IsogenyError } from '../errors.ts'
import type { ParameterSet } from '../params.ts'
import type { Fp2Engine, Slot } from './engine.ts'
import { FORMULAS, type FormulaName } from './formulas.ts'
import { emitKernels, layoutOf, MEMORY_BYTES } from './wasm-kernels.ts'

type Op = (...addresses: number[]) => number

/** True when this platform can compile the kernels at run time. */
export function isWasmAvailable(): boolean {
  return typeof WebAssembly === 'object' && typeof WebAssembly.Module === 'function'
}

/**
 * Compiles the kernels of `set` (about 10 ms at level I) and makes an engine.
 * @throws WebAssembly.CompileError under a content-security policy without `wasm-unsafe-eval`
 */
export function createWasmEngine(set: ParameterSet): Fp2Engine {
  const { stride, fp, tmp } = layoutOf(set)
  const { limbs: n, limbBits: w, p } = set
  const instance = new WebAssembly.Instance(new WebAssembly.Module(emitKernels(set)))
  const x = instance.exports as unknown as Record<string, Op>
  const memory = new Uint32Array((instance.exports.memory as WebAssembly.Memory).buffer)
  const op = (name: string): Op => x[name]!
  const [add, sub, mul, sqr, copy, isZero] = ['add', 'sub', 'mul', 'sqr', 'copy', 'isZero'].map(op) as [
    Op,
    Op,
    Op,
    Op,
    Op,
    Op,
  ]
  const [fpAdd, fpSub, fpMul, fpSqr] = ['fpAdd', 'fpSub', 'fpMul', 'fpSqr'].map(op) as [Op, Op, Op, Op]
  const fpSqrTimes = op('fpSqrTimes')
  let top = tmp + 16 * stride
  const alloc = (count: number): Slot => {
    const at = top
    top += count * stride
    if (top > MEMORY_BYTES) throw new IsogenyError('ISOGENY_INTERNAL', 'field memory exhausted', { count })
    return at
  }

  const limbMask = (1n << BigInt(w)) - 1n
  const raw = (at: number, value: bigint): void => {
    for (let j = 0; j < n; j++) {
      memory[(at >> 2) + j] = Number(value & limbMask)
      value >>= BigInt(w)
    }
  }
  const value = (at: number): bigint => {
    let v = 0n
    for (let j = n - 1; j >= 0; j--) v = (v << BigInt(w)) + BigInt(memory[(at >> 2) + j]!)
    return v % p
  }

  const zero = alloc(1)
  const one = alloc(1)
  const half = alloc(1)
  const toMontgomery = alloc(1)
  const fromMontgomery = alloc(1)
  const R = 1n << BigInt(w * n)
  raw(one, R % p)
  raw(half, (((p + 1n) / 2n) * R) % p)
  raw(toMontgomery, (R * R) % p)
  raw(fromMontgomery, 1n)

  // Scratch of F_p elements for roots and inverses.
  const scratch = alloc(12)
  const f = (j: number): number => scratch + j * fp
  const ones = alloc(5)
  /** r = a^((p − 3)/4); see `progenitor` in bigint.ts for the chain. */
  const progenitorFp = (r: number, a: number): void => {
    const power = (k: number): number => ones + (k - 1) * fp
    raw(r, R % p)
    for (let j = set.c - 1; j > 0; j--) fpMul(r, r, a)
    for (let j = 0; j < n; j++) memory[(power(1) >> 2) + j] = memory[(a >> 2) + j]!
    for (let k = 2; k <= 8; k++) {
      fpSqr(power(k), power(k - 1))
      fpMul(power(k), power(k), a)
    }
    for (let left = set.f - 2; left > 0; ) {
      const k = Math.min(left, 8)
      fpSqrTimes(r, k)
      fpMul(r, r, power(k))
      left -= k
    }
  }
  const normTo = (r: number, a: Slot): void => {
    fpSqr(f(0), a)
    fpSqr(f(1), a + fp)
    fpAdd(r, f(0), f(1))
  }
  const copyFp = (r: number, a: number): void => {
    memory.copyWithin(r >> 2, a >> 2, (a >> 2) + n)
  }
  const isZeroFp = (a: number): boolean => value(a) === 0n
  const isSquareFp = (a: number): boolean => {
    progenitorFp(f(2), a)
    fpSqr(f(2), f(2))
    fpMul(f(2), f(2), a)
    const v = value(f(2))
    return v === 0n || v === R % p
  }

  const engine: Fp2Engine = {
    kind: 'wasm',
    set,
    stride,
    tmp,
    zero,
    one,
    k: Object.fromEntries(Object.keys(FORMULAS).map((name) => [name, op(name)])) as Record<FormulaName, Op>,
    alloc,
    mark: () => top,
    release(mark) {
      memory.fill(0, mark >> 2, top >> 2)
      top = mark
    },
    add: add as Fp2Engine['add'],
    sub: sub as Fp2Engine['sub'],
    mul: mul as Fp2Engine['mul'],
    sqr: sqr as Fp2Engine['sqr'],
    copy: copy as Fp2Engine['copy'],
    neg: (r, a) => {
      sub(r, zero, a)
    },
    mulByI(r, a) {
      copyFp(f(0), a)
      fpSub(r, zero, a + fp)
      copyFp(r + fp, f(0))
    },
    conj(r, a) {
      copyFp(r, a)
      fpSub(r + fp, zero, a + fp)
    },
    half: (r, a) => {
      mul(r, a, half)
    },
    inv(r, a) {
      // 1/N = N^(p−2) = (N^((p−3)/4))⁴·N
      normTo(f(2), a)
      progenitorFp(f(3), f(2))
      fpSqrTimes(f(3), 2)
      fpMul(f(3), f(3), f(2))
      fpMul(r, a, f(3))
      fpMul(r + fp, a + fp, f(3))
      fpSub(r + fp, zero, r + fp)
    },
    sqrt(r, a) {
      const [delta, t, w4, u, v] = [f(2), f(3), f(4), f(5), f(6)]
      if (isZeroFp(a + fp)) copyFp(delta, a)
      else {
        normTo(delta, a)
        progenitorFp(w4, delta)
        fpMul(delta, delta, w4)
      }
      fpAdd(delta, delta, a)
      fpAdd(t, delta, delta)
      progenitorFp(w4, t)
      fpMul(u, delta, w4)
      fpMul(v, w4, a + fp)
      fpAdd(w4, u, u)
      fpSqr(w4, w4)
      fpSub(w4, w4, t)
      if (isZeroFp(w4)) {
        copyFp(r, u)
        copyFp(r + fp, v)
      } else {
        copyFp(r, v)
        fpSub(r + fp, zero, u)
      }
    },
    isSquare(a) {
      normTo(f(3), a)
      return isSquareFp(f(3))
    },
    isZero: (a) => isZero(a) === 1,
    equal(a, b) {
      sub(scratch, a, b)
      return isZero(scratch) === 1
    },
    isSquareFp(m) {
      raw(f(3), BigInt(m))
      fpMul(f(3), f(3), toMontgomery)
      return isSquareFp(f(3))
    },
    write(r, re, im) {
      raw(r, ((re % p) + p) % p)
      raw(r + fp, ((im % p) + p) % p)
      mul(r, r, toMontgomery)
    },
    read(a) {
      mul(scratch, a, fromMontgomery)
      return { re: value(scratch), im: value(scratch + fp) }
    },
  }
  return engine
}
