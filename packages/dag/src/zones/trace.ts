/**
 * U6: what commutes. Two items depend on each other if one writes a key that the other reads or writes. Orders that differ by
 * swaps of independent neighbours are one trace (Mazurkiewicz 1977); its Foata normal form is a list of steps: each step holds
 * independent items, and each item of a later step depends on one of the step before (Cartier, Foata 1969).
 */
import { bytesToHex } from '../unit/id.ts'
import type { Message } from '../unit/message.ts'

/** Something that is executed and says which state it touches. */
export interface Access {
  /** Distinguishes items; sorts them within a step. */
  readonly label: string
  /** Keys read; undefined: may be any. */
  readonly reads: readonly string[] | undefined
  /** Keys written; undefined: may be any. */
  readonly writes: readonly string[] | undefined
}

/** The access of a message by its declared keys; one that declares nothing, or only one of the two, is ordered after and before all others. */
export function accessOf(label: string, message: Pick<Message, 'reads' | 'writes'>): Access {
  return { label, reads: message.reads?.map(bytesToHex), writes: message.writes?.map(bytesToHex) }
}

/** The zone of a key: its first `bytes` bytes. Keys are hexadecimal with prefix. */
export function zoneOf(key: string, bytes: number): string {
  return key.slice(0, 2 + 2 * bytes)
}

/** The access by zones instead of keys: coarser, for state that is held and synchronised by zone. */
export function byZone(item: Access, bytes: number): Access {
  const zones = (keys: readonly string[] | undefined) => keys && [...new Set(keys.map((key) => zoneOf(key, bytes)))]
  return { label: item.label, reads: zones(item.reads), writes: zones(item.writes) }
}

function isOpen(item: Access): boolean {
  return item.reads === undefined || item.writes === undefined
}

/** True if the order of the two matters. */
export function dependent(a: Access, b: Access): boolean {
  if (isOpen(a) || isOpen(b)) return true
  const [writesA, writesB] = [new Set(a.writes), new Set(b.writes)]
  return (
    a.writes!.some((key) => writesB.has(key)) ||
    a.reads!.some((key) => writesB.has(key)) ||
    b.reads!.some((key) => writesA.has(key))
  )
}

/**
 * The Foata normal form of an order: steps of independent items, each sorted by label. Also the schedule for parallel execution:
 * items of a step can run at once, steps follow each other. Cost: linear in the keys.
 */
export function foataSteps<T extends Access>(order: readonly T[]): T[][] {
  const steps: T[][] = []
  const written = new Map<string, number>()
  const read = new Map<string, number>()
  let barrier = 0
  for (const item of order) {
    let level = barrier
    if (isOpen(item)) {
      level = steps.length
      barrier = steps.length + 1
    } else {
      for (const key of item.reads!) level = Math.max(level, written.get(key) ?? 0)
      for (const key of item.writes!) level = Math.max(level, written.get(key) ?? 0, read.get(key) ?? 0)
      for (const key of item.reads!) read.set(key, Math.max(read.get(key) ?? 0, level + 1))
      for (const key of item.writes!) written.set(key, Math.max(written.get(key) ?? 0, level + 1))
    }
    while (steps.length <= level) steps.push([])
    steps[level]!.push(item)
  }
  for (const step of steps) step.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0))
  return steps
}

/** True if one order becomes the other by swapping independent neighbours. Labels must be unique within an order. */
export function sameClass(orderA: readonly Access[], orderB: readonly Access[]): boolean {
  if (orderA.length !== orderB.length) return false
  const form = (order: readonly Access[]) =>
    JSON.stringify(foataSteps(order).map((step) => step.map(({ label }) => label)))
  return form(orderA) === form(orderB)
}

/**
 * The classes of items that must be ordered among themselves: connected by shared keys of which one side writes. Different
 * classes can be executed, stored and synchronised apart. In the order of their first items; union-find, nearly linear in the keys.
 */
export function zoneClasses<T extends Access>(items: readonly T[]): T[][] {
  const parent = items.map((_, i) => i)
  const find = (i: number): number => {
    let root = i
    while (parent[root] !== root) root = parent[root]!
    for (let at = i; parent[at] !== root; ) [at, parent[at]] = [parent[at]!, root]
    return root
  }
  const join = (a: number, b: number) => {
    const [x, y] = [find(a), find(b)]
    parent[Math.max(x, y)] = Math.min(x, y)
  }
  const writers = new Map<string, number>()
  items.forEach((item, i) => {
    for (const key of item.writes ?? []) {
      const other = writers.get(key)
      if (other === undefined) writers.set(key, i)
      else join(other, i)
    }
  })
  const open = items.findIndex(isOpen)
  items.forEach((item, i) => {
    if (open >= 0) join(open, i)
    for (const key of item.reads ?? []) if (writers.has(key)) join(writers.get(key)!, i)
  })
  const classes = new Map<number, T[]>()
  items.forEach((item, i) => {
    const root = find(i)
    const members = classes.get(root)
    if (members) members.push(item)
    else classes.set(root, [item])
  })
  return [...classes.values()]
}
