/** Made-up demand: applications that come, live in a zone and go, with days, weeks, growth and crowds. Seeded. */

/** A seeded generator (mulberry32) of the distributions that a workload is made of. */
export function createDraw(seed: number) {
  let state = seed | 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const exponential = (mean: number) => -mean * Math.log(1 - uniform())
  const poisson = (mean: number) => {
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()))
    let count = 0
    for (let product = uniform(); product > Math.exp(-mean); product *= uniform()) count++
    return count
  }
  return { uniform, normal, exponential, poisson }
}
export type Draw = ReturnType<typeof createDraw>

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const STEP = 5 * MINUTE

/** An application: where its users' day begins, how much it wants on average, in shares of a zone's limit, and how long it stays. */
export interface Tenant {
  readonly region: number
  readonly size: number
  readonly lifeMs: number
}

export interface Workload {
  readonly name: string
  readonly days: number
  /** Mean demand at the start, in zones' limits. */
  readonly initial: number
  /** Demand that comes in a step at `now`, in zones' limits, while nothing special happens. */
  readonly inflow: (now: number) => number
  /** How long applications stay, on average. */
  readonly meanLifeMs: number
  /** Crowds: many small short-lived applications at once. */
  readonly crowds: readonly {
    readonly at: number
    readonly lastsMs: number
    readonly demand: number
    readonly lifeMs: number
  }[]
}

export const REGIONS = 3
const MEAN_SIZE = 0.004

/** What the users of a region want at `now`, 1 on average: a day with one peak, two calmer days a week. */
export function seasonOf(region: number, now: number): number {
  const hour = ((now / HOUR + region * 3) % 24) / 24
  const day = Math.floor((now + region * 3 * HOUR) / DAY) % 7
  const daily = 1 + 0.6 * Math.sin(2 * Math.PI * (hour - 0.35)) + 0.12 * Math.sin(4 * Math.PI * hour)
  return daily * (day >= 5 ? 0.78 : 1.088)
}

/** A tenant of the ordinary kind: many small ones, few large ones (a Pareto distribution with exponent 2.2, cut off). */
export function drawTenant(draw: Draw, lifeMs: number): Tenant {
  const pareto = (MEAN_SIZE * 1.2) / 2.2 / (1 - draw.uniform()) ** (1 / 2.2)
  return { region: Math.floor(draw.uniform() * REGIONS), size: Math.min(0.1, pareto), lifeMs: draw.exponential(lifeMs) }
}

export const tenantsFor = (demand: number) => demand / MEAN_SIZE

/** Weeks of growth to about `to` zones: what comes rises in a straight line, what goes follows it. */
export function growth(days: number, from: number, to: number, meanLifeMs = 21 * DAY): Workload {
  const slope = (to - from) / (days * DAY)
  return {
    name: 'growth',
    days,
    initial: from,
    // What leaves in a step has to be replaced, and more comes.
    inflow: (now) => ((from + slope * now) / meanLifeMs + slope) * STEP,
    meanLifeMs,
    crowds: [],
  }
}

/** A calm network that crowds come to, three in `days`. */
export function crowds(days: number): Workload {
  const at = [0.31, 0.57, 0.83].map((share, i) => share * days * DAY + i * 7 * HOUR)
  return {
    ...growth(days, 0.4, 0.45),
    name: 'crowds',
    crowds: at.map((at, i) => ({ at, lastsMs: 5 * HOUR, demand: [1.2, 1.8, 1.5][i]!, lifeMs: 12 * HOUR })),
  }
}

/** Nothing to do for an expansion. */
export const quiet = (days: number): Workload => ({ ...growth(days, 0.35, 0.38), name: 'quiet' })

/** Growth up to the middle, then little comes any more. */
export function riseAndFall(days: number, to: number): Workload {
  const rise = growth(days / 2, 0.5, to, 7 * DAY)
  return {
    ...rise,
    name: 'rise-and-fall',
    days,
    inflow: (now) => (now < (days / 2) * DAY ? rise.inflow(now) : 0.12 * rise.inflow((days / 2) * DAY)),
  }
}
