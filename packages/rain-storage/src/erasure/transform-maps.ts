/** The code of a polynomial's values, made by additive Fourier transforms on bit planes. */
import type { CodeMaps } from './code-maps.ts'
import type { Kernel } from './kernel.ts'
import { contributionMap, lagrangeMap, locatorMap, parityMap } from './transform.ts'

/** Up to so many products Lagrange's formula is not worse than two transforms over all points. */
const FEW_PRODUCTS = 40

/** The maps of a (k, n) code. */
export function transformMaps(kernel: Kernel, k: number, n: number): CodeMaps {
  return {
    encode: kernel.compile(parityMap(k, n)),
    recover: (used, wanted) =>
      kernel.compile(
        used.length * wanted.length <= FEW_PRODUCTS ? lagrangeMap(used, wanted) : locatorMap(used, wanted, n),
      ),
    contribution: (index) => kernel.compile(contributionMap(k, n, index)),
  }
}
