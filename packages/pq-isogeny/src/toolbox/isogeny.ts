/** Isogenies by Vélu's formulas, supersingular 2-isogeny graphs, and the hash of Charles, Goren and Lauter. */
import { IsogenyError } from '../errors.ts'
import { addPoints, type Curve, type Point, samePoint } from './curve.ts'
import { createField, type Element, type Field, roots } from './field.ts'
import { modularPolynomial2 } from './supersingular.ts'

/** A separable isogeny that Vélu's formulas (1971) give for a cyclic kernel; made by {@link velu}. */
export interface VeluIsogeny {
  /** The curve that it leads to. */
  readonly codomain: Curve
  /** The order of its kernel. */
  readonly degree: number
  /** Image of a point; the kernel goes to infinity. */
  apply(P: Point): Point
}

/** Kernels up to this order are walked point by point. */
export const KERNEL_LIMIT = 10_000

/**
 * The isogeny with cyclic kernel ⟨K⟩ (Vélu, 1971).
 * @throws {IsogenyError} `ISOGENY_UNSUPPORTED` when K has order beyond KERNEL_LIMIT
 */
export function velu(E: Curve, K: Point): VeluIsogeny {
  const { field: F, a, b } = E
  const kernel: NonNullable<Point>[] = []
  for (let P = K; P !== undefined; P = addPoints(E, P, K)) {
    if (kernel.length >= KERNEL_LIMIT)
      throw new IsogenyError('ISOGENY_UNSUPPORTED', 'the kernel is too large for Vélu', {})
    kernel.push(P)
  }
  let v = F.zero
  let w = F.zero
  const n = (x: bigint): Element => F.of(x)
  for (const P of kernel) {
    const x2 = F.mul(P.x, P.x)
    // For each point: t = 3x² + a, u = 2y²; sums over the whole kernel without O.
    const t = F.add(F.mul(n(3n), x2), a)
    const u = F.mul(n(2n), F.mul(P.y, P.y))
    v = F.add(v, t)
    w = F.add(w, F.add(u, F.mul(P.x, t)))
  }
  const codomain: Curve = { field: F, a: F.sub(a, F.mul(n(5n), v)), b: F.sub(b, F.mul(n(7n), w)) }
  return {
    codomain,
    degree: kernel.length + 1,
    apply(P) {
      if (P === undefined || kernel.some((Q) => samePoint(E, P, Q))) return undefined
      let { x, y } = P
      for (const Q of kernel) {
        const S = addPoints(E, P, Q)!
        x = F.add(x, F.sub(S.x, Q.x))
        y = F.add(y, F.sub(S.y, Q.y))
      }
      return { x, y }
    },
  }
}

/** The j-invariants that are 2-isogenous to j over F, without multiplicity. */
export function isogenyNeighbours(F: Field, j: Element, random: () => Element): Element[] {
  return roots(F, modularPolynomial2(F, j), random)
}

/** Vertices of a graph that are explored. */
export const GRAPH_LIMIT = 20_000

/** Supersingular 2-isogeny graph over F_{p²} from one vertex: it is connected, so these are all. Keys are coefficient lists. */
export function isogenyGraph(p: bigint, start: Element, random: () => Element): Map<string, string[]> {
  const F = createField(p, 2)
  const graph = new Map<string, string[]>()
  const queue = [start]
  while (queue.length > 0) {
    const j = queue.pop()!
    if (graph.has(j.join())) continue
    if (graph.size >= GRAPH_LIMIT)
      throw new IsogenyError('ISOGENY_UNSUPPORTED', 'the graph is too large to list', { p })
    const next = isogenyNeighbours(F, j, random)
    graph.set(
      j.join(),
      next.map((t) => t.join()),
    )
    queue.push(...next)
  }
  return graph
}

/** Number of supersingular j-invariants over F_{p²}: ⌊p/12⌋ + 0, 1, 1, 2 for p ≡ 1, 5, 7, 11 (mod 12). */
export function supersingularCount(p: bigint): bigint {
  return p / 12n + { 1: 0n, 5: 1n, 7: 1n, 11: 2n }[Number(p % 12n) as 1 | 5 | 7 | 11]
}

/**
 * The hash of Charles, Goren and Lauter: a walk without backtracking in the 2-isogeny graph, one bit a step, from j = 1728
 * (p ≡ 3 mod 4). For study: collisions are easy for whoever knows the endomorphism ring of the start, and that of 1728 is
 * known.
 * @param bits of the message, 0 or 1
 * @returns the j-invariant where the walk ends
 */
export function cglHash(p: bigint, bits: readonly (0 | 1)[]): Element {
  if (p % 4n !== 3n)
    throw new IsogenyError('ISOGENY_UNSUPPORTED', 'the walk starts at j = 1728, which needs p ≡ 3 (mod 4)', { p })
  const F = createField(p, 2)
  const less = (a: Element, b: Element): boolean => (a[1] !== b[1] ? a[1]! < b[1]! : a[0]! < b[0]!)
  // From 1728 the neighbours are 1728 itself and 287496 (twice): the walk leaves by the latter.
  let from = F.of(1728n)
  let at = F.of(287496n)
  for (const bit of bits) {
    const [, c1, c2] = modularPolynomial2(F, at) as [Element, Element, Element]
    const s = F.add(c2, from)
    const t = F.add(c1, F.mul(from, s))
    const root = F.sqrt(F.sub(F.mul(s, s), F.mul(F.of(4n), t)))!
    const half = F.inv(F.of(2n))
    const [x, y] = [F.mul(F.sub(root, s), half), F.mul(F.sub(F.neg(root), s), half)]
    const [low, high] = less(x, y) ? [x, y] : [y, x]
    from = at
    at = bit === 0 ? low : high
  }
  return at
}
