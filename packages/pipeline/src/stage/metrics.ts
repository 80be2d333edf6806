/** A histogram of non-negative numbers in buckets a quarter octave wide (quantiles within 19 %): fixed memory, no allocation. */
export class Histogram {
  /** Bucket i ≥ 1 holds [2^((i−1)/4 − 10), 2^(i/4 − 10)): from 0.001 to about 4 million; bucket 0 what is smaller. */
  readonly #buckets = new Uint32Array(130)
  #count = 0
  #sum = 0
  #max = 0

  record(value: number): void {
    this.#count++
    this.#sum += value
    if (value > this.#max) this.#max = value
    const index = value <= 2 ** -10 ? 0 : Math.min(129, Math.floor((Math.log2(value) + 10) * 4) + 1)
    this.#buckets[index]!++
  }

  get count(): number {
    return this.#count
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }

  get max(): number {
    return this.#max
  }

  /** The smallest bucket limit that `share` (0 … 1) of the values lie below, never above the largest value. 0 when empty. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#count)
    if (left === 0) return 0
    for (let i = 0; i < 130; i++) {
      left -= this.#buckets[i]!
      if (left <= 0) return Math.min(this.#max, 2 ** (i / 4 - 10))
    }
    return this.#max
  }

  summary(): Summary {
    return { count: this.#count, mean: this.mean, p50: this.quantile(0.5), p99: this.quantile(0.99), max: this.#max }
  }
}

/**
 * A distribution in five figures, in the unit of what was recorded; all 0 when nothing was. Quantiles come from a
 * histogram and are exact to 19 %; mean and maximum are exact.
 */
export interface Summary {
  readonly count: number
  readonly mean: number
  /** The median. */
  readonly p50: number
  /** What 99 of 100 values lie below. */
  readonly p99: number
  readonly max: number
}

/** Counters of one stage since the start. */
export interface StageStats {
  readonly name: string
  /** Items that entered, left for the next stage, were rejected here, or failed with the whole stage. */
  readonly in: number
  readonly out: number
  readonly rejected: number
  readonly failed: number
  /** Batches waiting and in work now. */
  readonly queued: number
  readonly running: number
  /** Share of the time since the start in which at least one batch was in work, 0 … 1. */
  readonly busy: number
  /** Items a batch. */
  readonly batchSize: Summary
  /** Milliseconds from a batch's start to its result. */
  readonly latencyMs: Summary
}

/**
 * The counters of a pipeline since its start; `formatStats` makes a table of them. Reading them is cheap enough for
 * every scrape of metrics.
 */
export interface PipelineStats {
  /** Items taken in, ended, and inside now. */
  readonly accepted: number
  readonly ended: number
  readonly inside: number
  /** Times that `tryPush` said no. */
  readonly refused: number
  /** Milliseconds since the start. */
  readonly elapsedMs: number
  /** Milliseconds from push to outcome. */
  readonly latencyMs: Summary
  readonly stages: readonly StageStats[]
}

/** The figures as a table for a terminal. */
export function formatStats(stats: PipelineStats): string {
  const rows = [['stage', 'in', 'out', 'rejected', 'failed', 'queue', 'busy', 'batch', 'p50 ms', 'p99 ms']]
  for (const stage of stats.stages)
    rows.push([
      stage.name,
      `${stage.in}`,
      `${stage.out}`,
      `${stage.rejected}`,
      `${stage.failed}`,
      `${stage.queued}+${stage.running}`,
      `${Math.round(stage.busy * 100)}%`,
      stage.batchSize.mean.toFixed(1),
      stage.latencyMs.p50.toFixed(2),
      stage.latencyMs.p99.toFixed(2),
    ])
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!))).join('  ')
  const rate = stats.elapsedMs > 0 ? (stats.ended / stats.elapsedMs) * 1000 : 0
  const head = `${stats.ended} ended, ${stats.inside} inside, ${stats.refused} refused, ${rate.toFixed(0)}/s, p50 ${stats.latencyMs.p50.toFixed(2)} ms, p99 ${stats.latencyMs.p99.toFixed(2)} ms`
  return [head, ...rows.map(line)].join('\n')
}
