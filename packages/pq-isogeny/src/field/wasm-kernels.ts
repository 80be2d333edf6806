/**
 * The field kernels, emitted for one prime p = c·2^f − 1.
 *
 * An element of F_p is n limbs of w bits in 32-bit words, in Montgomery form with R = 2^(w·n); an element of F_{p²} is two
 * of them. With κ = c·2^(f mod w), p = κ·2^(w(n−1)) − 1: Montgomery's quotient digit is the column itself, and reducing a
 * value costs one division of its top limb by κ.
 *
 * Invariants: every stored value is below 1.2 p; all limbs but the lowest are below 2^w, the lowest below 2^w + 16.
 *
 * Column bounds: real parts are sums of n products of sign ±, below n·2^(2w) in absolute value; imaginary parts are sums
 * of 2n products, non-negative. (w, n) = (28, 12): 2^59.6, 2^60.6; (29, 18): 2^62.2, 2^63.2; (28, 24): 2^60.6, 2^61.6. So
 * real parts fit a signed and imaginary parts an unsigned 64-bit word, with room for carry and reduction. The intermediate
 * sum of the Karatsuba product may wrap modulo 2^64; what is left after the subtraction does not.
 */
import type { ParameterSet } from '../params.ts'
import { FORMULAS } from './formulas.ts'
import { FunctionBody, ModuleBuilder } from './wasm-assembler.ts'

/** Memory of one engine: 8 × 64 KiB holds every chain of signing and verification at level V. */
const PAGES = 16

/** Parameters of a formula under recording are encoded as (index + 1)·2^24 + offset; absolute addresses stay below. */
const PARAMETER = 2 ** 24

export interface KernelLayout {
  readonly set: ParameterSet
  /** Bytes of one F_p element. */
  readonly fp: number
  /** Bytes of one F_{p²} element: the stride of slots. */
  readonly stride: number
  /** Address of the formulas' 16 scratch slots. */
  readonly tmp: number
}

export function layoutOf(set: ParameterSet): KernelLayout {
  const fp = 4 * set.limbs
  return { set, fp, stride: 2 * fp, tmp: 64 }
}

/** Bytes of memory of an engine. */
export const MEMORY_BYTES = PAGES * 65536

function constants(set: ParameterSet) {
  const w = set.limbBits
  return { n: set.limbs, w, mask: (1 << w) - 1, kappa: set.c << (set.f % w) }
}

/** With the top limb in local `top`: writes the reduced top and lowest limbs at r + offset. */
function emitReduce(b: FunctionBody, set: ParameterSet, r: number, offset: number, top: number, q: number): void {
  const { n, kappa } = constants(set)
  b.get(top).i32const(kappa).i32divU.set(q)
  b.get(r)
    .get(top)
    .get(q)
    .i32const(kappa)
    .i32mul.i32sub.i32store(offset + 4 * (n - 1))
  b.get(r).get(r).i32load(offset).get(q).i32add.i32store(offset)
}

/** r = a ± b, for `parts` elements of F_p one after the other. */
function emitAddSub(set: ParameterSet, subtract: boolean, parts: number): FunctionBody {
  const { n, w, mask, kappa } = constants(set)
  const b = new FunctionBody(3)
  const [r, x, y] = [0, 1, 2]
  const carry = Array.from({ length: parts }, () => b.i32())
  const q = b.i32()
  for (let i = 0; i < n; i++)
    for (let part = 0; part < parts; part++) {
      const at = 4 * (part * n + i)
      b.get(x).i32load(at).get(y).i32load(at)
      if (subtract) b.i32sub
      else b.i32add
      if (i > 0) b.get(carry[part]!).i32add
      else if (subtract) b.i32const(-2).i32add // 2p = 2κ·2^(w(n−1)) − 2 keeps the difference positive
      if (i === n - 1 && subtract) b.i32const(2 * kappa).i32add
      b.set(carry[part]!)
      if (i < n - 1) {
        b.get(r).get(carry[part]!).i32const(mask).i32and.i32store(at)
        b.get(carry[part]!).i32const(w).i32shrS.set(carry[part]!)
      }
    }
  for (let part = 0; part < parts; part++) emitReduce(b, set, r, 4 * part * n, carry[part]!, q)
  return b
}

/** Pushes Σ x_i·y_(k−i) onto the stack; for a square, Σ_(i<j) 2 x_i x_j + x_(k/2)². */
function emitColumn(b: FunctionBody, n: number, k: number, x: number[], y: number[] | undefined): void {
  const low = Math.max(0, k - n + 1)
  const high = Math.min(n - 1, k)
  if (y) {
    for (let i = low; i <= high; i++) {
      b.get(x[i]!).get(y[k - i]!).i64mul
      if (i > low) b.i64add
    }
    return
  }
  let first = true
  for (let i = low; i < k - i; i++) {
    b.get(x[i]!).get(x[k - i]!).i64mul
    if (!first) b.i64add
    first = false
  }
  if (!first) b.i64const(1).i64shl
  if (k % 2 === 0) {
    b.get(x[k / 2]!).get(x[k / 2]!).i64mul
    if (!first) b.i64add
  }
}

/** One Montgomery accumulator that walks the columns from low to high. */
class Accumulator {
  readonly t: number
  private readonly m: number[] = []
  private readonly b: FunctionBody
  private readonly set: ParameterSet
  private readonly r: number
  private readonly offset: number
  private readonly isSigned: boolean

  /** @param isSigned add p and reduce, for a part that may be negative */
  constructor(b: FunctionBody, set: ParameterSet, r: number, offset: number, isSigned: boolean) {
    this.b = b
    this.set = set
    this.r = r
    this.offset = offset
    this.isSigned = isSigned
    this.t = b.i64()
  }

  /** Takes the column sum from the stack and finishes column k. */
  column(k: number): void {
    const { b, t } = this
    const { n, w, mask, kappa } = constants(this.set)
    if (k > 0) b.get(t).i64add
    if (k >= n - 1) b.get(this.m[k - (n - 1)]!).i64const(kappa).i64mul.i64add
    if (this.isSigned && k === n) b.i64const(1).i64sub // p = κ·2^(w(n−1)) − 1
    b.set(t)
    if (k < n) {
      const digit = b.i64()
      this.m.push(digit)
      b.get(t).i64const(mask).i64and.set(digit)
    } else
      b.get(this.r)
        .get(t)
        .i64const(mask)
        .i64and.i64store32(this.offset + 4 * (k - n))
    this.shift(w)
  }

  private shift(w: number): void {
    const { b, t } = this
    b.get(t).i64const(w)
    if (this.isSigned) b.i64shrS
    else b.i64shrU
    b.set(t)
  }

  /** Stores the top limb. */
  finish(): void {
    const { b, t, r, offset } = this
    const { n, kappa } = constants(this.set)
    if (!this.isSigned) {
      b.get(r)
        .get(t)
        .i64store32(offset + 4 * (n - 1))
      return
    }
    const top = b.i32()
    b.get(t).i32wrap.i32const(kappa).i32add.set(top)
    emitReduce(b, this.set, r, offset, top, b.i32())
  }
}

function loadLimbs(b: FunctionBody, n: number, pointer: number, offset: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const local = b.i64()
    b.get(pointer)
      .i64load32(offset + 4 * i)
      .set(local)
    return local
  })
}

function addLimbs(b: FunctionBody, x: number[], y: number[]): number[] {
  return x.map((limb, i) => {
    const local = b.i64()
    b.get(limb).get(y[i]!).i64add.set(local)
    return local
  })
}

/** F_p: r = a·b, or a² when `square`. */
function emitFpMul(set: ParameterSet, square: boolean): FunctionBody {
  const { n } = constants(set)
  const b = new FunctionBody(square ? 2 : 3)
  const x = loadLimbs(b, n, 1, 0)
  const y = square ? undefined : loadLimbs(b, n, 2, 0)
  const acc = new Accumulator(b, set, 0, 0, false)
  for (let k = 0; k < 2 * n - 1; k++) {
    emitColumn(b, n, k, x, y)
    acc.column(k)
  }
  acc.finish()
  return b
}

/**
 * F_{p²}: r = a·b with three products a column, x u, y v and (x + y)(u + v), or r = a² with three squares, and two lazy
 * Montgomery reductions.
 */
function emitFp2Mul(set: ParameterSet, square: boolean): FunctionBody {
  const { n } = constants(set)
  const b = new FunctionBody(square ? 2 : 3)
  const x = loadLimbs(b, n, 1, 0)
  const y = loadLimbs(b, n, 1, 4 * n)
  const s = addLimbs(b, x, y)
  const u = square ? undefined : loadLimbs(b, n, 2, 0)
  const v = square ? undefined : loadLimbs(b, n, 2, 4 * n)
  const t = u && v ? addLimbs(b, u, v) : undefined
  const re = new Accumulator(b, set, 0, 0, true)
  const im = new Accumulator(b, set, 0, 4 * n, false)
  const c0 = b.i64()
  const c1 = b.i64()
  for (let k = 0; k < 2 * n - 1; k++) {
    emitColumn(b, n, k, x, u)
    b.set(c0)
    emitColumn(b, n, k, y, v)
    b.set(c1)
    b.get(c0).get(c1).i64sub
    re.column(k)
    emitColumn(b, n, k, s, t)
    b.get(c0).i64sub.get(c1).i64sub
    im.column(k)
  }
  re.finish()
  im.finish()
  return b
}

/** 1 when both parts of `a` are 0 or p, which are the representations of 0. */
function emitIsZero(set: ParameterSet): FunctionBody {
  const { n, w, mask, kappa } = constants(set)
  const b = new FunctionBody(1, true)
  const carry = b.i32()
  const zero = b.i32()
  const prime = b.i32()
  for (let part = 0; part < 2; part++) {
    for (let i = 0; i < n; i++) {
      b.get(0).i32load(4 * (part * n + i))
      if (i > 0) b.get(carry).i32add
      b.set(carry)
      const limb = (): FunctionBody => (i < n - 1 ? b.get(carry).i32const(mask).i32and : b.get(carry))
      limb()
      if (i > 0) b.get(zero).i32or
      b.set(zero)
      limb().i32const(i < n - 1 ? mask : kappa - 1).i32xor
      if (i > 0) b.get(prime).i32or
      b.set(prime)
      if (i < n - 1) b.get(carry).i32const(w).i32shrS.set(carry)
    }
    b.get(zero).i32eqz.get(prime).i32eqz.i32or
  }
  b.i32and
  return b
}

function emitCopy(set: ParameterSet): FunctionBody {
  const b = new FunctionBody(2)
  for (let i = 0; i < set.limbs; i++)
    b.get(0)
      .get(1)
      .i64load(8 * i)
      .i64store(8 * i)
  return b
}

/** Runs a formula on symbolic handles and writes down its operations as calls. */
function recordFormula(
  layout: KernelLayout,
  params: number,
  index: Record<'add' | 'sub' | 'mul' | 'sqr' | 'copy', number>,
  formula: (F: never, ...handles: number[]) => void,
): FunctionBody {
  const b = new FunctionBody(params)
  const push = (handle: number): void => {
    const parameter = Math.floor(handle / PARAMETER)
    const offset = handle % PARAMETER
    if (parameter === 0) b.i32const(offset)
    else {
      b.get(parameter - 1)
      if (offset > 0) b.i32const(offset).i32add
    }
  }
  const op =
    (name: keyof typeof index) =>
    (...handles: number[]): void => {
      for (const h of handles) push(h)
      b.call(index[name])
    }
  const recorder = {
    stride: layout.stride,
    tmp: layout.tmp,
    add: op('add'),
    sub: op('sub'),
    mul: op('mul'),
    sqr: op('sqr'),
    copy: op('copy'),
  }
  formula(recorder as never, ...Array.from({ length: params }, (_, j) => (j + 1) * PARAMETER))
  return b
}

/** The module for one parameter set: field operations, then every formula of formulas.ts as one function. */
export function emitKernels(set: ParameterSet): Uint8Array<ArrayBuffer> {
  const layout = layoutOf(set)
  const module = new ModuleBuilder()
  const index = {
    mul: module.add('mul', emitFp2Mul(set, false)),
    sqr: module.add('sqr', emitFp2Mul(set, true)),
    add: module.add('add', emitAddSub(set, false, 2)),
    sub: module.add('sub', emitAddSub(set, true, 2)),
    copy: module.add('copy', emitCopy(set)),
  }
  module.add('isZero', emitIsZero(set))
  module.add('fpAdd', emitAddSub(set, false, 1))
  module.add('fpSub', emitAddSub(set, true, 1))
  module.add('fpMul', emitFpMul(set, false))
  const fpSqr = module.add('fpSqr', emitFpMul(set, true))
  const times = new FunctionBody(2)
  times.repeat(1, () => times.get(0).get(0).call(fpSqr))
  module.add('fpSqrTimes', times)
  for (const [name, [params, formula]] of Object.entries(FORMULAS))
    module.add(name, recordFormula(layout, params, index, formula as (F: never, ...handles: number[]) => void))
  return module.build(PAGES)
}
