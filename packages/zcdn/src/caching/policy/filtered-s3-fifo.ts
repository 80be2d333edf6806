import type { Policy } from '../policy.ts'
import { GHOST, Queue, type Slots } from '../slots.ts'

const SMALL = 1
const MAIN = 2
/** Share of the capacity for newcomers (S3-FIFO's figure). */
const SMALL_SHARE = 0.1
/** Bytes of values whose keys are remembered, as a share of the capacity. */
const GHOST_SHARE = 2
/** Hits in the small queue that earn a place in the main queue; no more are counted. */
const PROMOTE_AT = 7
/** History counts end here. */
const MAX_HISTORY = 15
/** History halves after this many uses an entry: old demand fades. */
const USES_PER_EPOCH = 5
const LEAST_ENTRIES = 64
/** Of equal demand every fourth may enter: in a loop all are equal, and most of the main queue must then stay as it is. */
const TIES_PER_ENTRY = 4

/**
 * S3-FIFO (Yang et al., SOSP 2023) with a memory of demand in each slot and TinyLFU's question at the door of the main queue: a ghost that
 * returns goes there only when it was asked for more often, in the recent past, than the value that it would push out; else it is a
 * newcomer again. Loops larger than the cache then no longer flush it. The constants were chosen by a sweep over the traces of
 * docs/cache.md. A hit counts and moves nothing.
 */
export function createFilteredS3Fifo(slots: Slots, capacityBytes: number): Policy {
  const smallBytes = capacityBytes * SMALL_SHARE
  const ghostBytes = capacityBytes * GHOST_SHARE
  const small = new Queue(slots, SMALL)
  const main = new Queue(slots, MAIN)
  const ghost = new Queue(slots, GHOST)
  let epoch = 0
  let uses = 0
  let ties = 0

  /** Uses of a slot while it was known, halved once for each epoch since. `stamp` holds `epoch * 16 + count`. */
  const history = (slot: number): number => {
    const stamp = slots.stamp[slot]!
    const count = stamp & 15
    const age = epoch - (stamp >>> 4)
    if (age === 0) return count
    const faded = age > 3 ? 0 : count >> age
    slots.stamp[slot] = (epoch << 4) | faded
    return faded
  }
  const count = (slot: number): void => {
    if (history(slot) === MAX_HISTORY) return
    slots.stamp[slot] = slots.stamp[slot]! + 1
    if (++uses >= USES_PER_EPOCH * Math.max(LEAST_ENTRIES, small.count + main.count)) {
      uses >>= 1
      epoch = (epoch + 1) & 0xffffff
    }
  }
  const evictSmall = (): boolean => {
    while (small.count > 0) {
      const slot = small.shift()
      if (slots.mark[slot]! < PROMOTE_AT) {
        slots.onEvict(slot)
        ghost.push(slot)
        while (ghost.bytes > ghostBytes) slots.onForget(ghost.shift())
        return true
      }
      slots.mark[slot] = 0
      main.push(slot)
    }
    return false
  }
  const secondChance = (): void => {
    const slot = main.shift()
    slots.mark[slot] = slots.mark[slot]! - 1
    main.push(slot)
  }
  const mayEnterMain = (slot: number): boolean => {
    if (main.count === 0 || main.bytes + slots.size[slot]! <= capacityBytes - smallBytes) return true
    if (slots.mark[main.tail]! > 0) secondChance()
    const lead = history(slot) - history(main.tail)
    return lead > 0 || (lead === 0 && ++ties % TIES_PER_ENTRY === 0)
  }
  return {
    hit(slot) {
      count(slot)
      const mark = slots.mark[slot]!
      if (mark < PROMOTE_AT) slots.mark[slot] = mark + 1
    },
    miss(slot) {
      const need = slots.size[slot]!
      const returning = slots.where[slot] === GHOST
      if (returning) ghost.remove(slot)
      else slots.stamp[slot] = epoch << 4
      if (need > capacityBytes) {
        slots.onForget(slot)
        return false
      }
      count(slot)
      const toMain = returning && mayEnterMain(slot)
      while (small.bytes + main.bytes + need > capacityBytes) {
        if ((small.bytes > smallBytes || main.count === 0) && evictSmall()) continue
        if (main.count === 0) continue
        while (slots.mark[main.tail]! > 0) secondChance()
        const victim = main.shift()
        slots.onEvict(victim)
        slots.onForget(victim)
      }
      slots.mark[slot] = 0
      if (toMain) main.push(slot)
      else small.push(slot)
      return true
    },
    remove(slot) {
      const where = slots.where[slot]
      ;(where === SMALL ? small : where === MAIN ? main : ghost).remove(slot)
    },
    bytes: () => small.bytes + main.bytes,
    queues: () => [small, main, ghost],
    restored(slot) {
      slots.stamp[slot] = epoch << 4
    },
  }
}
