/**
 * The additive Fourier transform of Lin, Chung and Han on networks, and the two maps of the code made from it: data → parity and survivors → lost.
 * Shard i holds f(point i), where f is the one polynomial of degree < k that has the data at points 0 … k − 1; any k points determine it.
 */
import { point } from './cantor.ts'
import { invert, multiply } from './field.ts'
import { createNetwork, type Network, ZERO } from './network.ts'

/** A network with its results. */
export interface LinearMap {
  readonly network: Network
  readonly outputs: readonly number[]
}

/** Where half `half` of a block at `offset` is: s_half is this constant on its lower half and one more on its upper. */
function skew(offset: number, half: number): number {
  return point(offset / half)
}

/** Values at the wanted ones of the points offset … offset + coefficients.length − 1 (others: ZERO). */
function evaluate(
  net: Network,
  coefficients: readonly number[],
  offset: number,
  wanted: (i: number) => boolean,
): number[] {
  const size = coefficients.length
  if (size === 1) return [...coefficients]
  const half = size / 2
  const lower = Array.from({ length: half }, (_, i) =>
    net.add(coefficients[i]!, net.scale(skew(offset, half), coefficients[half + i]!)),
  )
  const part = (at: number, values: () => number[]) => {
    for (let i = 0; i < half; i++) if (wanted(at + i)) return evaluate(net, values(), at, wanted)
    return new Array<number>(half).fill(ZERO)
  }
  return [
    ...part(offset, () => lower),
    ...part(offset + half, () => lower.map((u, i) => net.add(u, coefficients[half + i]!))),
  ]
}

/** The coefficients of the polynomial with these values; the inverse of {@link evaluate}. */
function interpolate(net: Network, values: readonly number[], offset: number): number[] {
  const size = values.length
  if (size === 1) return [...values]
  const half = size / 2
  const lower = interpolate(net, values.slice(0, half), offset)
  const upper = interpolate(net, values.slice(half), offset + half)
  const high = upper.map((v, i) => net.add(v, lower[i]!))
  return [...lower.map((u, i) => net.add(u, net.scale(skew(offset, half), high[i]!))), ...high]
}

interface Completed {
  readonly coefficients: number[]
  readonly values: number[]
}

/**
 * A block of which the first `known` values and the coefficients from `known` on are given, completed (a truncated transform).
 * @param given values, then coefficients
 */
function complete(net: Network, given: readonly number[], known: number, offset: number): Completed {
  const size = given.length
  if (known === size) return { values: [...given], coefficients: interpolate(net, given, offset) }
  if (known === 0) return { values: evaluate(net, given, offset, () => true), coefficients: [...given] }
  const half = size / 2
  const factor = skew(offset, half)
  if (known >= half) {
    const lower = interpolate(net, given.slice(0, half), offset)
    const upper = complete(
      net,
      given.slice(half).map((x, i) => (half + i < known ? x : net.add(x, lower[i]!))),
      known - half,
      offset + half,
    )
    const high = upper.coefficients.map((v, i) => net.add(v, lower[i]!))
    return {
      values: [...given.slice(0, half), ...upper.values],
      coefficients: [...lower.map((u, i) => net.add(u, net.scale(factor, high[i]!))), ...high],
    }
  }
  const high = given.slice(half)
  const lower = complete(
    net,
    given.slice(0, half).map((x, i) => (i < known ? x : net.add(x, net.scale(factor, high[i]!)))),
    known,
    offset,
  )
  const upper = lower.coefficients.map((u, i) => net.add(u, high[i]!))
  return {
    values: [...lower.values, ...evaluate(net, upper, offset + half, () => true)],
    coefficients: [...lower.coefficients.map((u, i) => net.add(u, net.scale(factor, high[i]!))), ...high],
  }
}

/** Smallest power of two that is not below `count`. */
function power(count: number): number {
  return 2 ** Math.ceil(Math.log2(count))
}

/** The n − k parity symbols of k data symbols. */
export function parityMap(k: number, n: number): LinearMap {
  const network = createNetwork(k)
  if (n === k) return { network, outputs: [] }
  const size = power(k)
  const first = complete(
    network,
    Array.from({ length: size }, (_, i) => (i < k ? i : ZERO)),
    k,
    0,
  )
  const outputs = first.values.slice(k, n)
  for (let offset = size; offset < n; offset += size) {
    outputs.push(...evaluate(network, first.coefficients, offset, (i) => i < n).slice(0, n - offset))
  }
  return { network, outputs }
}

/** The symbols at points `wanted` from those at the k points `used`, by Lagrange's formula: |wanted| · k products. */
export function lagrangeMap(used: readonly number[], wanted: readonly number[]): LinearMap {
  const network = createNetwork(used.length)
  const weights = used.map((j) => invert(locator(used, j)))
  const outputs = wanted.map((r) => {
    const all = locator(used, r)
    return used.reduce((sum, j, i) => {
      const factor = multiply(multiply(all, weights[i]!), invert(point(r) ^ point(j)))
      return network.add(sum, network.scale(factor, i))
    }, ZERO)
  })
  return { network, outputs }
}

/** What data symbol `index` adds to each of the n − k parity symbols. */
export function contributionMap(k: number, n: number, index: number): LinearMap {
  const network = createNetwork(1)
  const data = Array.from({ length: k }, (_, i) => i)
  const weight = invert(locator(data, index))
  const outputs = Array.from({ length: n - k }, (_, i) => {
    const factor = multiply(multiply(locator(data, k + i), weight), invert(point(k + i) ^ point(index)))
    return network.scale(factor, 0)
  })
  return { network, outputs }
}

/**
 * What {@link lagrangeMap} gives, by transforms over all points: with Λ the polynomial that vanishes on the points not used, f·Λ is known everywhere, and f = (f·Λ)′ / Λ′ where Λ is 0.
 * The derivative of the basis polynomial of index m is the sum of those with one bit of m cleared.
 */
export function locatorMap(used: readonly number[], wanted: readonly number[], n: number): LinearMap {
  const network = createNetwork(used.length)
  const size = power(Math.max(n, 2))
  const slots = new Array<number>(size).fill(ZERO)
  const kept = new Set(used)
  const erased = slots.flatMap((_, i) => (kept.has(i) ? [] : [i]))
  used.forEach((i, input) => {
    slots[i] = network.scale(locator(erased, i), input)
  })
  const coefficients = interpolate(network, slots, 0)
  const derivative = coefficients.map((_, m) => {
    let sum = ZERO
    for (let bit = 1; bit < size; bit *= 2) if ((m & bit) === 0) sum = network.add(sum, coefficients[m | bit]!)
    return sum
  })
  const asked = new Set(wanted)
  const values = evaluate(network, derivative, 0, (i) => asked.has(i))
  return { network, outputs: wanted.map((i) => network.scale(invert(locator(erased, i)), values[i]!)) }
}

/** Product of the differences of point i to the other ones of `roots`. */
function locator(roots: readonly number[], i: number): number {
  return roots.reduce((product, root) => (root === i ? product : multiply(product, point(i) ^ point(root))), 1)
}
