/**
 * The forecast of one load: several methods run side by side, each is judged by its own errors at the wanted horizon, and the best one so far speaks.
 * So a season is believed when it has proved itself, and not before.
 */
import { HubError } from '../errors.ts'
import type { HoltWintersState } from './holt-winters.ts'
import { createJudge, type JudgeState, judge, noteForecast } from './judge.ts'
import { createModels, type ForecastMethod, type History } from './models.ts'

/** What is expected of a load at the horizon, and of the time up to the next season's end. In the unit of the samples. */
export interface Forecast {
  /** The method that speaks, the one with the smallest errors at this horizon so far. */
  readonly method: ForecastMethod
  readonly horizonMs: number
  /** The load at the horizon. */
  readonly point: number
  /** Not less than this, with the wanted coverage; undefined until errors of this horizon were seen. */
  readonly lower: number | undefined
  /** Not more than this, with the wanted coverage; undefined until errors of this horizon were seen. */
  readonly upper: number | undefined
  /**
   * The largest upper bound from now to the end of the look-ahead, where a season has proved itself; to the horizon, where none has. Of the points,
   * where there is no bound yet.
   */
  readonly peak: number
  /** Whether a season has proved itself, half a day ahead. */
  readonly seasonal: boolean
  /** The newest sample. */
  readonly last: number
  /** Mean absolute error at the horizon, the newer errors counting more; undefined until one was seen. */
  readonly error: number | undefined
  /** Samples seen. */
  readonly samples: number
}

/** A forecaster of one load. It is driven by its owner, one call a sampling interval. */
export interface Forecaster {
  /** Takes the next sample, or undefined where there is none: the forecast then stands in for it and no error is counted. */
  observe(sample: number | undefined): void
  /** Undefined before the first sample. */
  forecast(): Forecast | undefined
  /** All that it knows, as plain JSON, for {@link createForecaster}. */
  save(): unknown
}

/** What a {@link createForecaster} forecasts, and how far. */
export interface ForecastOptions {
  /** Time between two samples. Default five minutes. */
  readonly intervalMs?: number
  /** How far ahead the load has to be known: the time that a zone needs to start. Default half an hour. */
  readonly horizonMs?: number
  /** Share of the samples that lie not above `upper`, and of those that lie not below `lower`. Default 0.95. */
  readonly coverage?: number
  /** Seasons that a load may have, the shortest first. Default a day and a week. */
  readonly seasonsMs?: readonly number[]
  /** How far `peak` looks. Default the shortest season, or the horizon if there is none. */
  readonly lookAheadMs?: number
}

/** Plain JSON; what `save` gives. */
interface SavedForecaster {
  readonly shape: string
  readonly count: number
  readonly history: number[]
  readonly tracks: { state?: HoltWintersState | undefined; near: JudgeState; far: JudgeState }[]
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** A method must have at most this share of the errors of the plainer ones before it speaks. */
const BETTER = 0.95
/**
 * The same, half a day ahead, for a season where none was believed in. Errors there hang together for half a day, so that a few of them say
 * little, and a walk without any season looks like one for days.
 */
const CLEARLY_BETTER = 0.75
/** Days that the mean of the errors remembers; for the same reason. */
const MEMORY = { near: 1, far: 7 }
/** Errors seen before a method without a season may speak instead of the last value. */
const ENOUGH = 12

/** A forecaster for these options, or one that goes on from what another with the same options has saved. Throws `HUB_INVALID_ARGUMENT`, and `HUB_DECODE` for saved data of other options. */
export function createForecaster(options: ForecastOptions = {}, saved?: unknown): Forecaster {
  const { intervalMs = 5 * MINUTE, horizonMs = 30 * MINUTE, coverage = 0.95, seasonsMs = [DAY, 7 * DAY] } = options
  if (!(intervalMs > 0) || !(horizonMs > 0) || !(coverage > 0.5 && coverage < 1))
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      'a forecast needs an interval, a horizon, and a coverage between 0.5 and 1',
      {
        intervalMs,
        horizonMs,
        coverage,
      },
    )
  const seasons = seasonsMs.map((season) => Math.round(season / intervalMs))
  if (seasons.some((length, i) => length < 2 || length <= (seasons[i - 1] ?? 0)))
    throw new HubError('HUB_INVALID_ARGUMENT', 'seasons are longer than two samples and rise', {
      seasonsMs,
      intervalMs,
    })
  const steps = Math.max(1, Math.ceil(horizonMs / intervalMs))
  const ahead = Math.max(steps, Math.ceil((options.lookAheadMs ?? seasonsMs[0] ?? horizonMs) / intervalMs))
  const day = seasons[0] ?? ENOUGH
  // Half a day ahead a season shows best: the load of now says least about that.
  const farSteps = Math.max(1, Math.floor(day / 2))
  const rules = {
    near: { coverage, memory: MEMORY.near * day },
    far: { coverage, memory: MEMORY.far * day },
  }
  const shape = JSON.stringify([seasons, steps, coverage])

  let count = 0
  const samples = new Array<number>(2 * (seasons.at(-1) ?? 1)).fill(0)
  const history: History = {
    get count() {
      return count
    },
    at: (ago) => samples[(count - 1 - ago) % samples.length]!,
  }
  const tracks = createModels(seasons).map((model) => ({
    model,
    near: createJudge(steps),
    far: createJudge(farSteps),
  }))
  if (saved !== undefined) restore(saved as SavedForecaster)

  function restore(from: SavedForecaster): void {
    if (from?.shape !== shape || from.history?.length !== samples.length || from.tracks?.length !== tracks.length)
      throw new HubError('HUB_DECODE', 'this forecaster was saved with other seasons, another horizon or coverage', {
        shape,
      })
    const copy = structuredCopy(from)
    count = copy.count
    copy.history.forEach((sample, i) => {
      samples[i] = sample
    })
    tracks.forEach((track, i) => {
      const { state, near, far } = copy.tracks[i]!
      track.model.state = state
      track.near = near
      track.far = far
    })
  }

  /** The method with the smallest errors so far, near or far. */
  const best = (horizon: 'near' | 'far') => {
    let chosen = tracks[0]!
    for (const track of tracks.slice(1)) {
      // A whole day, so that one method is not judged by its nights and another by its days.
      const enough = track[horizon].judged >= (track.model.cycle === 1 ? ENOUGH : day)
      const news = horizon === 'far' && chosen.model.cycle === 1 && track.model.cycle > 1
      const share = news ? CLEARLY_BETTER : BETTER
      if (enough && track[horizon].error < share * chosen[horizon].error) chosen = track
    }
    return chosen
  }
  /** The largest bound of the look-ahead: by the best method for half a day ahead if that knows a season, else only as far as the horizon. */
  const peakOf = () => {
    const far = best('far')
    const near = best('near')
    const highest = (track: typeof near, ahead: number, { judged, upper }: JudgeState) =>
      Math.max(0, track.model.highest(history, ahead) ?? history.at(0)) + (judged > 0 ? Math.max(0, upper.value) : 0)
    const soon = highest(near, steps, near.near)
    return far.model.cycle === 1 ? soon : Math.max(soon, highest(far, ahead, far.far))
  }

  return {
    observe(given) {
      if (given !== undefined && !(given >= 0 && Number.isFinite(given)))
        throw new HubError('HUB_INVALID_ARGUMENT', 'a load is a number that is not negative', { sample: given })
      if (given === undefined && count === 0) return
      const sample = given ?? Math.max(0, best('near').model.forecast(history, 1) ?? history.at(0))
      samples[count % samples.length] = sample
      count++
      for (const { model, near, far } of tracks) {
        judge(near, rules.near, count, given)
        judge(far, rules.far, count, given)
        model.update(history)
        noteForecast(near, count, model.forecast(history, steps))
        noteForecast(far, count, model.forecast(history, farSteps))
      }
    },
    forecast() {
      if (count === 0) return undefined
      const { model, near } = best('near')
      const point = Math.max(0, model.forecast(history, steps) ?? history.at(0))
      const seen = near.judged > 0
      const upper = seen ? point + Math.max(0, near.upper.value) : undefined
      return {
        method: model.method,
        horizonMs,
        point,
        lower: seen ? Math.max(0, point + Math.min(0, near.lower.value)) : undefined,
        upper,
        peak: Math.max(peakOf(), upper ?? point),
        seasonal: best('far').model.cycle > 1,
        last: history.at(0),
        error: seen ? near.error : undefined,
        samples: count,
      }
    },
    save: (): SavedForecaster => ({
      shape,
      count,
      history: [...samples],
      tracks: tracks.map(({ model: { state }, near, far }) => structuredCopy({ state, near, far })),
    }),
  }
}

const structuredCopy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
