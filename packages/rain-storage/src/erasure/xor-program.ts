/**
 * A linear map as exclusive ors of bit planes. A symbol's eight bits lie in eight planes, so a constant costs no table: a product is a few exclusive ors, and a plane
 * is as wide as the machine's vectors.
 */
import { bitMatrix } from './cantor.ts'
import { ZERO } from './network.ts'
import type { LinearMap } from './transform.ts'

/** Bits of a symbol. */
export const PLANES = 8
/** Bytes of a plane: a 128-bit vector. */
export const PLANE_BYTES = 16
/** Bytes of all planes of 128 symbols. */
export const BLOCK_BYTES = PLANES * PLANE_BYTES

/** Steps of a program, four numbers each: the kind, then its operands. */
export const LOAD = 0 // slot ← input plane
export const XOR = 1 // slot ← slot ⊕ slot
export const STORE = 2 // output plane ← slot
/** Numbers of a step. */
export const STEP = 4

/** A program over `slots` planes of working memory. Input plane p of element j is j · 8 + p, outputs likewise. */
export interface XorProgram {
  readonly inputs: number
  readonly outputs: number
  readonly slots: number
  readonly steps: Int32Array
}

/** From so many products of one value on it pays to make every sum of its bits within a group of four first. */
const SHARED = 3

/** Translates a map. Cost: a few microseconds a node. */
export function xorProgram({ network, outputs }: LinearMap): XorProgram {
  const { inputs, left, right, constants } = network
  // Planes as a second graph: 0 … 8·inputs − 1 are the inputs, −1 is zero.
  const a: number[] = []
  const b: number[] = []
  const known = new Map<number, number>()
  const base = inputs * PLANES
  const xor = (x: number, y: number): number => {
    if (x === y) return ZERO
    if (x === ZERO) return y
    if (y === ZERO) return x
    const name = Math.min(x, y) * 2 ** 26 + Math.max(x, y)
    let node = known.get(name)
    if (node === undefined) {
      node = base + a.length
      a.push(x)
      b.push(y)
      known.set(name, node)
    }
    return node
  }

  const uses = new Map<number, number>()
  left.forEach((value, i) => {
    if (right[i] === -1) uses.set(value, (uses.get(value) ?? 0) + 1)
  })
  const planes: number[][] = Array.from({ length: inputs }, (_, j) =>
    Array.from({ length: PLANES }, (_, p) => j * PLANES + p),
  )
  left.forEach((value, i) => {
    const x = planes[value]!
    const other = right[i]!
    if (other !== -1) planes.push(planes[other]!.map((y, p) => xor(x[p]!, y)))
    else planes.push(scaled(x, constants[i]!, uses.get(value)! >= SHARED, xor))
  })

  // Depth first from the outputs, first all lower halves: maps over GF(16) fall into two halves that fit in registers.
  const order: number[] = []
  const done = new Uint8Array(base + a.length)
  const visit = (node: number): void => {
    if (node === ZERO || done[node]) return
    done[node] = 1
    if (node >= base) {
      visit(a[node - base]!)
      visit(b[node - base]!)
    }
    order.push(node)
  }
  const stored: [order: number, plane: number, node: number][] = []
  for (const half of [0, PLANES / 2]) {
    outputs.forEach((output, o) => {
      for (let p = half; p < half + PLANES / 2; p++) {
        const node = output === ZERO ? ZERO : planes[output]![p]!
        visit(node)
        stored.push([order.length, o * PLANES + p, node])
      }
    })
  }
  return allocate(inputs, outputs.length, order, stored, (node) =>
    node < base ? undefined : [a[node - base]!, b[node - base]!],
  )
}

/** The planes of a product. */
function scaled(
  x: readonly number[],
  constant: number,
  shared: boolean,
  xor: (x: number, y: number) => number,
): number[] {
  if (shared) {
    const group = (bits: number, from: number): number => {
      let sum = ZERO
      for (let q = 0; q < 4; q++) if (bits & (1 << q)) sum = xor(sum, x[from + q]!)
      return sum
    }
    return Array.from(bitMatrix(constant), (bits) => xor(group(bits & 15, 0), group(bits >> 4, 4)))
  }
  const recipe = recipes.get(constant) ?? pairSums(bitMatrix(constant))
  recipes.set(constant, recipe)
  const values = [...x]
  for (const [p, q] of recipe.pairs) values.push(xor(values[p]!, values[q]!))
  return recipe.rows.map((row) => row.reduce((sum, q) => xor(sum, values[q]!), ZERO))
}

/** How a product is made of sums: `pairs` are values 8, 9, …; `rows` say which values make each plane. */
interface Recipe {
  readonly pairs: readonly (readonly [number, number])[]
  readonly rows: readonly (readonly number[])[]
}

/** At most 255: a recipe a constant. */
const recipes = new Map<number, Recipe>()

/** C. Paar's greedy method (1997): again and again the pair of summands that most rows have in common becomes one summand. */
function pairSums(matrix: Uint8Array): Recipe {
  const pairs: [number, number][] = []
  const rows = Array.from(
    matrix,
    (bits) => new Set(Array.from({ length: PLANES }, (_, q) => q).filter((q) => bits & (1 << q))),
  )
  for (;;) {
    let best = 1
    let pair: [number, number] | undefined
    for (let p = 0; p < PLANES + pairs.length; p++) {
      for (let q = p + 1; q < PLANES + pairs.length; q++) {
        let count = 0
        for (const row of rows) if (row.has(p) && row.has(q)) count++
        if (count > best) [best, pair] = [count, [p, q]]
      }
    }
    if (pair === undefined) return { pairs, rows: rows.map((row) => [...row]) }
    const [p, q] = pair
    for (const row of rows) {
      if (!row.has(p) || !row.has(q)) continue
      row.delete(p)
      row.delete(q)
      row.add(PLANES + pairs.length)
    }
    pairs.push(pair)
  }
}

/** Gives every value a slot until its last use. */
function allocate(
  inputs: number,
  outputs: number,
  order: readonly number[],
  stored: readonly (readonly [order: number, plane: number, node: number])[],
  operands: (node: number) => readonly [number, number] | undefined,
): XorProgram {
  const steps: number[] = []
  const lastUse = new Map<number, number>()
  const sequence: { node: number; plane: number }[] = []
  let at = 0
  for (const [until, plane, node] of stored) {
    for (; at < until; at++) sequence.push({ node: order[at]!, plane: -1 })
    sequence.push({ node, plane })
  }
  sequence.forEach(({ node, plane }, time) => {
    lastUse.set(node, time)
    if (plane === -1) for (const operand of operands(node) ?? []) lastUse.set(operand, time)
  })
  const slotOf = new Map<number, number>()
  const free: number[] = []
  let slots = 0
  const release = (node: number, time: number) => {
    if (lastUse.get(node) !== time || !slotOf.has(node)) return
    free.push(slotOf.get(node)!)
    slotOf.delete(node)
  }
  sequence.forEach(({ node, plane }, time) => {
    if (plane !== -1) {
      steps.push(STORE, plane, node === ZERO ? ZERO : slotOf.get(node)!, 0)
      release(node, time)
      return
    }
    const from = operands(node)
    const [x, y] = from === undefined ? [node, 0] : [slotOf.get(from[0])!, slotOf.get(from[1])!]
    if (from !== undefined) for (const operand of from) release(operand, time)
    const slot = free.pop() ?? slots++
    slotOf.set(node, slot)
    steps.push(from === undefined ? LOAD : XOR, slot, x, y)
  })
  return { inputs, outputs, slots, steps: Int32Array.from(steps) }
}
