import { FrequencySketch } from '../frequency-sketch.ts'
import type { Policy } from '../policy.ts'
import { HASH, Queue, type Slots, WHERE } from '../slots.ts'

const WINDOW = 1
const PROBATION = 2
const PROTECTED = 3
/** Of the main region, for values used again (Caffeine's figure). */
const PROTECTED_SHARE = 0.8
/** The window's first share of the capacity (Caffeine's figure). */
const WINDOW_SHARE = 0.01
/** Hill climbing: first step as a share of the capacity, and how it decays (Einziger et al., "Adaptive software cache management", 2018). */
const CLIMB_STEP = 0.0625
const CLIMB_DECAY = 0.98
/** A change of hit ratio this large starts the climb anew. */
const CLIMB_RESTART = 0.05

/**
 * W-TinyLFU with an adaptive window: newcomers pass through a small LRU window; then they must be in more demand, by a
 * frequency sketch of the recent past, than whom they would replace. The window's size climbs towards the better hit ratio.
 */
export function createWTinyLfu(slots: Slots, capacityBytes: number, adaptive = true): Policy {
  const window = new Queue(slots, WINDOW)
  const probation = new Queue(slots, PROBATION)
  const protectedQueue = new Queue(slots, PROTECTED)
  const queues = [window, probation, protectedQueue]
  let sketch = new FrequencySketch(64)
  let windowBytes = capacityBytes * WINDOW_SHARE
  let step = -CLIMB_STEP * capacityBytes
  let hits = 0
  let requests = 0
  let lastRatio = 0

  const drop = (queue: Queue, slot: number) => {
    queue.remove(slot)
    slots.owner.evicted(slot)
    slots.owner.forgotten(slot)
  }
  const climb = () => {
    const ratio = hits / requests
    const change = ratio - lastRatio
    if (lastRatio > 0) {
      const direction = change >= 0 ? step : -step
      step =
        Math.abs(change) >= CLIMB_RESTART
          ? CLIMB_STEP * capacityBytes * Math.sign(direction || 1)
          : direction * CLIMB_DECAY
      windowBytes = Math.min(capacityBytes * 0.8, Math.max(capacityBytes * WINDOW_SHARE, windowBytes + direction))
    }
    lastRatio = ratio
    hits = requests = 0
  }
  const used = (slot: number, hit: boolean) => {
    sketch.add(slots.words[slot + HASH]!)
    requests++
    if (hit) hits++
    const count = window.count + probation.count + protectedQueue.count
    if (adaptive && requests >= 10 * Math.max(64, count)) climb()
    if (count > sketch.entries) sketch = new FrequencySketch(count * 2)
  }
  const makeRoom = () => {
    while (window.bytes > windowBytes && window.count > 0) {
      const candidate = window.tail
      window.remove(candidate)
      probation.push(candidate)
      if (window.bytes + probation.bytes + protectedQueue.bytes <= capacityBytes) continue
      while (window.bytes + probation.bytes + protectedQueue.bytes > capacityBytes) {
        const victim = probation.tail !== candidate ? probation.tail : protectedQueue.tail
        if (victim < 0) {
          drop(probation, candidate)
          break
        }
        if (sketch.count(slots.words[candidate + HASH]!) > sketch.count(slots.words[victim + HASH]!)) {
          drop(slots.words[victim + WHERE] === PROBATION ? probation : protectedQueue, victim)
        } else {
          drop(probation, candidate)
          break
        }
      }
    }
    while (window.bytes + probation.bytes + protectedQueue.bytes > capacityBytes) {
      const queue = probation.count > 0 ? probation : protectedQueue.count > 0 ? protectedQueue : window
      drop(queue, queue.tail)
    }
  }
  return {
    hit(slot) {
      used(slot, true)
      const where = slots.words[slot + WHERE]!
      if (where === WINDOW) {
        window.remove(slot)
        window.push(slot)
        return
      }
      ;(where === PROBATION ? probation : protectedQueue).remove(slot)
      protectedQueue.push(slot)
      const limit = (capacityBytes - windowBytes) * PROTECTED_SHARE
      while (protectedQueue.bytes > limit && protectedQueue.count > 1) {
        const old = protectedQueue.tail
        protectedQueue.remove(old)
        probation.push(old)
      }
    },
    miss(slot) {
      used(slot, false)
      if (slots.sizeOf(slot) > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      window.push(slot)
      makeRoom()
      return slots.isResident(slot)
    },
    remove(slot) {
      for (const queue of queues) if (queue.code === slots.words[slot + WHERE]) queue.remove(slot)
    },
    bytes: () => window.bytes + probation.bytes + protectedQueue.bytes,
    queues: () => queues,
  }
}
