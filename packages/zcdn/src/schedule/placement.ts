/** An object with its forecast, by region: `demand[r]` requests an epoch from region r. */
export interface PlaceableObject {
  id: string
  sizeBytes: number
  demand: readonly number[]
}

/** A cache where objects may be placed. */
export interface PlaceableCache {
  id: string
  capacityBytes: number
  /** Bytes it may serve an epoch. `Infinity`: not limited. */
  serveBytesPerEpoch: number
  /** Milliseconds from each region. */
  latencyMs: readonly number[]
}

/** One decision of {@link place}, and why. */
export interface Placement {
  object: string
  cache: string
  /** Milliseconds times requests that it saves an epoch. */
  gain: number
  why: string
}

/** Options of {@link place}. */
export interface PlacementOptions {
  /** Milliseconds from each region to the origin. */
  originLatencyMs: readonly number[]
  /** What is where now; keeping costs nothing, moving costs its bytes. */
  current?: ReadonlyMap<string, ReadonlySet<string>>
  /** Gain (ms · requests) that a megabyte moved must bring. Default 0. */
  moveCostPerMegabyte?: number
  /** Requests an epoch below which an object is not placed by plan: too thin; it is left to plain caching. */
  minimumDemand?: number
  /**
   * Requests an epoch assumed of every object in every region beyond the forecast. Default 0. Above 0 the plan spends room on a first copy of what
   * few ask for: it keeps the tail inside the network, and the origin and the slowest percent are what gains.
   */
  tailDemand?: number
}

/**
 * Decides which object goes on which cache: greedy by gain a byte, where the gain of a copy is the latency that it takes off its regions' forecast
 * given the copies placed before. The gain is submodular, so the lazy greedy (Minoux 1978) is exact greedy, at least 1 − 1/e of the best for one
 * knapsack and near it for many. O(pairs · log pairs) with few re-evaluations.
 */
export function place(
  objects: readonly PlaceableObject[],
  caches: readonly PlaceableCache[],
  options: PlacementOptions,
): Placement[] {
  const { originLatencyMs, current, moveCostPerMegabyte = 0, minimumDemand = 1, tailDemand = 0 } = options
  const room = caches.map((cache) => cache.capacityBytes)
  const serve = caches.map((cache) => cache.serveBytesPerEpoch)
  const best = new Map<number, Float64Array>()
  const gainOf = (object: number, cache: number): number => {
    const { demand, sizeBytes, id } = objects[object]!
    const have = best.get(object)
    let gain = 0
    let served = 0
    for (let region = 0; region < demand.length; region++) {
      const saved = (have ? have[region]! : originLatencyMs[region]!) - caches[cache]!.latencyMs[region]!
      if (saved <= 0) continue
      gain += saved * (demand[region]! + tailDemand)
      served += demand[region]! + tailDemand
    }
    const share = served * sizeBytes > serve[cache]! ? serve[cache]! / (served * sizeBytes) : 1
    const move = current?.get(caches[cache]!.id)?.has(id) ? 0 : (moveCostPerMegabyte * sizeBytes) / 1e6
    return gain * share - move
  }
  // A heap of (gain a byte, object, cache, copies of the object when it was computed).
  const heap: { value: number; object: number; cache: number; version: number }[] = []
  const push = (entry: (typeof heap)[number]) => {
    let at = heap.push(entry) - 1
    while (at > 0 && heap[(at - 1) >> 1]!.value < entry.value) {
      heap[at] = heap[(at - 1) >> 1]!
      at = (at - 1) >> 1
    }
    heap[at] = entry
  }
  const pop = () => {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.value > heap[child]!.value) child++
      if (heap[child]!.value <= last.value) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
  objects.forEach((object, o) => {
    if (object.demand.reduce((a, b) => a + b, 0) + tailDemand * object.demand.length < minimumDemand) return
    caches.forEach((cache, c) => {
      if (object.sizeBytes > cache.capacityBytes) return
      const gain = gainOf(o, c)
      if (gain > 0) push({ value: gain / object.sizeBytes, object: o, cache: c, version: 0 })
    })
  })
  const version = new Uint16Array(objects.length)
  const serveVersion = new Map<number, number>()
  const placed: Placement[] = []
  while (heap.length > 0) {
    const entry = pop()
    const object = objects[entry.object]!
    const cache = caches[entry.cache]!
    if (object.sizeBytes > room[entry.cache]!) continue
    const now = version[entry.object]! + (serveVersion.get(entry.cache) ?? 0) * 65_536
    const gain = entry.version === now ? entry.value * object.sizeBytes : gainOf(entry.object, entry.cache)
    if (gain <= 0) continue
    if (entry.version !== now && heap.length > 0 && gain / object.sizeBytes < heap[0]!.value) {
      push({ ...entry, value: gain / object.sizeBytes, version: now })
      continue
    }
    room[entry.cache] = room[entry.cache]! - object.sizeBytes
    let have = best.get(entry.object)
    if (!have) {
      have = Float64Array.from(originLatencyMs)
      best.set(entry.object, have)
    }
    let served = 0
    for (let region = 0; region < have.length; region++) {
      if (cache.latencyMs[region]! >= have[region]!) continue
      have[region] = cache.latencyMs[region]!
      served += object.demand[region]!
    }
    if (Number.isFinite(serve[entry.cache]!)) {
      serve[entry.cache] = Math.max(0, serve[entry.cache]! - served * object.sizeBytes)
      serveVersion.set(entry.cache, (serveVersion.get(entry.cache) ?? 0) + 1)
    }
    version[entry.object] = version[entry.object]! + 1
    const why = `saves ${gain.toFixed(0)} ms·requests an epoch for ${served.toFixed(1)} forecast requests, ${((gain / object.sizeBytes) * 1e6).toFixed(0)} a megabyte; copy ${version[entry.object]}`
    placed.push({ object: object.id, cache: cache.id, gain, why })
  }
  return placed
}
