import type { CacheEngine, CacheSnapshot, CacheStats } from './engine.ts'
import { IntegerIndex, type KeyIndex, StringIndex } from './key-index.ts'
import type { Policy, PolicyFactory } from './policy.ts'
import { GHOST, MARK, NEXT, rowOf, SLOT_WORDS, type SlotOwner, Slots, WHERE } from './slots.ts'

/** Keys and values of the slots. A class with methods, and no closures, so that all caches run the same code. */
class Contents<K extends string | number, V> implements SlotOwner {
  readonly slots = new Slots(this)
  readonly index: KeyIndex<K>
  readonly values: (V | undefined)[] = []
  entries = 0
  evictions = 0
  /** What `onEvict` has to be told; undefined where nobody asks. */
  readonly leaving: { key: K; value: V }[] | undefined

  constructor(integers: boolean, keepLeaving: boolean) {
    this.index = (integers ? new IntegerIndex(this.slots) : new StringIndex()) as unknown as KeyIndex<K>
    this.leaving = keepLeaving ? [] : undefined
  }

  evicted(slot: number): void {
    this.evictions++
    this.entries--
    this.leaving?.push({ key: this.index.keyOf(slot), value: this.values[rowOf(slot)] as V })
    this.values[rowOf(slot)] = undefined
  }

  forgotten(slot: number): void {
    this.index.delete(slot)
    this.slots.release(slot)
  }
}

/** A cache with any {@link Policy} over a book of slots. */
export class PolicyCache<K extends string | number, V> implements CacheEngine<K, V> {
  private readonly capacityBytes: number
  private readonly slots: Slots
  private readonly index: KeyIndex<K>
  private readonly policy: Policy
  private readonly contents: Contents<K, V>
  private readonly values: (V | undefined)[]
  private readonly onEvict: ((key: K, value: V) => void) | undefined
  /** The key that {@link PolicyCache.get} has not found last, and its slot if it has one: who then sets it need not look again. */
  private missedKey: K | undefined
  private missedSlot = -1
  private hits = 0
  private misses = 0
  private hitBytes = 0

  constructor(
    capacityBytes: number,
    integers: boolean,
    onEvict: ((key: K, value: V) => void) | undefined,
    factory: PolicyFactory,
  ) {
    this.capacityBytes = capacityBytes
    this.contents = new Contents(integers, onEvict !== undefined)
    this.onEvict = onEvict
    this.slots = this.contents.slots
    this.index = this.contents.index
    this.values = this.contents.values
    this.policy = factory(this.slots, capacityBytes)
  }

  get(key: K): V | undefined {
    const slot = this.index.get(key)
    if (slot < 0 || !this.slots.isResident(slot)) {
      this.misses++
      this.missedKey = key
      this.missedSlot = slot
      return undefined
    }
    this.missedKey = undefined
    this.hits++
    this.hitBytes += this.slots.sizeOf(slot)
    this.policy.hit(slot)
    return this.values[rowOf(slot)]
  }

  has(key: K): boolean {
    const slot = this.index.get(key)
    return slot >= 0 && this.slots.isResident(slot)
  }

  peek(key: K): V | undefined {
    const slot = this.index.get(key)
    return slot < 0 ? undefined : this.values[rowOf(slot)]
  }

  set(key: K, value: V, sizeBytes: number): boolean {
    let slot = key === this.missedKey ? this.missedSlot : this.index.get(key)
    this.missedKey = undefined
    if (slot >= 0 && this.slots.isResident(slot)) {
      if (this.slots.sizeOf(slot) === sizeBytes) {
        this.policy.hit(slot)
        this.values[rowOf(slot)] = value
        return true
      }
      this.delete(key)
      slot = -1
    }
    if (slot < 0) {
      slot = this.slots.take(sizeBytes, this.index.hash(key))
      this.index.set(key, slot)
    } else if (this.slots.sizeOf(slot) !== sizeBytes) {
      this.policy.remove(slot)
      this.slots.words[slot + WHERE] = 0
      this.slots.resize(slot, sizeBytes)
    }
    this.values[rowOf(slot)] = value
    this.contents.entries++
    const evictions = this.contents.evictions
    const isIn = this.policy.miss(slot)
    if (!isIn) {
      this.values[rowOf(slot)] = undefined
      if (this.contents.evictions === evictions) this.contents.entries--
    }
    if (this.contents.leaving) this.tellWhatLeft(this.contents.leaving)
    return isIn
  }

  private tellWhatLeft(leaving: { key: K; value: V }[]): void {
    for (let left = leaving.shift(); left; left = leaving.shift()) this.onEvict!(left.key, left.value)
  }

  delete(key: K): boolean {
    this.missedKey = undefined
    const slot = this.index.get(key)
    if (slot < 0) return false
    const resident = this.slots.isResident(slot)
    this.policy.remove(slot)
    if (resident) this.contents.entries--
    this.values[rowOf(slot)] = undefined
    this.contents.forgotten(slot)
    return resident
  }

  *keys(): IterableIterator<[key: K, sizeBytes: number]> {
    for (let slot = 0; slot < this.slots.used; slot += SLOT_WORDS) {
      if (this.slots.isResident(slot)) yield [this.index.keyOf(slot), this.slots.sizeOf(slot)]
    }
  }

  stats(): CacheStats {
    const { hits, misses, hitBytes, capacityBytes } = this
    const { evictions, entries } = this.contents
    return { hits, misses, hitBytes, evictions, entries, bytes: this.policy.bytes(), capacityBytes }
  }

  snapshot(): CacheSnapshot<K> {
    return this.policy.queues().map((queue) => {
      const rows: [K, number, number][] = []
      for (let slot = queue.head; slot >= 0; slot = this.slots.words[slot + NEXT]!) {
        rows.push([this.index.keyOf(slot), this.slots.sizeOf(slot), this.slots.words[slot + MARK]!])
      }
      return rows
    })
  }

  restore(snapshot: CacheSnapshot<K>, valueFor: (key: K) => V | undefined): void {
    const queues = this.policy.queues()
    snapshot.forEach((rows, at) => {
      const queue = queues[at]
      if (!queue) return
      for (const [key, size, mark] of rows) {
        const resident = queue.code < GHOST
        const value = resident ? valueFor(key) : undefined
        if (this.index.get(key) >= 0 || (resident && value === undefined)) continue
        if (resident && this.policy.bytes() + size > this.capacityBytes) continue
        const slot = this.slots.take(size, this.index.hash(key))
        this.index.set(key, slot)
        this.slots.words[slot + MARK] = mark
        queue.append(slot)
        this.policy.restored?.(slot)
        this.values[rowOf(slot)] = value
        if (resident) this.contents.entries++
      }
    })
    this.missedKey = undefined
  }
}
