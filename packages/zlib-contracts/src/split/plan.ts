/** Which functions stand together in a facet: those that share what they need, as many as are expected to fit. */
import type { ContractCode, DispatchCase } from '../yul/object.ts'
import { reachable } from './canonical.ts'

/** Cuts `queue` into groups of at most `budgetTokens` each; a function that is larger stands alone. */
export function partition(code: ContractCode, queue: readonly DispatchCase[], budgetTokens: number): DispatchCase[][] {
  const groups: DispatchCase[][] = []
  let left = queue
  while (left.length > 0) {
    const chosen = choose(code, left, budgetTokens)
    groups.push(chosen)
    const taken = new Set(chosen)
    left = left.filter((one) => !taken.has(one))
  }
  return groups
}

/** Takes functions while their estimated size fits, next always the one that shares most with what is taken. */
export function choose(code: ContractCode, queue: readonly DispatchCase[], budgetTokens: number): DispatchCase[] {
  const needs = new Map(queue.map((one) => [one, reachable(code, one.body)]))
  const length = (name: string) => code.functions.get(name)!.tokens.length
  const taken = new Set<string>()
  const chosen: DispatchCase[] = []
  const left = new Set(queue)
  let used = 0
  while (left.size > 0) {
    let best: DispatchCase | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (const candidate of left) {
      let cost = candidate.body.length
      for (const name of needs.get(candidate)!) if (!taken.has(name)) cost += length(name)
      if (cost < bestCost) {
        best = candidate
        bestCost = cost
      }
    }
    if (!best || (chosen.length > 0 && used + bestCost > budgetTokens)) break
    chosen.push(best)
    left.delete(best)
    used += bestCost
    for (const name of needs.get(best)!) taken.add(name)
  }
  return chosen
}

/** Tokens of `cases` and of all that they need. */
export function tokensOf(code: ContractCode, cases: readonly DispatchCase[]): number {
  const bodies = cases.flatMap(({ body }) => body)
  return reachable(code, bodies).reduce((sum, name) => sum + code.functions.get(name)!.tokens.length, bodies.length + 1)
}
