/** One interface for the rules that order a pair of units, so that ledgers and tests can exchange them (U5). */
import type { DagView } from '../dag/view.ts'
import { Ghostdag, type GhostdagOptions } from './ghostdag.ts'
import { SpectrePair } from './spectre.ts'
import type { VoteWeight } from './spectre-reference.ts'

/** Orders two units of a view by the structure alone. */
export interface PairRule {
  /** 1 if `x` goes before `y`, −1 otherwise, as seen by `observer` over its past, which has both. A pure function of that past. */
  first(x: number, y: number, observer: number): 1 | -1
}

/** Recursive voting as a rule. `weight` may depend on the observer: stake at that point, 0 for those it saw equivocate. */
export function spectreRule(view: DagView, weightFor?: (observer: number) => VoteWeight): PairRule {
  return {
    first: (x, y, observer) => {
      const weight = weightFor?.(observer)
      return new SpectrePair(view, x, y, { within: observer, ...(weight && { weight }) }).order()
    },
  }
}

/** GHOSTDAG as a rule. */
export function ghostdagRule(view: DagView, options: GhostdagOptions): PairRule {
  const ghostdag = new Ghostdag(view, options)
  return {
    first: (x, y, observer) => {
      const parents = Array.from({ length: view.parentCount(observer) }, (_, k) => view.parentAt(observer, k))
      return ghostdag.first(x, y, parents)
    },
  }
}
