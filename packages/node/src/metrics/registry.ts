/** Metrics in Prometheus' text format (version 0.0.4): each is declared once, with its help, and read when somebody asks. */

export interface MetricInfo {
  name: string
  kind: 'gauge' | 'counter' | 'histogram'
  help: string
}

export interface Histogram {
  observe(value: number): void
}

export class Registry {
  readonly #metrics: { info: MetricInfo; lines: () => string[] }[] = []

  /** Every metric that is declared. */
  get metrics(): readonly MetricInfo[] {
    return this.#metrics.map(({ info }) => info)
  }

  /** A value that can go up and down; `read` says what it is now, undefined leaves it out. */
  gauge(name: string, help: string, read: () => number | undefined): void {
    this.#sampled({ name, kind: 'gauge', help }, read)
  }

  /** A value that only grows. */
  counter(name: string, help: string, read: () => number | undefined): void {
    this.#sampled({ name, kind: 'counter', help }, read)
  }

  /** Counts observations up to each of `bounds`, ascending. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const counts = new Array<number>(bounds.length + 1).fill(0)
    let sum = 0
    const lines = () => {
      let below = 0
      const buckets = bounds.map((bound, index) => {
        below += counts[index]!
        return `${name}_bucket{le="${bound}"} ${below}`
      })
      const total = below + counts.at(-1)!
      return [...buckets, `${name}_bucket{le="+Inf"} ${total}`, `${name}_sum ${sum}`, `${name}_count ${total}`]
    }
    this.#add({ name, kind: 'histogram', help }, lines)
    return {
      observe(value) {
        const index = bounds.findIndex((bound) => value <= bound)
        counts[index < 0 ? bounds.length : index]!++
        sum += value
      },
    }
  }

  /** What Prometheus scrapes. */
  text(): string {
    return `${this.#metrics
      .flatMap(({ info, lines }) => {
        const values = lines()
        return values.length > 0
          ? [`# HELP ${info.name} ${info.help}`, `# TYPE ${info.name} ${info.kind}`, ...values]
          : []
      })
      .join('\n')}\n`
  }

  #sampled(info: MetricInfo, read: () => number | undefined): void {
    this.#add(info, () => {
      const value = read()
      return value === undefined ? [] : [`${info.name} ${value}`]
    })
  }

  #add(info: MetricInfo, lines: () => string[]): void {
    if (!/^[a-z_][a-z0-9_]*$/.test(info.name)) throw new Error(`${info.name} is not a metric's name`)
    if (this.#metrics.some((other) => other.info.name === info.name)) throw new Error(`${info.name} is declared twice`)
    this.#metrics.push({ info, lines })
  }
}
