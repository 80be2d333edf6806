import type { Cache } from '../../src/caching/cache.ts'
import type { DemandForecast } from '../../src/schedule/demand.ts'
import type { place as Place, PlaceableCache } from '../../src/schedule/placement.ts'
import { seeded } from '../seeded.ts'

/** What one strategy did over the measured epochs. */
export interface NetworkResult {
  meanMs: number
  p99Ms: number
  originMegabytes: number
}

export interface NetworkOptions {
  seed: number
  regions: number
  cachesPerRegion: number
  objects: number
  epochs: number
  requestsPerEpoch: number
  cacheBytes: number
  tools: {
    Cache: new (options: {
      capacityBytes: number
      policy: 'lru' | 'filtered-s3-fifo'
    }) => Pick<Cache<string, true>, 'get' | 'set' | 'has'>
    DemandForecast: new () => Pick<DemandForecast, 'observe' | 'endEpoch' | 'forecastPart'>
    place: typeof Place
  }
}

const ORIGIN_MS = 220
/** Share of each cache that follows the plan; the rest is a plain cache for what nobody foresaw. */
const PLANNED = 0.85
const WARM_EPOCHS = 4
/** Requests of a region and epoch for each assumed request of an object nobody asked for. */
const REQUESTS_PER_TAIL_REQUEST = 20_000

interface Request {
  object: number
  region: number
}

/**
 * A network of caches in regions before one origin: regional tastes (Zipf with a shuffled order for each region), drift, and a flash crowd now and
 * then. The strategies see the same requests. A request costs the latency to where it is answered.
 */
export function simulateNetwork(
  options: NetworkOptions,
): Record<'planned' | 'hash-lru' | 'static' | 'hindsight', NetworkResult> {
  const { regions, cachesPerRegion, objects, epochs, requestsPerEpoch, cacheBytes, tools } = options
  const random = seeded(options.seed)
  const sizes = Array.from({ length: objects }, () => Math.round(100_000 * Math.exp(2.2 * random())))
  const between = Array.from({ length: regions }, (_, a) =>
    Array.from({ length: regions }, (_, b) => (a === b ? 8 : 30 + 120 * random())),
  )
  for (let a = 0; a < regions; a++) for (let b = 0; b < a; b++) between[a]![b] = between[b]![a]!
  const caches = Array.from({ length: regions * cachesPerRegion }, (_, i) => i)
  // The trace: each region's order of taste is the global one with neighbours swapped; it drifts a little each epoch.
  const order = Array.from({ length: regions }, () => Array.from({ length: objects }, (_, i) => i))
  const shuffle = (list: number[], swaps: number, reach: number) => {
    for (let i = 0; i < swaps; i++) {
      const a = Math.floor(random() ** 2 * objects)
      const b = Math.min(objects - 1, Math.floor(a + random() * reach))
      ;[list[a], list[b]] = [list[b]!, list[a]!]
    }
  }
  for (const list of order) shuffle(list, objects, objects / 4)
  const cumulative = new Float64Array(objects)
  let sum = 0
  for (let i = 0; i < objects; i++) {
    sum += 1 / (i + 1) ** 0.85
    cumulative[i] = sum
  }
  const draw = () => {
    const target = random() * sum
    let low = 0
    let high = objects - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle]! < target) low = middle + 1
      else high = middle
    }
    return low
  }
  const trace: Request[][] = []
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const list of order) shuffle(list, objects / 10, objects / 2)
    const crowd = epoch % 6 === 4 ? Math.floor(random() * objects) : -1
    trace.push(
      Array.from({ length: requestsPerEpoch }, () => {
        const region = Math.floor(random() * regions)
        if (crowd >= 0 && random() < 0.05) return { object: crowd, region }
        return { object: order[region]![draw()]!, region }
      }),
    )
  }
  const cacheOf = (object: number, region: number) =>
    region * cachesPerRegion + ((Math.imul(object + 1, 0x9e3779b1) >>> 8) % cachesPerRegion)
  const summarise = (run: (epoch: number, request: Request) => number): NetworkResult => {
    const times: number[] = []
    let originBytes = 0
    trace.forEach((requests, epoch) => {
      for (const request of requests) {
        const ms = run(epoch, request)
        if (epoch < WARM_EPOCHS) continue
        times.push(ms)
        if (ms >= ORIGIN_MS) originBytes += sizes[request.object]!
      }
    })
    times.sort((a, b) => a - b)
    return {
      meanMs: times.reduce((a, b) => a + b, 0) / times.length,
      p99Ms: times[Math.floor(times.length * 0.99)]!,
      originMegabytes: originBytes / 1e6,
    }
  }
  const plain = (policy: 'lru' | 'filtered-s3-fifo', share: number) =>
    caches.map(() => new tools.Cache({ capacityBytes: cacheBytes * share, policy }))

  // Consistent hashing within the region, LRU in each cache.
  const lru = plain('lru', 1)
  const hashLru = summarise((_, { object, region }) => {
    const cache = lru[cacheOf(object, region)]!
    if (cache.get(`${object}`)) return between[region]![region]!
    cache.set(`${object}`, true, sizes[object]!)
    return ORIGIN_MS
  })

  /** The caches of a region are equally near, so the plan is for their sum; within it an object has its place by hash. */
  const planFor = (demandOf: (object: number, region: number) => number, share: number, tailDemand = 0) => {
    const list = sizes.map((sizeBytes, o) => ({
      id: `${o}`,
      sizeBytes,
      demand: Array.from({ length: regions }, (_, region) => demandOf(o, region)),
    }))
    const pools: PlaceableCache[] = Array.from({ length: regions }, (_, region) => ({
      id: `${region}`,
      capacityBytes: cacheBytes * cachesPerRegion * share,
      serveBytesPerEpoch: Number.POSITIVE_INFINITY,
      latencyMs: between.map((row) => row[region]!),
    }))
    const where = new Map<string, number[]>()
    const placed = tools.place(list, pools, {
      originLatencyMs: Array(regions).fill(ORIGIN_MS),
      minimumDemand: 0,
      tailDemand,
    })
    for (const { object, cache } of placed) where.set(object, [...(where.get(object) ?? []), Number(cache)])
    return where
  }
  const nearest = (where: Map<string, number[]>, { object, region }: Request) => {
    let best = ORIGIN_MS
    for (const at of where.get(`${object}`) ?? []) best = Math.min(best, between[region]![at]!)
    return best
  }

  // Placements that never change: made from the first epochs, and, as a bound, with the whole future known.
  const fixed = (from: number, to: number) => {
    const totals = new Float64Array(objects * regions)
    for (const requests of trace.slice(from, to)) {
      for (const { object, region } of requests) totals[object * regions + region]!++
    }
    const where = planFor((o, r) => totals[o * regions + r]! / (to - from), 1)
    return summarise((_, request) => nearest(where, request))
  }
  const staticResult = fixed(0, WARM_EPOCHS)
  const hindsight = fixed(WARM_EPOCHS, epochs)

  // Ours: forecast, plan each epoch, and a plain cache beside the plan.
  const forecast = new tools.DemandForecast()
  const beside = plain('filtered-s3-fifo', 1 - PLANNED)
  let where = new Map<string, number[]>()
  let at = -1
  const planned = summarise((epoch, request) => {
    if (epoch !== at) {
      if (at >= 0) forecast.endEpoch()
      at = epoch
      if (epoch > 0)
        where = planFor(
          (o, r) => forecast.forecastPart(`${o}/${r}`, `${o}`, regions),
          PLANNED,
          requestsPerEpoch / REQUESTS_PER_TAIL_REQUEST,
        )
    }
    const { object, region } = request
    forecast.observe(`${object}/${region}`)
    forecast.observe(`${object}`)
    const local = beside[cacheOf(object, region)]!
    const fromPlan = nearest(where, request)
    const here = between[region]![region]!
    if (fromPlan <= here) return here
    if (local.get(`${object}`)) return here
    // Nobody planned it near: what another region's caches happen to hold is nearer than the origin.
    let best = fromPlan
    for (let other = 0; other < regions; other++) {
      const ms = between[region]![other]!
      if (ms < best && beside[cacheOf(object, other)]!.has(`${object}`)) best = ms
    }
    local.set(`${object}`, true, sizes[object]!)
    return best
  })
  return { planned, 'hash-lru': hashLru, static: staticResult, hindsight }
}
