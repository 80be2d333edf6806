/** Chains of 2-isogenies between Montgomery curves, in steps of degree 4. */
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { copyPoint, isTwoTorsion } from './montgomery.ts'
import { thetaToMontgomery } from './normalise.ts'

/**
 * Writes to `image` the normalised codomain of the isogeny of degree 2^(length − 2) with kernel ⟨[4]K⟩, where K has order
 * 2^length on E; the point of order 4 that is left over fixes the Montgomery model.
 * @param length even, at least 4
 * @returns false when K has another order or lies above (0, 0): crafted input.
 */
export function twoIsogenyChain(F: Fp2Engine, image: Slot, E: Slot, K: Slot, length: number): boolean {
  const { stride: s } = F
  const mark = F.mark()
  const depth = Math.ceil(Math.log2(length)) + 2
  const stack = F.alloc(2 * depth)
  const a24 = F.alloc(2)
  const kps = F.alloc(3)
  const t = F.alloc(2)
  const at = (j: number): Slot => stack + 2 * j * s
  const todo: number[] = [length]
  F.copy(a24, E + s)
  F.copy(a24 + s, F.one)
  copyPoint(F, stack, K)
  let top = 0
  let ok = true
  for (let step = 0; ok && step < length / 2 - 1; step++) {
    while (todo[top] !== 2) {
      const order = todo[top]!
      const doublings = (order >> 2) * 2 // even, so that both halves are chains of 4-isogenies
      copyPoint(F, at(top + 1), at(top))
      top++
      todo[top] = order - doublings
      for (let j = 0; j < doublings; j++) {
        if (step === 0) F.k.xDBL(at(top), at(top), a24)
        else F.k.xDBLProj(at(top), at(top), a24)
      }
    }
    if (step === 0) {
      F.k.xDBL(t, at(top), a24)
      // Exactly of order 4, and not above (0, 0), where the formulas have no meaning.
      ok = isTwoTorsion(F, t, E) && !F.isZero(t)
      if (!ok) break
    }
    F.k.iso4(kps, a24, at(top))
    for (let j = 0; j < top; j++) {
      F.k.eval4(at(j), at(j), kps)
      todo[j]! -= 2
    }
    top--
  }
  ok = ok && thetaToMontgomery(F, image, undefined, stack)
  F.release(mark)
  return ok
}
