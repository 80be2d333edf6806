/** The methods that a forecaster chooses from, behind one interface; the plainest first. */
import {
  beginHoltWinters,
  forecastHoltWinters,
  type HoltWintersGains,
  type HoltWintersState,
  highestHoltWinters,
  updateHoltWinters,
} from './holt-winters.ts'

/** The names of the methods, from the plainest on. */
export type ForecastMethod = 'last-value' | 'damped-trend' | 'seasonal-naive' | 'holt-winters'

/** Samples up to now, of which the newest two cycles of the longest season are kept. */
export interface History {
  /** Samples taken in all. */
  readonly count: number
  /** The sample `ago` samples before the newest, which is 0. */
  at(ago: number): number
}

/** One method. `state` is what it keeps, plain JSON; undefined until it has seen enough to forecast. */
export interface Model {
  readonly method: ForecastMethod
  /** Samples in the longest season that it knows; 1 for none. */
  readonly cycle: number
  state: HoltWintersState | undefined
  /** After `history` has got its newest sample. */
  update(history: History): void
  /** The load `steps` samples ahead; undefined until the method has seen enough. */
  forecast(history: History, steps: number): number | undefined
  /** The largest load of the next `steps` samples. */
  highest(history: History, steps: number): number | undefined
}

const lastValue = (): Model => ({
  method: 'last-value',
  cycle: 1,
  state: undefined,
  update() {},
  forecast: (history) => (history.count > 0 ? history.at(0) : undefined),
  highest: (history) => (history.count > 0 ? history.at(0) : undefined),
})

/** What was observed one season before. */
const seasonalNaive = (cycle: number): Model => ({
  method: 'seasonal-naive',
  cycle,
  state: undefined,
  update() {},
  forecast: (history, steps) => (history.count >= cycle ? history.at(cycle - 1 - ((steps - 1) % cycle)) : undefined),
  highest(history, steps) {
    if (history.count < cycle) return undefined
    let highest = 0
    for (let step = 0; step < Math.min(steps, cycle); step++) highest = Math.max(highest, history.at(cycle - 1 - step))
    return highest
  },
})

function holtWinters(gains: HoltWintersGains): Model {
  const cycle = gains.seasons.reduce((longest, { length }) => Math.max(longest, length), 1)
  const model: Model = {
    method: gains.seasons.length === 0 ? 'damped-trend' : 'holt-winters',
    cycle,
    state: undefined,
    update(history) {
      if (model.state) updateHoltWinters(gains, model.state, history.at(0))
      else if (history.count >= 2 * cycle) {
        const samples = Array.from({ length: 2 * cycle }, (_, i) => history.at(2 * cycle - 1 - i))
        model.state = beginHoltWinters(gains, samples, history.count)
        // Two samples make a slope of pure noise; a whole season's means do not.
        if (cycle === 1) model.state.trend = 0
      }
    },
    forecast: (_, steps) => (model.state ? forecastHoltWinters(gains, model.state, steps) : undefined),
    highest: (_, steps) => (model.state ? highestHoltWinters(gains, model.state, steps) : undefined),
  }
  return model
}

/**
 * A level that is quick, one that is calm, and a calm one beside which disturbances last a while (half of one is gone after seven samples). Which is best
 * depends on what kind of noise the load has.
 */
const LEVELS = [
  { level: 0.4, carry: 0 },
  { level: 0.08, carry: 0 },
  { level: 0.04, carry: 0.9 },
]
const TREND_SHARE = 0.05
/** Half of a trend is gone after 23 samples. */
const DAMPING = 0.97
const SEASON_GAIN = 0.12

/** The methods for seasons of these lengths, in samples, the shortest first. */
export function createModels(seasons: readonly number[]): Model[] {
  const known = (count: number) => seasons.slice(0, count).map((length) => ({ length, gain: SEASON_GAIN / count }))
  const smoothing = [0, ...seasons.map((_, i) => i + 1)].flatMap((count) =>
    LEVELS.map(({ level, carry }) =>
      holtWinters({ level, carry, trend: level * TREND_SHARE, damping: DAMPING, seasons: known(count) }),
    ),
  )
  return [
    lastValue(),
    ...smoothing.slice(0, LEVELS.length),
    ...seasons.map(seasonalNaive),
    ...smoothing.slice(LEVELS.length),
  ]
}
