/**
 * The keys that a transaction says it reads and writes; transactions that share none may change places. What is written
 * counts as read.
 */
export interface Access {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

/**
 * Waves of transactions without conflicts among each other: a transaction stands one wave behind the latest that it conflicts
 * with. Running wave after wave, each in any order, gives the result of the given order. O(keys).
 */
export function waves(accesses: readonly Access[]): number[][] {
  const lastWrite = new Map<string, number>()
  const lastRead = new Map<string, number>()
  const out: number[][] = []
  for (const [i, { reads, writes }] of accesses.entries()) {
    let wave = 0
    for (const key of reads) wave = Math.max(wave, (lastWrite.get(key) ?? -1) + 1)
    for (const key of writes) wave = Math.max(wave, (lastWrite.get(key) ?? -1) + 1, (lastRead.get(key) ?? -1) + 1)
    for (const key of reads) lastRead.set(key, Math.max(wave, lastRead.get(key) ?? -1))
    for (const key of writes) lastWrite.set(key, wave)
    const members = out[wave]
    if (members) members.push(i)
    else out[wave] = [i]
  }
  return out
}

/**
 * Groups that touch no common key: each may run on its own, its members in the given order (hyper-threading of zones).
 * Groups ascend by their first member. Keys that are only read join nobody.
 */
export function conflictGroups(accesses: readonly Access[]): number[][] {
  const parent = accesses.map((_, i) => i)
  const root = (i: number): number => {
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]!]!
      i = parent[i]!
    }
    return i
  }
  const join = (a: number, b: number) => {
    const x = root(a)
    const y = root(b)
    parent[Math.max(x, y)] = Math.min(x, y)
  }
  const writer = new Map<string, number>()
  for (const [i, { writes }] of accesses.entries())
    for (const key of writes) {
      const other = writer.get(key)
      if (other === undefined) writer.set(key, i)
      else join(other, i)
    }
  for (const [i, { reads }] of accesses.entries())
    for (const key of reads) {
      const other = writer.get(key)
      if (other !== undefined) join(other, i)
    }
  const groups = new Map<number, number[]>()
  for (let i = 0; i < accesses.length; i++) {
    const members = groups.get(root(i))
    if (members) members.push(i)
    else groups.set(root(i), [i])
  }
  return [...groups.values()]
}
