/** The rule to compare with: no forecast, every bound is the load of now. */
import type { Forecaster, ForecastOptions } from '../../src/expansion/index.ts'

export function naive({ horizonMs = 0 }: ForecastOptions, saved?: unknown): Forecaster {
  let last = saved as number | undefined
  return {
    observe(sample) {
      last = sample ?? last
    },
    forecast: () =>
      last === undefined
        ? undefined
        : {
            method: 'last-value',
            horizonMs,
            point: last,
            lower: last,
            upper: last,
            peak: last,
            seasonal: false,
            last,
            error: 0,
            samples: 1,
          },
    save: () => last,
  }
}
