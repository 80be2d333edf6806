/**
 * Additive Holt–Winters with a damped trend and any number of seasons: exponential smoothing in its error-correction form (Hyndman, Koehler,
 * Ord and Snyder, "Forecasting with Exponential Smoothing", 2008, ETS(A,Ad,A)), with a second season as Taylor adds it ("Short-term electricity
 * demand forecasting using double seasonal exponential smoothing", 2003). One sample costs as many additions as there are seasons.
 */

/** How fast each part follows what is observed. All gains are shares of the one-step error, between 0 and 1. */
export interface HoltWintersGains {
  /** α. */
  readonly level: number
  /** β = α β*, the gain of the trend in the error-correction form. */
  readonly trend: number
  /** φ: each further step carries this share of the trend; 1 for a straight line. */
  readonly damping: number
  /** How much of the newest error is still there a step later, as Taylor has it; 0 for none. For disturbances that last a while and pass. */
  readonly carry: number
  /** γ of each season, the shortest first. */
  readonly seasons: readonly { readonly length: number; readonly gain: number }[]
}

/** What the method knows after its last sample. */
export interface HoltWintersState {
  level: number
  trend: number
  /** The newest one-step error. */
  error: number
  /** What each season adds, by the position in it; season `i` stands at `samples` modulo its length. */
  readonly seasons: number[][]
  /** Samples taken, which are also the position of the next one. */
  samples: number
}

/** The forecast `steps` samples ahead, 1 being the next. */
export function forecastHoltWinters(gains: HoltWintersGains, state: HoltWintersState, steps: number): number {
  const { damping } = gains
  // φ + φ² + … + φ^steps
  const travelled = damping === 1 ? steps : (damping * (1 - damping ** steps)) / (1 - damping)
  let sum = state.level + travelled * state.trend + gains.carry ** steps * state.error
  for (const season of state.seasons) sum += season[(state.samples + steps - 1) % season.length]!
  return sum
}

/** The largest forecast of the next `steps` samples. */
export function highestHoltWinters(gains: HoltWintersGains, state: HoltWintersState, steps: number): number {
  let highest = Number.NEGATIVE_INFINITY
  let travelled = 0
  let power = 1
  let carried = state.error
  for (let step = 0; step < steps; step++) {
    power *= gains.damping
    travelled += power
    carried *= gains.carry
    let sum = state.level + travelled * state.trend + carried
    for (const season of state.seasons) sum += season[(state.samples + step) % season.length]!
    if (sum > highest) highest = sum
  }
  return highest
}

/** Takes one sample into `state`. Returns how far it lies from level, trend and seasons together. */
export function updateHoltWinters(gains: HoltWintersGains, state: HoltWintersState, sample: number): number {
  // What was carried is no part of the level, so that it does not enter it.
  const error = sample - forecastHoltWinters(gains, state, 1) + gains.carry * state.error
  const carried = gains.damping * state.trend
  state.level += carried + gains.level * error
  state.trend = carried + gains.trend * error
  state.seasons.forEach((season, i) => {
    season[state.samples % season.length]! += gains.seasons[i]!.gain * error
  })
  state.samples++
  state.error = error
  return error
}

/**
 * A state from `history`, which holds two whole cycles of the longest season and ends with the sample before number `samples`. The slope is what
 * the mean has moved from one cycle to the next; a season is the mean of what is left at each of its positions.
 */
export function beginHoltWinters(
  gains: HoltWintersGains,
  history: readonly number[],
  samples: number,
): HoltWintersState {
  const cycle = history.length / 2
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const slope = (mean(history.slice(cycle)) - mean(history.slice(0, cycle))) / cycle
  const centre = (history.length - 1) / 2
  const middle = mean(history)
  const rest = history.map((value, i) => value - middle - slope * (i - centre))
  const first = samples - history.length
  const seasons = gains.seasons.map(({ length }) => {
    const season = new Array<number>(length).fill(0)
    rest.forEach((value, i) => {
      season[(first + i) % length]! += (value * length) / history.length
    })
    rest.forEach((value, i) => {
      rest[i] = value - season[(first + i) % length]!
    })
    return season
  })
  return { level: middle + slope * (history.length - 1 - centre), trend: slope, error: 0, seasons, samples }
}
