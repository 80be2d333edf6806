// pnpm bench zpos-finality [--quick]: seconds from making a unit to its finality, in virtual time: the package's committer, proposer and
// unit check over links of 20–150 ms (±10 %) and 2 ms of processing. Speaker: the leader's own unit; unit: any validator unit.
import * as zpos from '@zos/zpos'
import { printMetric } from '../../../scripts/metric.ts'
import { simulate } from '../test/sim/simulate.ts'

const quick = process.argv.includes('--quick')
/** Rounds paced at a second, at 250 ms, and unpaced with a leader every round. */
const PACES = [
  { suffix: '', intervalMs: 1000, wave: 2, durationMs: quick ? [60_000, 20_000, 9_500] : [240_000, 60_000, 20_000] },
  { suffix: '-250ms', intervalMs: 250, wave: 2, durationMs: quick ? [20_000, 7_000, 4_400] : [60_000, 20_000, 8_000] },
  { suffix: '-unpaced', intervalMs: 0, wave: 1, durationMs: quick ? [12_000, 5_000, 4_000] : [30_000, 10_000, 6_000] },
]

for (const { suffix, intervalMs, wave, durationMs } of PACES) {
  for (const [at, size] of [4, 30, 100].entries()) {
    await measure(`n${size}`, suffix, { size, silent: 0, intervalMs, wave, durationMs: durationMs[at]! })
  }
  for (const [at, size] of [4, 30].entries()) {
    const silent = Math.floor((size - 1) / 3)
    const longer = durationMs[at]! * (at === 0 ? 3 : quick ? 2 : 4)
    await measure(`n${size}-crash`, suffix, { size, silent, intervalMs, wave, durationMs: longer })
  }
}

async function measure(
  name: string,
  suffix: string,
  {
    size,
    silent,
    intervalMs,
    wave,
    durationMs,
  }: { size: number; silent: number; intervalMs: number; wave: number; durationMs: number },
): Promise<void> {
  const result = await simulate(zpos, {
    stakes: Array.from({ length: size }, () => 1n),
    // The silent ones take turns with the others in the ranking, and the observer is not among them.
    behaviours: Array.from({ length: size }, (_, i) =>
      i > 0 && i % 3 === 1 && (i - 1) / 3 < silent ? 'silent' : 'honest',
    ),
    seed: 1,
    durationMs,
    intervalMs,
    wave,
    observer: 0,
  })
  if (result.conflict !== undefined || result.forkers.length > 0 || result.commits < 3)
    throw new Error(`${name}${suffix} went wrong`)
  const percentile = (sorted: readonly number[], part: number) => sorted[Math.floor((sorted.length - 1) * part)]! / 1000
  print(`${name}-speaker-p50-s${suffix}`, percentile(result.leaderLatencies, 0.5))
  print(`${name}-p50-s${suffix}`, percentile(result.unitLatencies, 0.5))
  print(`${name}-p99-s${suffix}`, percentile(result.unitLatencies, 0.99))
}

function print(metric: string, value: number): void {
  printMetric({ bench: 'zpos-finality', metric, value, unit: 's' })
}
