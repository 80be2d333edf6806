import type { Policy } from '../policy.ts'
import { MARK, PREV, Queue, type Slots } from '../slots.ts'

/** SIEVE (Zhang et al., NSDI 2024): one FIFO, one bit an entry, one moving hand. The least work per hit of all: it sets a bit. */
export function createSieve(slots: Slots, capacityBytes: number): Policy {
  const queue = new Queue(slots, 1)
  let hand = -1
  return {
    hit(slot) {
      slots.words[slot + MARK] = 1
    },
    miss(slot) {
      const need = slots.sizeOf(slot)
      if (need > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      while (queue.bytes + need > capacityBytes) {
        let victim = hand >= 0 ? hand : queue.tail
        while (slots.words[victim + MARK] === 1) {
          slots.words[victim + MARK] = 0
          victim = slots.words[victim + PREV]!
          if (victim < 0) victim = queue.tail
        }
        hand = slots.words[victim + PREV]!
        queue.remove(victim)
        slots.owner.evicted(victim)
        slots.owner.forgotten(victim)
      }
      slots.words[slot + MARK] = 0
      queue.push(slot)
      return true
    },
    remove(slot) {
      if (hand === slot) hand = slots.words[slot + PREV]!
      queue.remove(slot)
    },
    bytes: () => queue.bytes,
    queues: () => [queue],
  }
}
