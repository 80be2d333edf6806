// The default cache as plainly as it can be said: arrays of objects, searched from end to end. Slow, and the same decisions.
import {
  ADAPT_STEP,
  CLEAR_LEAD,
  GHOST_TICKS,
  LEAST_ENTRIES,
  LEAST_SMALL_SHARE,
  MOST_SMALL_SHARE,
  PROMOTE_AT,
  SMALL_SHARE,
  TICKS,
  TIES_PER_ENTRY,
  USES_PER_EPOCH,
} from '../../src/caching/flat/constants.ts'

interface Entry<K, V> {
  key: K
  value: V
  size: number
  /** Hits since the last chance. */
  mark: number
  /** Uses remembered, as of an epoch. */
  uses: number
  epoch: number
  /** Deleted; it takes a slot until its queue comes to it. */
  dead: boolean
}

interface Ghost {
  hash: number
  ticks: number
  uses: number
  epoch: number
  taken: boolean
}

const MOST_USES = 15
const WAYS = 4

export class ReferenceCache<K, V> {
  /** Both queues, oldest first. */
  private small: Entry<K, V>[] = []
  private main: Entry<K, V>[] = []
  /** Buckets, newest ghost first; as many as there are slots, and the one that is none. */
  private ghosts: Ghost[][] = Array.from({ length: 64 }, () => [])
  private smallTarget: number
  private clock = 0
  private epoch = 0
  private usesLeft = 0
  private mainFirsts = 0
  private ties = 0
  private gone: [K, V][] = []
  private readonly capacity: number
  /** One rounding, where the cache has it. */
  private readonly ticksPerByte: number
  private readonly hashOf: (key: K) => number

  constructor(capacity: number, hashOf: (key: K) => number) {
    this.capacity = capacity
    this.ticksPerByte = TICKS / capacity
    this.hashOf = hashOf
    this.smallTarget = capacity * SMALL_SHARE
  }

  get(key: K): V | undefined {
    const entry = this.find(key)
    if (entry) this.use(entry)
    return entry?.value
  }

  set(key: K, value: V, size: number): { isIn: boolean; gone: [K, V][] } {
    this.gone = []
    const old = this.find(key)
    if (old?.size === size) {
      this.use(old)
      old.value = value
      return { isIn: true, gone: [] }
    }
    if (old) this.delete(key)
    if (size > this.capacity) return { isIn: false, gone: [] }
    if (--this.usesLeft < 0) {
      this.epoch++
      this.usesLeft = Math.ceil(USES_PER_EPOCH * Math.max(LEAST_ENTRIES, this.entries))
    }
    if (this.mainFirsts > 0) {
      const step = (ADAPT_STEP * this.mainFirsts * bytes(this.small)) / Math.max(1, live(this.main).length)
      this.smallTarget = Math.max(this.capacity * LEAST_SMALL_SHARE, this.smallTarget - step)
      this.mainFirsts = 0
    }
    const ghost = this.takeGhost(this.hashOf(key))
    const age = ghost ? (roundToEven(this.clock) - ghost.ticks) & 0xffff : Infinity
    let uses = 1
    let toMain = false
    if (ghost && age <= GHOST_TICKS) {
      if (age <= bytes(this.small) * this.ticksPerByte) {
        this.smallTarget = Math.min(this.capacity * MOST_SMALL_SHARE, this.smallTarget + ADAPT_STEP * size)
      }
      uses = Math.min(MOST_USES, this.remembered(ghost) + 1)
      toMain = this.mayEnterMain(uses, size)
    }
    while (this.bytes + size > this.capacity) {
      const mainIsEmpty = live(this.main).length === 0
      if ((bytes(this.small) > this.smallTarget || mainIsEmpty) && this.evictSmall()) continue
      if (live(this.main).length > 0) this.evictMain()
    }
    if (this.small.length + this.main.length === this.ghosts.length - 1) this.grow()
    const entry = { key, value, size, mark: 0, uses, epoch: this.epoch, dead: false }
    if (toMain) this.main.push(entry)
    else this.small.push(entry)
    return { isIn: true, gone: this.gone }
  }

  delete(key: K): boolean {
    const entry = this.find(key)
    if (!entry) return false
    entry.dead = true
    const all = [...this.small, ...this.main]
    if (all.filter(({ dead }) => dead).length > 64 + this.entries) {
      this.small = live(this.small)
      this.main = live(this.main)
    }
    return true
  }

  get entries(): number {
    return live(this.small).length + live(this.main).length
  }

  get bytes(): number {
    return bytes(this.small) + bytes(this.main)
  }

  private find(key: K): Entry<K, V> | undefined {
    return [...this.small, ...this.main].find((entry) => entry.key === key && !entry.dead)
  }

  private remembered({ uses, epoch }: { uses: number; epoch: number }): number {
    return Math.floor(uses / 2 ** (this.epoch - epoch))
  }

  private use(entry: Entry<K, V>): void {
    const uses = this.remembered(entry)
    if (uses < MOST_USES) this.usesLeft--
    if (entry.mark === 0 && this.main.includes(entry)) this.mainFirsts++
    entry.uses = Math.min(MOST_USES, uses + 1)
    entry.epoch = this.epoch
    entry.mark = Math.min(PROMOTE_AT, entry.mark + 1)
  }

  private takeGhost(hash: number): Ghost | undefined {
    const ghost = this.ghosts[hash & (this.ghosts.length - 1)]!.find((one) => one.hash === hash)
    if (!ghost || ghost.taken) return undefined
    ghost.taken = true
    return ghost
  }

  private addGhost(ghost: Ghost): void {
    const bucket = this.ghosts[ghost.hash & (this.ghosts.length - 1)]!
    bucket.unshift(ghost)
    bucket.length = Math.min(bucket.length, WAYS)
  }

  private mayEnterMain(uses: number, size: number): boolean {
    if (live(this.main).length === 0 || bytes(this.main) + size <= this.capacity - this.smallTarget) return true
    this.buryOldest()
    if (this.main[0]!.mark > 0) this.secondChance()
    this.buryOldest()
    const lead = uses - this.remembered(this.main[0]!)
    if (lead > CLEAR_LEAD) return true
    return lead >= 0 && ++this.ties % TIES_PER_ENTRY === 0
  }

  private buryOldest(): void {
    while (this.main[0]!.dead) this.main.shift()
  }

  private secondChance(): void {
    const entry = this.main.shift()!
    entry.mark--
    this.main.push(entry)
  }

  private evictSmall(): boolean {
    for (let entry = this.small.shift(); entry; entry = this.small.shift()) {
      if (entry.dead) continue
      if (entry.mark < PROMOTE_AT) {
        const { key, value, size, uses, epoch } = entry
        this.clock += size * this.ticksPerByte
        this.addGhost({ hash: this.hashOf(key), ticks: roundToEven(this.clock), uses, epoch, taken: false })
        this.gone.push([key, value])
        return true
      }
      entry.mark = 0
      this.main.push(entry)
    }
    return false
  }

  private evictMain(): void {
    this.buryOldest()
    while (this.main[0]!.mark > 0) {
      this.secondChance()
      this.buryOldest()
    }
    const { key, value } = this.main.shift()!
    this.gone.push([key, value])
  }

  private grow(): void {
    const old = this.ghosts
    this.ghosts = Array.from({ length: old.length * 2 }, () => [])
    for (const bucket of old) for (const ghost of bucket.toReversed()) if (!ghost.taken) this.addGhost(ghost)
  }
}

const live = <K, V>(queue: Entry<K, V>[]) => queue.filter((entry) => !entry.dead)
const bytes = <K, V>(queue: Entry<K, V>[]) => live(queue).reduce((sum, entry) => sum + entry.size, 0)

/** The nearest integer; of two the even one. */
function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}
