/**
 * A table that finds the facet of a selector in the same few steps however many functions there are: hash and displace (Belazzougui, Botelho,
 * Dietzfelbinger, "Hash, displace, and compress", 2009). The low bits of a selector choose a shift, the shift chooses its slot, and no two
 * selectors share one. Comparing selectors one after the other costs 22 gas each, a binary search as much a level.
 */
import { keccak256, toBeHex } from 'ethers'
import { ZlibError } from '../errors.ts'

/** Selectors that share a shift, on average. Fewer make the table larger, more make it hard to fill. */
const BUCKET = 4
/** Shifts that are tried: the product of a selector and the multiplier has 256 bits, and the slot needs some of them. */
const SHIFTS = 224
/** Multipliers that are tried for each number of slots. */
const MULTIPLIERS = 4
/** Slots a selector may take up at most; there is room to spare, the search ends near one. */
const MAX_SLOTS_PER_SELECTOR = 4

/** A selector and what is looked up by it. */
export interface Entry {
  readonly selector: `0x${string}`
  /** Hex digits without 0x, as many for each. */
  readonly value: string
}

/** What the router's code and data need. */
export interface DispatchTable {
  readonly multiplier: bigint
  /** One byte for each value of the selector's low bits; a power of two of them. */
  readonly shifts: Uint8Array
  /** What lives in each slot. An empty one repeats what lives elsewhere: a selector that leads to it finds another there. */
  readonly slots: readonly Entry[]
}

/** The smallest table that is found for `entries`; the same for the same selectors. Errors: `ZLIB_CANNOT_SPLIT`. */
export function dispatchTable(entries: readonly Entry[]): DispatchTable {
  const buckets = bucketsOf(entries)
  for (let slots = entries.length; slots <= MAX_SLOTS_PER_SELECTOR * entries.length; slots++)
    for (let seed = 0; seed < MULTIPLIERS; seed++) {
      const multiplier = BigInt(keccak256(toBeHex(seed, 32))) | 1n
      const filled = fill(buckets, multiplier, slots)
      if (filled) return { multiplier, ...filled }
    }
  throw new ZlibError('ZLIB_CANNOT_SPLIT', `no table was found for ${entries.length} selectors; are they distinct?`, {
    reason: 'no dispatch table',
  })
}

function bucketsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  let count = 1
  while (count * BUCKET < entries.length) count *= 2
  const buckets: Entry[][] = Array.from({ length: count }, () => [])
  for (const entry of entries) buckets[Number(entry.selector) & (count - 1)]!.push(entry)
  return buckets
}

/** Places the fullest buckets first, while there is room. */
function fill(
  buckets: readonly (readonly Entry[])[],
  multiplier: bigint,
  count: number,
): Pick<DispatchTable, 'shifts' | 'slots'> | undefined {
  const shifts = new Uint8Array(buckets.length)
  const slots: (Entry | undefined)[] = Array.from({ length: count })
  const order = [...buckets.keys()].sort((a, b) => buckets[b]!.length - buckets[a]!.length || a - b)
  for (const index of order) {
    const products = buckets[index]!.map(({ selector }) => product(selector, multiplier))
    const shift = shiftFor(products, slots)
    if (shift === undefined) return undefined
    shifts[index] = shift
    for (const [at, entry] of buckets[index]!.entries()) slots[slotAt(products[at]!, shift, count)] = entry
  }
  return { shifts, slots: slots.map((entry) => entry ?? buckets[order[0]!]![0]!) }
}

/** The first shift that puts all of a bucket into free slots, each into its own. */
function shiftFor(products: readonly bigint[], slots: readonly (Entry | undefined)[]): number | undefined {
  for (let shift = 0; shift < SHIFTS; shift++) {
    const taken = new Set(products.map((one) => slotAt(one, shift, slots.length)))
    if (taken.size === products.length && [...taken].every((slot) => slots[slot] === undefined)) return shift
  }
  return undefined
}

function product(selector: `0x${string}`, multiplier: bigint): bigint {
  return BigInt.asUintN(256, BigInt(selector) * multiplier)
}

function slotAt(product: bigint, shift: number, slots: number): number {
  return Number((product >> BigInt(shift)) % BigInt(slots))
}
