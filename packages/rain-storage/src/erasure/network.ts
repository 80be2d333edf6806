/** A linear map over GF(2^8) as a graph of additions and multiplications by constants; equal nodes are made once, zeros vanish. */

/** What is always 0. */
export const ZERO = -1

/** Adds nodes; a node is a number, the inputs are 0 … inputs − 1. */
export interface Network {
  readonly inputs: number
  /** operands of node i ≥ inputs at i − inputs: `[a, b]` a sum; `[a]` with `constants` a product */
  readonly left: number[]
  /** second summand, or −1 for a product */
  readonly right: number[]
  readonly constants: number[]
  add(a: number, b: number): number
  scale(constant: number, a: number): number
}

/** A network without nodes. */
export function createNetwork(inputs: number): Network {
  const left: number[] = []
  const right: number[] = []
  const constants: number[] = []
  const known = new Map<string, number>()
  const make = (a: number, b: number, constant: number): number => {
    const name = `${a},${b},${constant}`
    const before = known.get(name)
    if (before !== undefined) return before
    const node = inputs + left.length
    left.push(a)
    right.push(b)
    constants.push(constant)
    known.set(name, node)
    return node
  }
  return {
    inputs,
    left,
    right,
    constants,
    add(a, b) {
      if (a === b) return ZERO
      if (a === ZERO) return b
      if (b === ZERO) return a
      return make(Math.min(a, b), Math.max(a, b), 0)
    },
    scale(constant, a) {
      if (constant === 0 || a === ZERO) return ZERO
      return constant === 1 ? a : make(a, -1, constant)
    },
  }
}
