/**
 * The counter of a run: one 64-bit global that holds fuel in its upper 48 bits and the free stack slots of recursion in its lower 16. One
 * addition changes both, and one test sees either of them run out: fuel by the sign, slots by bit 15, which they borrow into.
 */
import { MODULE_LIMITS } from '../module/limits.ts'

/** Bits below the fuel. */
export const SLOT_BITS = 16
/** One unit of fuel in the counter. */
export const FUEL_UNIT = 2 ** SLOT_BITS
/** Most fuel that fits beside its sign, with room for what a body can charge before it is checked. */
export const MAX_FUEL = 2 ** 46
/** Slots for recursion: half of what calls may hold. Fewer than 2^15, so that bit 15 is set only by borrowing. */
export const RECURSION_SLOTS = MODULE_LIMITS.stackSlots / 2
/** The bits that are set when something ran out. */
export const EXHAUSTED_MASK = -(2n ** 63n) + 2n ** 15n
/** What the slots hold when the engine, not the limit, refused memory; no recursion leaves exactly this. */
export const ENGINE_REFUSED = 2 ** 15

/** The counter at the start of a run. */
export function startCounter(fuel: number): bigint {
  return (BigInt(fuel) << BigInt(SLOT_BITS)) + BigInt(RECURSION_SLOTS)
}

/** Fuel that is left; negative when there is none. */
export function fuelLeft(counter: bigint): number {
  return Number(counter >> BigInt(SLOT_BITS))
}

/** What ran out, if anything. */
export function exhaustion(counter: bigint): 'out-of-fuel' | 'stack' | 'engine' | undefined {
  if (counter < 0n) return 'out-of-fuel'
  const slots = Number(counter & BigInt(FUEL_UNIT - 1))
  if (slots === ENGINE_REFUSED) return 'engine'
  return slots > ENGINE_REFUSED ? 'stack' : undefined
}
