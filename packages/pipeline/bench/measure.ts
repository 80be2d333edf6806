import { cpuUsage } from 'node:process'
import { printMetric } from '../../../scripts/metric.ts'

/** Items a CPU-second: repeats `run` (which handles `items` items) for about `seconds`, best of five spells. */
export function perCpuSecond(items: number, run: () => void, seconds = 1): number {
  run()
  let best = 0
  for (let spell = 0; spell < 5; spell++) {
    const start = cpuUsage()
    let rounds = 0
    let spent: number
    do {
      run()
      rounds++
      const { user, system } = cpuUsage(start)
      spent = (user + system) / 1e6
    } while (spent < seconds / 5)
    best = Math.max(best, (rounds * items) / spent)
  }
  return best
}

/** One metric as a line of JSON. */
export function report(
  bench: string,
  metric: string,
  value: number,
  unit: string,
  peer?: string,
  peerValue?: number,
): void {
  printMetric({ bench, metric, value, unit, peer, peerValue })
}
