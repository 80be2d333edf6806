/**
 * Field arithmetic on f64 lanes with fused multiply-add (relaxed SIMD), as recipes over an abstract machine.
 *
 * An element has five limbs, each a double that already carries its weight: limb k is an integer multiple of 2^b[k]. A product
 * of two limbs has up to 106 bits; `split` cuts it into a high part h, a multiple of 2^b[k+1], and the exact rest l:
 *   h = fma(x, y, C) − C   with C = 1.5 · 2^(52 + b[k+1]),   l = fma(x, y, −h).
 * Every operation here is exact; the final value is congruent to the true product. Whether that holds for every input is not
 * argued in comments but computed: `fma-bounds.ts` runs these recipes on intervals, AssemblyScript is emitted from the same ones.
 */

export interface FmaField {
  readonly name: string
  readonly prime: bigint
  /** Exponents of the limb weights, up to the double-width product: b[0] … b[10]. */
  readonly b: readonly number[]
  /** 2^b[5] ≡ fold (mod prime). */
  readonly fold: bigint
}

export const SECP256K1_FMA: FmaField = {
  name: 'secp256k1',
  prime: 2n ** 256n - 2n ** 32n - 977n,
  b: [0, 52, 103, 154, 205, 256, 308, 359, 410, 461, 512],
  fold: 2n ** 32n + 977n,
}

export const ED25519_FMA: FmaField = {
  name: 'ed25519',
  prime: 2n ** 255n - 19n,
  b: [0, 51, 102, 153, 204, 255, 306, 357, 408, 459, 510],
  fold: 19n,
}

/** What a recipe may do. `V` is a pair of lanes in the emitter and an interval in the proof. */
export interface FmaMachine<V> {
  readonly field: FmaField
  limb(operand: 'a' | 'b', index: number): V
  add(x: V, y: V): V
  sub(x: V, y: V): V
  /** x · 2. */
  double(x: V): V
  /** [h, l] of x · y at column k. */
  split(x: V, y: V, k: number): [V, V]
  /** [h, l] of x · c at column k for a small constant c. */
  splitScaled(x: V, by: number, k: number): [V, V]
  /** [h, l] of x · fold / 2^b[5] at column k, where x stands at b[5] or above. */
  splitFold(x: V, k: number): [V, V]
  /** [q, r]: x = q + r, q a multiple of 2^b[k+1], r what remains. */
  carry(x: V, k: number): [V, V]
  /** y + x · fold / 2^b[5], exact without splitting. */
  addFold(y: V, x: V): V
  store(index: number, x: V): void
}

/** r = a · b. */
export function multiply<V>(m: FmaMachine<V>): void {
  product(m, false)
}

/** r = a². */
export function square<V>(m: FmaMachine<V>): void {
  product(m, true)
}

function product<V>(m: FmaMachine<V>, squaring: boolean): void {
  const a = five((i) => m.limb('a', i))
  const b = squaring ? a : five((i) => m.limb('b', i))
  // High and low halves of the columns, kept apart: together column 4 could reach 9 · 2^50 > 2^53 units.
  const low: (V | undefined)[] = Array(10).fill(undefined)
  const high: (V | undefined)[] = Array(11).fill(undefined)
  const into = (column: (V | undefined)[], k: number, x: V) => {
    column[k] = column[k] === undefined ? x : m.add(column[k]!, x)
  }
  for (let k = 0; k < 9; k++) {
    const term = (i: number, j: number) => {
      const [h, l] = m.split(a[i]!, b[j]!, k)
      into(low, k, l)
      into(high, k + 1, h)
    }
    const first = Math.max(0, k - 4)
    if (!squaring) for (let i = first; i <= Math.min(4, k); i++) term(i, k - i)
    else {
      // Each mixed product once. Their sum is doubled afterwards: 2 · a[i] · a[j] could itself leave the binade of C.
      for (let i = first; 2 * i < k; i++) term(i, k - i)
      if (low[k] !== undefined) {
        low[k] = m.double(low[k]!)
        high[k + 1] = m.double(high[k + 1]!)
      }
      if (k % 2 === 0) term(k / 2, k / 2)
    }
  }
  const columns: V[] = []
  const carries: (V | undefined)[] = []
  const carried = (x: V, k: number): V => {
    const [q, r] = m.carry(x, k)
    carries[k] = carries[k] === undefined ? q : m.add(carries[k]!, q)
    return r
  }
  for (let k = 0; k < 5; k++) {
    if (k === 4) columns.push(m.add(carried(low[4]!, 4), carried(high[4]!, 4)))
    else columns.push(carried(k === 0 ? low[0]! : m.add(low[k]!, high[k]!), k))
  }
  for (let k = 1; k < 5; k++) columns[k] = m.add(columns[k]!, carries[k - 1]!)
  const top5 = m.add(high[5]!, carries[4]!)
  let overflow: V | undefined
  const foldIn = (x: V, k: number) => {
    const [h, l] = m.splitFold(x, k)
    columns[k] = m.add(columns[k]!, l)
    if (k < 4) columns[k + 1] = m.add(columns[k + 1]!, h)
    else overflow = overflow === undefined ? h : m.add(overflow, h)
  }
  foldIn(top5, 0)
  foldIn(low[5]!, 0)
  for (let k = 6; k < 9; k++) foldIn(m.add(low[k]!, high[k]!), k - 5)
  foldIn(high[9]!, 4)
  foldIn(overflow!, 0)
  settle(m, columns)
}

/** Brings five columns into the contract and stores them: one balanced carry each, the last folded into limb 0. */
function settle<V>(m: FmaMachine<V>, columns: readonly V[]): void {
  const quotient: V[] = []
  const rest: V[] = []
  for (let k = 0; k < 5; k++) {
    const [q, r] = m.carry(columns[k]!, k)
    quotient.push(q)
    rest.push(r)
  }
  m.store(0, m.addFold(rest[0]!, quotient[4]!))
  for (let k = 1; k < 5; k++) m.store(k, m.add(rest[k]!, quotient[k - 1]!))
}

/** r = a + b. */
export function addition<V>(m: FmaMachine<V>): void {
  settle(
    m,
    five((i) => m.add(m.limb('a', i), m.limb('b', i))),
  )
}

/** r = a − b. */
export function subtraction<V>(m: FmaMachine<V>): void {
  settle(
    m,
    five((i) => m.sub(m.limb('a', i), m.limb('b', i))),
  )
}

/** r = a · c for a small constant c: the high parts move up one limb, the last folds. */
export function multiplySmall<V>(m: FmaMachine<V>, by: number): void {
  const parts = five((i) => m.splitScaled(m.limb('a', i), by, i))
  m.store(0, m.addFold(parts[0]![1], parts[4]![0]))
  for (let k = 1; k < 5; k++) m.store(k, m.add(parts[k]![1], parts[k - 1]![0]))
}

function five<T>(make: (index: number) => T): T[] {
  return [0, 1, 2, 3, 4].map(make)
}
