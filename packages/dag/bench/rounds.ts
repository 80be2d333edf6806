/** A committee's round DAG with real ids and headers, made before the clock starts. */
import { createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Address, UnitHeader, UnitId, UnitRef } from '@zos/dag'
import { printMetric } from '../../../scripts/metric.ts'

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

let counter = 0
/** Any 32 bytes that look like a hash: the DAG does not hash. */
function freshId(): UnitId {
  return `0x${createHash('sha256').update(`${counter++}`).digest('hex')}` as UnitId
}

const root = `0x${'0'.repeat(64)}` as const
const header = (fields: Partial<UnitHeader>): UnitHeader => ({
  version: 1,
  networkId: 1,
  parents: [],
  messageRoot: root,
  payloadLength: 1,
  timestampMs: 0,
  authors: [],
  lastFinal: { mci: 0, id: root as UnitId },
  validUntilMci: 1e9,
  ...fields,
})

export const genesis: UnitRef = { id: freshId(), header: header({}) }

/** Rounds of n validators, each referencing its own last unit, a random quorum or more of the round before, and `users` user units. */
export function rounds(
  n: number,
  count: number,
  users: number,
  seed = 42,
): { units: UnitRef[]; leaders: Map<number, UnitId> } {
  const next = random(seed + n)
  const quorum = n - Math.floor((n - 1) / 3)
  const units: UnitRef[] = []
  const leaders = new Map<number, UnitId>()
  const addresses = Array.from({ length: n }, (_, i) => `0x${(i + 1).toString(16).padStart(40, '0')}` as Address)
  const userAddress = `0x${'f'.repeat(40)}` as Address
  let before: UnitId[] = addresses.map(() => genesis.id)
  let userTips: UnitId[] = [genesis.id]
  /** Units that have the last leader in their past: the next leader is one of them, as the commit rule guarantees. */
  let above = new Set<UnitId>([genesis.id])
  for (let round = 1; round <= count; round++) {
    const made: UnitId[] = []
    for (let a = 0; a < n; a++) {
      const mine: UnitId[] = []
      for (let u = 0; u < users; u++) {
        const parents = [
          ...new Set([
            userTips[Math.floor(next() * userTips.length)]!,
            userTips[Math.floor(next() * userTips.length)]!,
          ]),
        ].sort()
        const unit = { id: freshId(), header: header({ parents, authors: [userAddress] }) }
        units.push(unit)
        mine.push(unit.id)
      }
      const others = before.filter((_, k) => k !== a)
      const wanted = quorum - 1 + Math.floor(next() * (n - quorum + 1))
      for (let k = 0; k < wanted; k++) {
        const swap = k + Math.floor(next() * (others.length - k))
        ;[others[k], others[swap]] = [others[swap]!, others[k]!]
      }
      const selfParent = before[a]!
      const rest = [...new Set([...others.slice(0, wanted), ...mine])].filter((id) => id !== selfParent).sort()
      const unit = {
        id: freshId(),
        header: header({ parents: [selfParent, ...rest], authors: [addresses[a]!], validator: { round, selfParent } }),
      }
      units.push(unit)
      made.push(unit.id)
      if (unit.header.parents.some((id) => above.has(id))) above.add(unit.id)
      if (mine.length > 0) userTips = [...userTips.slice(-users), ...mine]
    }
    const able = made.filter((id) => above.has(id))
    if (round % 2 === 0 && able.length > 0) {
      const leader = able[(round / 2) % able.length]!
      leaders.set(units.length - 1, leader)
      above = new Set([leader])
    }
    before = made
  }
  return { units, leaders }
}

/** Prints one metric the way all benches do. */
export function report(
  bench: string,
  metric: string,
  value: number,
  unit: string,
  peer: string | null = null,
  peerValue: number | null = null,
): void {
  printMetric({ bench, metric, value, unit, peer, peerValue })
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * CPU seconds of this thread that `work` took: what the wall clock shows on a free core, with a second one for the collector's and the
 * compiler's helpers. What was made before is collected first.
 */
export function cpuSeconds(work: () => void): number {
  collectGarbage()
  const start = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1e6
}
