import type { Policy } from '../policy.ts'
import { GHOST, Queue, type Slots, WHERE } from '../slots.ts'

const T1 = 1
const T2 = 2
const B1 = GHOST
const B2 = GHOST + 1

/** Adaptive replacement cache (Megiddo and Modha, FAST 2003), every count taken in bytes. */
export function createArc(slots: Slots, capacityBytes: number): Policy {
  const t1 = new Queue(slots, T1)
  const t2 = new Queue(slots, T2)
  const b1 = new Queue(slots, B1)
  const b2 = new Queue(slots, B2)
  const queues = [t1, t2, b1, b2]
  let target = 0

  const forget = (queue: Queue) => {
    const victim = queue.tail
    queue.remove(victim)
    slots.owner.forgotten(victim)
  }
  /** REPLACE of the paper. */
  const replace = (need: number, wasInB2: boolean) => {
    while (t1.bytes + t2.bytes + need > capacityBytes) {
      const fromT1 = t1.count > 0 && (t2.count === 0 || t1.bytes > target || (wasInB2 && t1.bytes >= target))
      const from = fromT1 ? t1 : t2
      const victim = from.tail
      from.remove(victim)
      slots.owner.evicted(victim)
      ;(fromT1 ? b1 : b2).push(victim)
    }
  }
  return {
    hit(slot) {
      ;(slots.words[slot + WHERE] === T1 ? t1 : t2).remove(slot)
      t2.push(slot)
    },
    miss(slot) {
      const need = slots.sizeOf(slot)
      const where = slots.words[slot + WHERE]!
      if (where === B1) {
        target = Math.min(capacityBytes, target + need * Math.max(1, b2.bytes / Math.max(1, b1.bytes)))
        b1.remove(slot)
      } else if (where === B2) {
        target = Math.max(0, target - need * Math.max(1, b1.bytes / Math.max(1, b2.bytes)))
        b2.remove(slot)
      }
      if (need > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      replace(need, where === B2)
      if (where >= GHOST) t2.push(slot)
      else t1.push(slot)
      while (b1.count > 0 && t1.bytes + b1.bytes > capacityBytes) forget(b1)
      while (b2.count > 0 && t1.bytes + t2.bytes + b1.bytes + b2.bytes > 2 * capacityBytes) forget(b2)
      return true
    },
    remove(slot) {
      for (const queue of queues) if (queue.code === slots.words[slot + WHERE]) queue.remove(slot)
    },
    bytes: () => t1.bytes + t2.bytes,
    queues: () => queues,
  }
}
