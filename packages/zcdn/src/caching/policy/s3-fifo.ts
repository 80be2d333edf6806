import type { Policy } from '../policy.ts'
import { GHOST, MARK, Queue, type Slots, WHERE } from '../slots.ts'

const SMALL = 1
const MAIN = 2
/** Shares of the capacity, and two bits of frequency, as in the paper. */
const SMALL_SHARE = 0.1
const GHOST_SHARE = 0.9
const MAX_FREQUENCY = 3

/**
 * S3-FIFO (Yang et al., SOSP 2023): a small FIFO filters objects that are asked for once, a main FIFO gives second chances, a
 * ghost FIFO remembers who left the small queue. A hit only counts; nothing moves.
 */
export function createS3Fifo(slots: Slots, capacityBytes: number): Policy {
  const smallBytes = capacityBytes * SMALL_SHARE
  const ghostBytes = capacityBytes * GHOST_SHARE
  const small = new Queue(slots, SMALL)
  const main = new Queue(slots, MAIN)
  const ghost = new Queue(slots, GHOST)

  /** Drops one value out of the small queue, promoting those in demand on the way. False when all were promoted. */
  const evictSmall = (): boolean => {
    while (small.count > 0) {
      const slot = small.shift()
      if (slots.words[slot + MARK]! > 0) {
        slots.words[slot + MARK] = 0
        main.push(slot)
        continue
      }
      slots.owner.evicted(slot)
      ghost.push(slot)
      while (ghost.bytes > ghostBytes) slots.owner.forgotten(ghost.shift())
      return true
    }
    return false
  }
  const evictMain = (): void => {
    for (;;) {
      const slot = main.shift()
      const frequency = slots.words[slot + MARK]!
      if (frequency === 0) {
        slots.owner.evicted(slot)
        slots.owner.forgotten(slot)
        return
      }
      slots.words[slot + MARK] = frequency - 1
      main.push(slot)
    }
  }
  return {
    hit(slot) {
      const frequency = slots.words[slot + MARK]!
      if (frequency < MAX_FREQUENCY) slots.words[slot + MARK] = frequency + 1
    },
    miss(slot) {
      const need = slots.sizeOf(slot)
      const returning = slots.words[slot + WHERE] === GHOST
      if (returning) ghost.remove(slot)
      if (need > capacityBytes) {
        slots.owner.forgotten(slot)
        return false
      }
      while (small.bytes + main.bytes + need > capacityBytes) {
        if ((small.bytes > smallBytes || main.count === 0) && evictSmall()) continue
        if (main.count > 0) evictMain()
      }
      slots.words[slot + MARK] = 0
      if (returning) main.push(slot)
      else small.push(slot)
      return true
    },
    remove(slot) {
      const where = slots.words[slot + WHERE]
      ;(where === SMALL ? small : where === MAIN ? main : ghost).remove(slot)
    },
    bytes: () => small.bytes + main.bytes,
    queues: () => [small, main, ghost],
  }
}
