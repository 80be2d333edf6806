/**
 * When a unit may say that it was made. The bounds come from the round below and not from the checking node's clock, so all nodes agree
 * on them, whatever their clocks say, and a node that replays old units comes to the same answer.
 *
 * By stake, less than a third of a quorum's two thirds is Byzantine, so the median of a round lies between times that honest validators
 * have stamped: it runs ahead of no honest clock, and from round to round it never goes back.
 */
import type { UnitHeader, UnitId } from '@zos/dag'
import type { Committee, EpochBase } from '@zos/zpos'

/**
 * How far a unit may claim to be ahead of the round below. A network that stood still for longer comes back to the real time by so much
 * in each round: a day takes 144 rounds.
 */
export const MAX_AHEAD_MS = 10 * 60_000

/** What this rule reads of a DAG. */
export interface TimedDag {
  header(id: UnitId): UnitHeader
}

/** Unix milliseconds, both included. */
export interface TimeBounds {
  readonly from: number
  readonly to: number
}

/** The times that a unit of `round` may carry that builds on `parents`, all of them in `dag`. */
export function timeBounds(
  { dag, committee, base }: { dag: TimedDag; committee: Committee; base: EpochBase },
  { round, parents }: { round: number; parents: readonly UnitId[] },
): TimeBounds {
  const median = roundTime(dag, committee, parents, round - 1)
  if (median !== undefined) return { from: median, to: median + MAX_AHEAD_MS }
  const { timestampMs, parents: below } = dag.header(base.unit)
  // Between the genesis and the first unit any time may pass.
  if (below.length === 0) return { from: timestampMs, to: Number.MAX_SAFE_INTEGER }
  // The first round of an epoch has one unit below it, and its author alone must not move the clock.
  return { from: timestampMs - MAX_AHEAD_MS, to: timestampMs + MAX_AHEAD_MS }
}

/** The time nearest to `timeMs` within `bounds`. */
export function timeWithin({ from, to }: TimeBounds, timeMs: number): number {
  return Math.min(Math.max(Math.floor(timeMs), from), to)
}

/** The median, by stake, of the times of those of `units` that are of `round`: no minority sets the clock. Undefined if none is. */
export function roundTime(
  dag: TimedDag,
  committee: Committee,
  units: readonly UnitId[],
  round: number,
): number | undefined {
  const seen = new Set<string>()
  const times: { timeMs: number; stake: bigint }[] = []
  let total = 0n
  for (const id of units) {
    const { validator, authors, timestampMs } = dag.header(id)
    const author = authors[0]
    if (validator?.round !== round || author === undefined || seen.has(author)) continue
    seen.add(author)
    const stake = committee.stakeOf([author])
    total += stake
    times.push({ timeMs: timestampMs, stake })
  }
  times.sort((a, b) => a.timeMs - b.timeMs)
  let below = 0n
  for (const { timeMs, stake } of times) {
    below += stake
    if (2n * below > total) return timeMs
  }
  return undefined
}
