import type { Policy } from '../policy.ts'
import { GHOST, Queue, type Slots } from '../slots.ts'

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
      if (slots.mark[slot]! > 0) {
        slots.mark[slot] = 0
        main.push(slot)
        continue
      }
      slots.onEvict(slot)
      ghost.push(slot)
      while (ghost.bytes > ghostBytes) slots.onForget(ghost.shift())
      return true
    }
    return false
  }
  const evictMain = (): void => {
    for (;;) {
      const slot = main.shift()
      const frequency = slots.mark[slot]!
      if (frequency === 0) {
        slots.onEvict(slot)
        slots.onForget(slot)
        return
      }
      slots.mark[slot] = frequency - 1
      main.push(slot)
    }
  }
  return {
    hit(slot) {
      const frequency = slots.mark[slot]!
      if (frequency < MAX_FREQUENCY) slots.mark[slot] = frequency + 1
    },
    miss(slot) {
      const need = slots.size[slot]!
      const returning = slots.where[slot] === GHOST
      if (returning) ghost.remove(slot)
      if (need > capacityBytes) {
        slots.onForget(slot)
        return false
      }
      while (small.bytes + main.bytes + need > capacityBytes) {
        if ((small.bytes > smallBytes || main.count === 0) && evictSmall()) continue
        if (main.count > 0) evictMain()
      }
      slots.mark[slot] = 0
      if (returning) main.push(slot)
      else small.push(slot)
      return true
    },
    remove(slot) {
      const where = slots.where[slot]
      ;(where === SMALL ? small : where === MAIN ? main : ghost).remove(slot)
    },
    bytes: () => small.bytes + main.bytes,
    queues: () => [small, main, ghost],
  }
}
