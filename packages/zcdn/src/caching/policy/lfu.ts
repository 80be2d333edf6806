import type { Policy } from '../policy.ts'
import { MARK, Queue, type Slots } from '../slots.ts'

/** Counts above this are equal; it bounds the search for the smallest count, so that every operation stays O(1). */
const MAX_COUNT = 255

/** Least frequently used, ties by age (Ketan Shah et al., "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010). */
export function createLfu(slots: Slots, capacityBytes: number): Policy {
  const byCount = Array.from({ length: MAX_COUNT + 1 }, () => new Queue(slots, 1))
  let bytes = 0
  let least = 1
  return {
    hit(slot) {
      const count = slots.words[slot + MARK]!
      byCount[count]!.remove(slot)
      const more = Math.min(count + 1, MAX_COUNT)
      slots.words[slot + MARK] = more
      byCount[more]!.push(slot)
    },
    miss(slot) {
      const need = slots.sizeOf(slot)
      if (need > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      while (bytes + need > capacityBytes) {
        while (byCount[least]!.count === 0) least++
        const victim = byCount[least]!.tail
        byCount[least]!.remove(victim)
        bytes -= slots.sizeOf(victim)
        slots.owner.evicted(victim)
        slots.owner.forgotten(victim)
      }
      slots.words[slot + MARK] = 1
      byCount[1]!.push(slot)
      least = 1
      bytes += need
      return true
    },
    remove(slot) {
      byCount[slots.words[slot + MARK]!]!.remove(slot)
      bytes -= slots.sizeOf(slot)
    },
    bytes: () => bytes,
    queues: () => byCount,
    restored(slot) {
      bytes += slots.sizeOf(slot)
    },
  }
}
