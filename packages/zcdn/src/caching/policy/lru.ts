import type { Policy } from '../policy.ts'
import { Queue, type Slots } from '../slots.ts'

/** Least recently used: the baseline. */
export function createLru(slots: Slots, capacityBytes: number): Policy {
  const queue = new Queue(slots, 1)
  return {
    hit(slot) {
      queue.remove(slot)
      queue.push(slot)
    },
    miss(slot) {
      const need = slots.sizeOf(slot)
      if (need > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      while (queue.bytes + need > capacityBytes) {
        const victim = queue.shift()
        slots.owner.evicted(victim)
        slots.owner.forgotten(victim)
      }
      queue.push(slot)
      return true
    },
    remove: (slot) => queue.remove(slot),
    bytes: () => queue.bytes,
    queues: () => [queue],
  }
}
