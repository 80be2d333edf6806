/**
 * Field arithmetic on 64-bit integers for engines without relaxed SIMD: ten signed limbs of 26 bits, recipes as in `fma-field.ts`.
 * Limbs are stored as i32; products of limbs are summed in i64, of which no input of the contract uses more than 57 bits.
 */

export interface IntField {
  readonly name: string
  readonly prime: bigint
  /** 2^260 ≡ Σ fold[i] · 2^(26 i) (mod prime). */
  readonly fold: readonly number[]
  /** The exponent that a canonical value stays below, and what its power folds to. */
  readonly bits: number
  readonly foldBits: bigint
}

export const SECP256K1_INT: IntField = {
  name: 'secp256k1',
  prime: 2n ** 256n - 2n ** 32n - 977n,
  fold: [15_632, 1024],
  bits: 256,
  foldBits: 2n ** 32n + 977n,
}

export const ED25519_INT: IntField = {
  name: 'ed25519',
  prime: 2n ** 255n - 19n,
  fold: [608],
  bits: 255,
  foldBits: 19n,
}

/** `V` is a local of type i64 in the emitter and an interval in the proof. */
export interface IntMachine<V> {
  readonly field: IntField
  limb(operand: 'a' | 'b', index: number): V
  add(x: V, y: V): V
  sub(x: V, y: V): V
  multiply(x: V, y: V): V
  scale(x: V, by: number): V
  /** [q, r]: x = q · 2^26 + r with −2^25 ≤ r < 2^25. */
  carry(x: V): [V, V]
  store(index: number, x: V): void
}

const LIMBS = 10

export function multiply<V>(m: IntMachine<V>): void {
  product(m, false)
}

export function square<V>(m: IntMachine<V>): void {
  product(m, true)
}

function product<V>(m: IntMachine<V>, squaring: boolean): void {
  const a = ten((i) => m.limb('a', i))
  const b = squaring ? a : ten((i) => m.limb('b', i))
  const doubled = squaring ? ten((i) => m.scale(a[i]!, 2)) : []
  const columns: V[] = []
  for (let k = 0; k < 2 * LIMBS - 1; k++) {
    let sum: V | undefined
    for (let i = Math.max(0, k - LIMBS + 1); i <= Math.min(LIMBS - 1, k); i++) {
      const j = k - i
      if (squaring && i > j) continue
      const term = m.multiply(squaring && i < j ? doubled[i]! : a[i]!, b[j]!)
      sum = sum === undefined ? term : m.add(sum, term)
    }
    columns.push(sum!)
  }
  chain(m, columns, 0, columns.length)
  foldFrom(m, columns)
  settle(m, columns)
}

/** Carries from column `from` upwards; the last quotient becomes a new column. */
function chain<V>(m: IntMachine<V>, columns: V[], from: number, to: number): void {
  for (let k = from; k < to; k++) {
    const [q, r] = m.carry(columns[k]!)
    columns[k] = r
    columns[k + 1] = columns[k + 1] === undefined ? q : m.add(columns[k + 1]!, q)
  }
}

/** Moves columns 10 and above down by the fold until ten are left. */
function foldFrom<V>(m: IntMachine<V>, columns: V[]): void {
  for (let k = columns.length - 1; k >= LIMBS; k--) {
    const x = columns.pop()!
    m.field.fold.forEach((factor, i) => {
      const at = k - LIMBS + i
      const term = m.scale(x, factor)
      columns[at] = columns[at] === undefined ? term : m.add(columns[at]!, term)
    })
    // The highest term may stand in column 10 again; the loop meets it next.
    if (columns.length > k) k++
  }
}

function settle<V>(m: IntMachine<V>, columns: V[]): void {
  chain(m, columns, 0, LIMBS)
  foldFrom(m, columns)
  // The fold's last trace: two carries bring the first limbs back.
  for (let k = 0; k < 2; k++) {
    const [q, r] = m.carry(columns[k]!)
    columns[k] = r
    columns[k + 1] = m.add(columns[k + 1]!, q)
  }
  for (let k = 0; k < LIMBS; k++) m.store(k, columns[k]!)
}

/** One carry in each limb at once: enough after an addition, and without a chain. */
function weak<V>(m: IntMachine<V>, sums: readonly V[]): void {
  const parts = sums.map((x) => m.carry(x))
  const out = parts.map(([, r], k) => (k === 0 ? r : m.add(r, parts[k - 1]![0])))
  m.field.fold.forEach((factor, i) => {
    out[i] = m.add(out[i]!, m.scale(parts[LIMBS - 1]![0], factor))
  })
  for (let k = 0; k < LIMBS; k++) m.store(k, out[k]!)
}

export function addition<V>(m: IntMachine<V>): void {
  weak(
    m,
    ten((i) => m.add(m.limb('a', i), m.limb('b', i))),
  )
}

export function subtraction<V>(m: IntMachine<V>): void {
  weak(
    m,
    ten((i) => m.sub(m.limb('a', i), m.limb('b', i))),
  )
}

export function multiplySmall<V>(m: IntMachine<V>, by: number): void {
  weak(
    m,
    ten((i) => m.scale(m.limb('a', i), by)),
  )
}

function ten<T>(make: (index: number) => T): T[] {
  return Array.from({ length: LIMBS }, (_, i) => make(i))
}
