// The default cache as plainly as it can be said: arrays of objects, searched from end to end. Slow, and the same decisions.
import {
  CLEAR_LEAD,
  ENOUGH_RETURNS,
  FIRST_TRIALS,
  GHOST_TICKS,
  GROW_STEP,
  HITS_PER_SHRINK,
  KEEP_AT,
  LARGER_LEAD,
  LEAST_ENTRIES,
  LEAST_SMALL_SHARE,
  LOOKS_PER_MARK,
  MOST_SMALL_SHARE,
  MOST_TRIALS,
  OF_TRIALS,
  PROMOTE_AT,
  SHRINK_STEP,
  SMALL_SHARE,
  TICKS,
  TIES_PER_ENTRY,
  TRIAL_SHIFT,
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
  /** It had a hit, and was turned out to see whether it returns. */
  tried: boolean
  taken: boolean
}

const MOST_USES = 15
const WAYS = 4

export class ReferenceCache<K, V> {
  /** Both queues, oldest first. */
  private small: Entry<K, V>[] = []
  private main: Entry<K, V>[] = []
  /** In the room that the main queue does not need yet, oldest first; the newest goes first. */
  private spare: Entry<K, V>[] = []
  /** Buckets, newest ghost first; one for two slots, the one that is none among them. */
  private ghosts: Ghost[][] = Array.from({ length: 32 }, () => [])
  private smallTarget: number
  private clock = 0
  private epoch = 0
  private usesLeft = 0
  private mainHits = 0
  private ties = 0
  private looks = 0
  private trials = { left: FIRST_TRIALS, returned: 0 }
  private eager = false
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
    if (this.mainHits >= HITS_PER_SHRINK) {
      const step = (SHRINK_STEP * this.mainHits * bytes(this.small)) / Math.max(1, live(this.main).length)
      this.smallTarget = Math.max(this.capacity * LEAST_SMALL_SHARE, this.smallTarget - step)
      this.mainHits = 0
    }
    const ghost = this.takeGhost(this.hashOf(key))
    const age = ghost ? (roundToEven(this.clock) - ghost.ticks) & 0xffff : Infinity
    let uses = 1
    let toMain = false
    if (ghost && age <= GHOST_TICKS) {
      if (ghost.tried) this.countTrials('returned')
      uses = Math.min(MOST_USES, this.remembered(ghost) + 1)
      const answer = this.askMain(uses, size)
      toMain = answer === 'in'
      if (answer !== 'in use' && age <= bytes(this.small) * this.ticksPerByte) {
        this.smallTarget = Math.min(this.capacity * MOST_SMALL_SHARE, this.smallTarget + GROW_STEP * size)
      }
    }
    while (this.bytes + size > this.capacity) {
      if (live(this.spare).length > 0) {
        const others = bytes(this.main) + bytes(this.spare) + (toMain ? size : 0)
        if (others > this.capacity - this.smallTarget || live(this.small).length === 0) this.evictSpare()
        else this.evictSmall()
        continue
      }
      const mainIsEmpty = live(this.main).length === 0
      if ((bytes(this.small) > this.smallTarget || mainIsEmpty) && this.evictSmall()) continue
      if (live(this.main).length > 0) this.evictMain()
    }
    if (this.small.length + this.main.length + this.spare.length === 2 * this.ghosts.length - 1) this.grow()
    const entry = { key, value, size, mark: 0, uses, epoch: this.epoch, dead: false }
    if (toMain) this.main.push(entry)
    else this.small.push(entry)
    return { isIn: true, gone: this.gone }
  }

  delete(key: K): boolean {
    const entry = this.find(key)
    if (!entry) return false
    entry.dead = true
    if (this.all.filter(({ dead }) => dead).length > 64 + this.entries) {
      this.small = live(this.small)
      this.main = live(this.main)
      this.spare = live(this.spare)
    }
    return true
  }

  get entries(): number {
    return live(this.all).length
  }

  get bytes(): number {
    return bytes(this.all)
  }

  private get all(): Entry<K, V>[] {
    return [...this.small, ...this.main, ...this.spare]
  }

  private find(key: K): Entry<K, V> | undefined {
    return this.all.find((entry) => entry.key === key && !entry.dead)
  }

  private remembered({ uses, epoch }: { uses: number; epoch: number }): number {
    return Math.floor(uses / 2 ** (this.epoch - epoch))
  }

  private use(entry: Entry<K, V>): void {
    const uses = this.remembered(entry)
    if (uses < MOST_USES) this.usesLeft--
    if (entry.mark < PROMOTE_AT && this.main.includes(entry)) this.mainHits++
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

  /** Whether what returns may enter the main queue. 'in use': it is in no less demand than the next victim, which was hit lately. */
  private askMain(uses: number, size: number): 'in' | 'out' | 'in use' {
    if (live(this.main).length === 0 || bytes(this.main) + size <= this.capacity - this.smallTarget) return 'in'
    this.buryOldest()
    if (this.main[0]!.mark > 0) {
      if (++this.looks % LOOKS_PER_MARK === 0) this.main[0]!.mark--
      this.main.push(this.main.shift()!)
      this.buryOldest()
    }
    const victim = this.main[0]!
    const lead = uses - this.remembered(victim) - (size > victim.size ? LARGER_LEAD : 0)
    if (lead > CLEAR_LEAD) return 'in'
    if (lead < 0) return 'out'
    if (victim.mark > 0) return 'in use'
    return ++this.ties % TIES_PER_ENTRY === 0 ? 'in' : 'out'
  }

  private buryOldest(): void {
    while (this.main[0]!.dead) this.main.shift()
  }

  private evictSmall(): boolean {
    for (;;) {
      const isOver = bytes(this.small) > this.smallTarget
      const entry = this.small.shift()
      if (!entry) return false
      if (entry.dead) continue
      const isHit = entry.mark > 0 && entry.mark < PROMOTE_AT
      const tried = isHit && this.hashOf(entry.key) >>> TRIAL_SHIFT === 0
      if (entry.mark >= PROMOTE_AT || (isHit && !tried && this.eager)) this.promote(entry)
      else if (isOver && bytes(this.main) + bytes(this.spare) + entry.size <= this.capacity - this.smallTarget) {
        entry.mark = 0
        this.spare.push(entry)
      } else {
        if (tried) this.countTrials('left')
        this.turnOut(entry, tried)
        return true
      }
    }
  }

  private evictSpare(): void {
    for (let entry = this.spare.pop(); entry; entry = this.spare.pop()) {
      if (entry.dead) continue
      if (entry.mark < KEEP_AT) {
        this.turnOut(entry, false)
        return
      }
      this.promote(entry)
    }
  }

  private promote(entry: Entry<K, V>): void {
    entry.mark = 0
    this.main.push(entry)
  }

  private turnOut({ key, value, size, uses, epoch }: Entry<K, V>, tried: boolean): void {
    this.clock += size * this.ticksPerByte
    this.addGhost({ hash: this.hashOf(key), ticks: roundToEven(this.clock), uses, epoch, tried, taken: false })
    this.gone.push([key, value])
  }

  private countTrials(kind: 'left' | 'returned'): void {
    const { trials } = this
    trials[kind]++
    if (trials.left >= MOST_TRIALS) {
      trials.left = Math.floor(trials.left / 2)
      trials.returned = Math.floor(trials.returned / 2)
    }
    this.eager = trials.returned * OF_TRIALS >= trials.left * ENOUGH_RETURNS
  }

  private evictMain(): void {
    this.buryOldest()
    while (this.main[0]!.mark > 0) {
      this.main[0]!.mark--
      this.main.push(this.main.shift()!)
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
