import type { ParsedModule } from '../module/parse.ts'
import { refused } from '../module/reader.ts'
import type { FunctionFacts } from './analyse.ts'
import { RECURSION_SLOTS } from './counter.ts'

/**
 * Where an engine's stack ends is the engine's affair, and a result must not depend on it. So calls are bounded in slots of eight bytes, half of them
 * for what a module calls without recursion, which is known beforehand, half for recursion, which is counted while it runs.
 *
 * Only functions on a cycle of the call graph count. Such a function pays for its own frame and for the deepest chain of calls
 * below it that meets no other such function; all other functions count nothing.
 */
export interface StackPlan {
  /** Of each defined function what one activation takes from the budget; 0 where it is not counted. */
  readonly charges: readonly number[]
}

/** @throws CdnError `CDN_EDGE_REFUSED` when calls without recursion, or one activation of a recursive function, take too much */
export function planStack(module: ParsedModule, facts: readonly FunctionFacts[]): StackPlan {
  const imported = module.imports.length
  const count = facts.length
  // Indirect calls reach every function of their type in the table: one more node for each type keeps the graph linear in size.
  const types = module.types.map(({ params, results }) => `${params}>${results}`)
  const byType = new Map<string, number>()
  const edges: number[][] = facts.map(({ callees, indirectTypes }) => {
    const targets = [...callees].filter((index) => index >= imported).map((index) => index - imported)
    for (const type of indirectTypes) {
      const key = types[type]!
      if (!byType.has(key)) byType.set(key, count + byType.size)
      targets.push(byType.get(key)!)
    }
    return targets
  })
  const reached = [...byType.keys()].map(() => [] as number[])
  for (const index of new Set(module.tableFunctions)) {
    if (index < imported) continue
    const node = byType.get(types[module.functions[index - imported]!]!)
    if (node !== undefined) reached[node - count]!.push(index - imported)
  }
  edges.push(...reached)

  const { component, recursive } = components(edges)
  // Components come out of Tarjan's algorithm with callees before callers, so one pass in that order finds the deepest chains. A type's node
  // comes before the functions of its component: it pays nothing itself and hands on the chains of its functions that do not count.
  const order = edges.map((_, node) => node).sort((a, b) => component[a]! - component[b]! || b - a)
  const chain = new Float64Array(edges.length)
  const charges = new Array<number>(count).fill(0)
  for (const node of order) {
    let below = 0
    for (const target of edges[node]!)
      if (target >= count || !recursive[target]) below = Math.max(below, chain[target]!)
    chain[node] = below + (facts[node]?.frameSlots ?? 0)
    if (node >= count) continue
    // One activation must fit, recursive or not; the counter has no room for larger amounts either.
    if (recursive[node]) charges[node] = chain[node]!
    if (chain[node]! > RECURSION_SLOTS)
      throw refused(`calls that take ${chain[node]} stack slots`, { slots: chain[node], limit: RECURSION_SLOTS })
  }
  return { charges }
}

/** Tarjan's strongly connected components, without recursion of our own. Components are numbered callees first. */
function components(edges: readonly (readonly number[])[]): { component: Int32Array; recursive: Uint8Array } {
  const count = edges.length
  const component = new Int32Array(count).fill(-1)
  const recursive = new Uint8Array(count)
  const seen = new Int32Array(count)
  const low = new Int32Array(count)
  const onStack = new Uint8Array(count)
  const position = new Int32Array(count)
  const stack: number[] = []
  let clock = 0
  let found = 0
  for (let root = 0; root < count; root++) {
    if (seen[root]) continue
    const path = [root]
    while (path.length > 0) {
      const node = path.at(-1)!
      if (!seen[node]) {
        seen[node] = low[node] = ++clock
        stack.push(node)
        onStack[node] = 1
      }
      const targets = edges[node]!
      let deeper = false
      while (position[node]! < targets.length) {
        const target = targets[position[node]!]!
        if (target === node) recursive[node] = 1
        if (!seen[target]) {
          path.push(target)
          deeper = true
          break
        }
        if (onStack[target]) low[node] = Math.min(low[node]!, low[target]!)
        position[node]!++
      }
      if (deeper) continue
      path.pop()
      if (low[node] !== seen[node]) continue
      const members: number[] = []
      for (let member = -1; member !== node; ) {
        member = stack.pop()!
        onStack[member] = 0
        component[member] = found
        members.push(member)
      }
      if (members.length > 1) for (const member of members) recursive[member] = 1
      found++
    }
  }
  return { component, recursive }
}
