import type { Policy } from '../policy.ts'
import { Queue, type Slots } from '../slots.ts'

/** SIEVE (Zhang et al., NSDI 2024): one FIFO, one bit an entry, one moving hand. The least work per hit of all: it sets a bit. */
export function createSieve(slots: Slots, capacityBytes: number): Policy {
  const queue = new Queue(slots, 1)
  let hand = -1
  return {
    hit(slot) {
      slots.mark[slot] = 1
    },
    miss(slot) {
      const need = slots.size[slot]!
      if (need > capacityBytes) {
        slots.onForget(slot)
        return false
      }
      while (queue.bytes + need > capacityBytes) {
        let victim = hand >= 0 ? hand : queue.tail
        while (slots.mark[victim] === 1) {
          slots.mark[victim] = 0
          victim = slots.prev[victim]!
          if (victim < 0) victim = queue.tail
        }
        hand = slots.prev[victim]!
        queue.remove(victim)
        slots.onEvict(victim)
        slots.onForget(victim)
      }
      slots.mark[slot] = 0
      queue.push(slot)
      return true
    },
    remove(slot) {
      if (hand === slot) hand = slots.prev[slot]!
      queue.remove(slot)
    },
    bytes: () => queue.bytes,
    queues: () => [queue],
  }
}
