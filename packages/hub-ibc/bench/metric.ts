import { printMetric } from '../../../scripts/metric.ts'

/** CPU milliseconds of `run`, of this process. Less noisy than the clock on a shared machine. */
export function cpuMs(run: () => void): number {
  const start = process.cpuUsage()
  run()
  const used = process.cpuUsage(start)
  return (used.user + used.system) / 1000
}

/** The smallest of `rounds` measurements, alternating the candidates so that drift hits all alike. */
export function best(rounds: number, ...candidates: (() => number)[]): number[] {
  const times = candidates.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    candidates.forEach((candidate, i) => {
      times[i] = Math.min(times[i]!, candidate())
    })
  }
  return times
}

/** Prints one result line. */
export function print(
  bench: string,
  metric: string,
  value: number,
  unit: string,
  peer: string | null = null,
  peerValue: number | null = null,
): void {
  printMetric({ bench, metric, value, unit, peer, peerValue })
}
