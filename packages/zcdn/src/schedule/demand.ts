/** Weights of level and trend (Holt's linear method). */
const LEVEL = 0.35
const TREND = 0.05
/** About how many epochs a level rests on, by the weight above. */
const EVIDENCE_EPOCHS = 3
/** A count this many standard deviations from the forecast is a change, not noise: the forecast starts anew from it. */
const CHANGE = 4
/** Objects remembered; the one with the least demand is dropped first. */
const MAX_OBJECTS = 100_000
/** An object whose forecast falls below this many requests an epoch is forgotten. */
const FORGET_BELOW = 0.002

interface Series {
  count: number
  level: number
  trend: number
  epochs: number
}

/**
 * Forecasts requests an epoch for each key (an object, or an object in a region): Holt's linear smoothing with a reset when a count is far from
 * the forecast, which is how flash crowds look. One small record a key; an epoch costs O(keys).
 */
export class DemandForecast {
  private readonly series = new Map<string, Series>()

  /** Counts `requests` in the current epoch. */
  observe(key: string, requests = 1): void {
    let series = this.series.get(key)
    if (!series) {
      if (this.series.size >= MAX_OBJECTS) this.forgetLeast()
      series = { count: 0, level: 0, trend: 0, epochs: 0 }
      this.series.set(key, series)
    }
    series.count += requests
  }

  /** Closes the epoch: every series learns its count. */
  endEpoch(): void {
    for (const [key, series] of this.series) {
      const { count, level, trend } = series
      const expected = Math.max(0, level + trend)
      if (series.epochs === 0 || Math.abs(count - expected) > CHANGE * Math.sqrt(Math.max(1, expected))) {
        series.level = count
        series.trend = 0
      } else {
        series.level = LEVEL * count + (1 - LEVEL) * expected
        series.trend = TREND * (series.level - level) + (1 - TREND) * trend
      }
      series.count = 0
      series.epochs++
      if (series.level < FORGET_BELOW) this.series.delete(key)
    }
  }

  /** Requests to expect in the next epoch, the running one included. */
  forecast(key: string): number {
    const series = this.series.get(key)
    if (!series) return 0
    return Math.max(series.count, series.level + series.trend, 0)
  }

  /**
   * The forecast of a part (an object in one region) pulled towards its share of the whole (`wholeKey` over `parts`): few requests are noise, and
   * what is asked for elsewhere will be asked for here. `weight`: requests of evidence that the whole counts for.
   */
  forecastPart(key: string, wholeKey: string, parts: number, weight = 4): number {
    const own = this.forecast(key)
    const share = this.forecast(wholeKey) / parts
    const evidence = own * EVIDENCE_EPOCHS
    return share === 0 ? own : (own * evidence + share * weight) / (evidence + weight)
  }

  /** How many epochs were seen: below two a forecast is a guess. */
  confidence(key: string): number {
    return this.series.get(key)?.epochs ?? 0
  }

  keys(): IterableIterator<string> {
    return this.series.keys()
  }

  private forgetLeast(): void {
    let least: string | undefined
    let lowest = Number.POSITIVE_INFINITY
    let looked = 0
    for (const [key, { level, count }] of this.series) {
      if (level + count < lowest) {
        lowest = level + count
        least = key
      }
      if (++looked === 32) break
    }
    if (least !== undefined) this.series.delete(least)
  }
}
