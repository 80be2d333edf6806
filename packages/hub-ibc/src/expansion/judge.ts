/** The errors that one method makes at one horizon: how large they are, and the bounds that follow. */
import { createQuantile, type QuantileState, updateQuantile } from './quantile.ts'

/** What a judge knows. Plain JSON. */
export interface JudgeState {
  /** The forecasts whose time has not come, by the sample they are for; null where there was none. */
  readonly pending: (number | null)[]
  /** Mean absolute error, the newer ones counting more. */
  error: number
  judged: number
  readonly upper: QuantileState
  readonly lower: QuantileState
}

/** A judge of forecasts `pending.length` samples ahead. */
export const createJudge = (steps: number): JudgeState => ({
  pending: new Array<number | null>(steps).fill(null),
  error: 0,
  judged: 0,
  upper: createQuantile(),
  lower: createQuantile(),
})

/** What is judged, and by what. */
export interface JudgeRules {
  readonly coverage: number
  /** Errors that the mean remembers. */
  readonly memory: number
}

/** Compares sample number `count` with what was forecast for it; undefined stands for a sample that is missing. */
export function judge(state: JudgeState, rules: JudgeRules, count: number, sample: number | undefined): void {
  const expected = state.pending[count % state.pending.length]
  if (expected === null || expected === undefined || sample === undefined) return
  const error = sample - expected
  state.judged++
  state.error += (Math.abs(error) - state.error) / Math.min(state.judged, rules.memory)
  updateQuantile(state.upper, rules.coverage, error)
  updateQuantile(state.lower, 1 - rules.coverage, error)
}

/** Notes a forecast made after sample number `count`. Call {@link judge} for that sample first. */
export function noteForecast(state: JudgeState, count: number, forecast: number | undefined): void {
  state.pending[count % state.pending.length] = forecast ?? null
}
