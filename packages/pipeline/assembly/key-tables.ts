// The tables of public keys that have signed before: a set-associative cache, as a processor has them. The set is drawn from the key by a
// secret hash, so nobody can choose keys that crowd each other out; in a full set the one that was idle longest goes.
import { TABLE_BYTES } from './secp256k1-comb'

const WAYS: i32 = 4
/** Of a way: tag (0: empty) and the time of its last use. */
const HEAD: usize = 8
/** Table, then x of the key (packed, 40 bytes) and the parity of its y. */
const KEY: usize = TABLE_BYTES
const SLOT: usize = TABLE_BYTES + 64

let heads: usize = 0
let slots: usize = 0
let sets: u32 = 0
let secret: u64 = 0
let clock: u32 = 0

/** Bytes for the tables of `count` keys, a multiple of four. */
export function keyTableBytes(count: i32): usize {
  return <usize>count * (HEAD + SLOT)
}

/** Where the tables are from now on (zeroed, 16-byte aligned), for how many keys, a multiple of four, 0: none; `seed`: 8 random bytes. */
export function initKeyTables(at: usize, count: i32, seed: u64): void {
  slots = at
  heads = at + <usize>count * SLOT
  sets = <u32>(count / WAYS)
  secret = seed
}

/** One batch after another: what `findTable` calls lately. */
export function tickKeyTables(): void {
  clock++
}

function hash(x: usize, parity: u32): u64 {
  let h: u64 = secret ^ parity
  for (let i: usize = 0; i < 40; i += 8) {
    h = (h ^ load<u64>(x + i)) * 0x9e3779b97f4a7c15
    h ^= h >> 29
  }
  h = (h ^ secret) * 0xbf58476d1ce4e5b9
  return h ^ (h >> 32)
}

@inline function headOf(h: u64): usize {
  return heads + <usize>((((h & 0xffffffff) * <u64>sets) >> 32) * WAYS) * HEAD
}

@inline function tagOf(h: u64): u32 {
  return <u32>(h >> 32) | 1
}

@inline function slotAt(head: usize): usize {
  return slots + ((head - heads) / HEAD) * SLOT
}

function isKey(slot: usize, x: usize, parity: u32): bool {
  if (load<u32>(slot + KEY, 40) != parity) return false
  for (let i: usize = 0; i < 40; i += 8) if (load<u64>(slot + KEY + i) != load<u64>(x + i)) return false
  return true
}

/** The table of the key with this x (packed) and parity of y; 0 when there is none. */
export function findTable(x: usize, parity: u32): usize {
  if (sets == 0) return 0
  const h = hash(x, parity)
  const first = headOf(h), tag = tagOf(h)
  for (let way = 0; way < WAYS; way++) {
    const head = first + <usize>way * HEAD
    if (load<u32>(head) != tag || !isKey(slotAt(head), x, parity)) continue
    store<u32>(head, clock, 4)
    return slotAt(head)
  }
  return 0
}

/** Keeps the table of a key that has been found genuine. A table used in this batch is never replaced: others may still read it. */
export function keepTable(x: usize, parity: u32, table: usize): void {
  if (sets == 0) return
  const h = hash(x, parity)
  const first = headOf(h), tag = tagOf(h)
  let victim: usize = 0
  let idle: u32 = 0
  for (let way = 0; way < WAYS; way++) {
    const head = first + <usize>way * HEAD
    if (load<u32>(head) == tag && isKey(slotAt(head), x, parity)) return
    const age: u32 = load<u32>(head) == 0 ? u32.MAX_VALUE : clock - load<u32>(head, 4)
    if (age > idle) {
      idle = age
      victim = head
    }
  }
  if (victim == 0) return
  const slot = slotAt(victim)
  memory.copy(slot, table, TABLE_BYTES)
  memory.copy(slot + KEY, x, 40)
  store<u32>(slot + KEY, parity, 40)
  store<u32>(victim, tag)
  store<u32>(victim, clock, 4)
}
