/** Units in which less is better: time, gas, size, regret, demand that is not served, and errors of forecasts. Rates (`1/s`, `MB/s`) and other shares are not among them. */
const LESS_IS_BETTER =
  /^(ns|µs|us|ms|s|gas|B|bytes|MB|MiB|of the oracle|of demand|of the last value|zone-hours)($| |\/(hash|handover)$)/

/** One result of a bench. */
export interface Metric {
  readonly bench: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  /** What the peer is, measured in the same run. */
  readonly peer?: string | null | undefined
  readonly peerValue?: number | null | undefined
}

/** Prints a metric as a line of JSON. `ratio` is above 1 where we do better than the peer, whatever the unit. */
export function printMetric({ bench, metric, value, unit, peer = null, peerValue = null }: Metric): void {
  const compared = peer !== null && peerValue !== null
  const ratio = !compared ? null : LESS_IS_BETTER.test(unit) ? peerValue / value : value / peerValue
  console.log(
    JSON.stringify({
      bench,
      metric,
      value: round(value),
      unit,
      peer: compared ? peer : null,
      peerValue: compared ? round(peerValue) : null,
      ratio: ratio === null ? null : round(ratio),
    }),
  )
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4))
}
