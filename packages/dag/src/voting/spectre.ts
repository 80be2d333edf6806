/**
 * Recursive voting, fast. Same votes as the reference (Algorithm 1 of SPECTRE, eprint 2016/1159), each unit looked at once.
 *
 * Of a pair (x, y) the units fall into three classes. *Seers*: x, y and their futures; their votes read the past only, so they
 * are final and kept. *Near* units: not seers, and not below both. *Deep* units: in the past of x and of y; they have
 * all seers in their future. Over the past of a seer z, or over the whole DAG, let T be the sum of the seers' votes.
 *
 * (i) If |T| exceeds the weight of all near units, the sign is that of T: whatever the near units vote, the topmost deep
 *     unit sees T's side ahead, and each further one sees that and only agreeing deep units: they all agree.
 * (ii) Otherwise near units are evaluated one by one from the top, then deep units. Let Q be those evaluated, M their weight
 *     against T's side, R the rest. If T − M + (Q's weight for T's side in the future of u) > 0 for every maximal u of R, all of R
 *     agrees, by induction downwards: a lower unit's future only has more. The heap of the sweep contains the maximal units of R.
 * (iii) If T is 0 and all of Q abstains, all of R abstains.
 *
 * T follows from a parent's by the units that z adds, so a vote costs the new units in its past, not the whole past. Sums are doubles;
 * where stakes are so large that their rounding could matter, the sum is taken again in bigints.
 */
import type { DagView } from '../dag/view.ts'
import { DagError } from '../errors.ts'
import { oneVoteEach, signOf, type Vote, type VoteWeight } from './spectre-reference.ts'

/** How the votes stand. */
export interface Tally {
  /** Weight that votes for x. */
  readonly x: bigint
  /** Weight that votes for y. */
  readonly y: bigint
  /** Weight that abstains. */
  readonly undecided: bigint
}

/** Options of {@link SpectrePair}. */
export interface SpectreOptions {
  /** Weight of a unit's vote. Must not change while the pair is in use. Default: one each. */
  readonly weight?: VoteWeight
  /** Only this unit and its past count: what this unit votes. Default: the whole DAG. */
  readonly within?: number
}

/** One unit's part in a sweep: how it voted and with what weight. */
interface Ballot {
  readonly unit: number
  readonly vote: Vote
  readonly weight: number
}

/** What a sweep found. */
interface Sweep {
  readonly sign: Vote
  /** How every deep unit votes that is not in `votes`. */
  readonly rest: Vote
  readonly votes: ReadonlyMap<number, Vote>
}

/** Sums of doubles over a few thousand units are off by less than this part of the total. */
const ROUNDING = 2 ** -32

/** The votes on one pair of units; `update` takes in units that the DAG got since. Make another after the DAG was pruned. */
export class SpectrePair {
  readonly #view: DagView
  readonly #x: number
  readonly #y: number
  readonly #weight: VoteWeight
  readonly #within: number
  /** 1 or −1 if one is in the past of the other. */
  readonly #first: Vote
  /** Dense index of local units; parents come first. Deep units are not local. */
  readonly #units: number[] = []
  /** Local index + 1 of units from `#from` on, and of the few older ones. */
  #recent = new Int32Array(256)
  readonly #older = new Map<number, number>()
  readonly #from: number
  readonly #isSeer: boolean[] = []
  readonly #near: number[] = []
  readonly #votes: Vote[] = []
  /** Local past of each local unit as a bit set, and how many words at its begin are all ones: two rounds down everything is in the past. */
  readonly #pasts: Uint32Array[] = []
  readonly #solid: number[] = []
  /** Local future of near units as far as a sweep has looked: `to` is the first local unit that it has not. */
  readonly #futures = new Map<number, { bits: Uint32Array; to: number }>()
  /** Vote times weight of seers; of near units only while a sweep runs. */
  #ballots = new Float64Array(64)
  /** T, and the weight of near units, over each local unit's past. */
  #seerSums = new Float64Array(64)
  #nearSums = new Float64Array(64)
  /** Weights as doubles, and exactly. While `#total` is below 2^53 the doubles are exact, too. */
  #weights = new Float64Array(64)
  readonly #exact: bigint[] = []
  #total = 0n
  #taken = 0
  /** The local parents of the unit in hand. */
  readonly #parents: number[] = []
  #deepTop: number[] | undefined

  /** The pair is of dense indices. Throws `DAG_INVALID_ARGUMENT` if they are the same unit, or for a negative weight. */
  constructor(view: DagView, x: number, y: number, { weight = oneVoteEach, within }: SpectreOptions = {}) {
    if (x === y || x < 0 || y < 0)
      throw new DagError('DAG_INVALID_ARGUMENT', `not a pair of two units: ${x}, ${y}`, { x, y })
    this.#view = view
    this.#x = x
    this.#y = y
    this.#weight = weight
    this.#within = within ?? -1
    this.#from = Math.min(x, y)
    this.#first = view.isAncestor(x, y) ? 1 : view.isAncestor(y, x) ? -1 : 0
    this.update()
  }

  /** Takes in the units that came since. Cost: for each its parents × units since the pair / 32. */
  update(): void {
    if (this.#within >= 0) {
      if (this.#taken === 0) this.#take(this.#within)
      this.#taken = 1
      return
    }
    while (this.#taken < this.#view.size) this.#take(this.#taken++)
  }

  #isDeep(unit: number): boolean {
    return this.#view.isAncestor(unit, this.#x) && this.#view.isAncestor(unit, this.#y)
  }

  /** Makes a unit and its past local, down to the deep units. */
  #take(unit: number): void {
    const stack = [unit]
    while (stack.length > 0) {
      const next = stack.at(-1)!
      if (this.#localOf(next) >= 0 || this.#isDeep(next)) {
        stack.pop()
        continue
      }
      const before = stack.length
      for (let k = 0; k < this.#view.parentCount(next); k++) {
        const parent = this.#view.parentAt(next, k)
        if (this.#localOf(parent) < 0 && !this.#isDeep(parent)) stack.push(parent)
      }
      if (stack.length === before) {
        stack.pop()
        this.#add(next)
      }
    }
  }

  /** The local index of a unit, −1 if it has none. */
  #localOf(unit: number): number {
    if (unit >= this.#from) return (this.#recent[unit - this.#from] ?? 0) - 1
    return this.#older.get(unit) ?? -1
  }

  #setLocal(unit: number, local: number): void {
    const at = unit - this.#from
    if (at < 0) {
      this.#older.set(unit, local)
      return
    }
    if (at >= this.#recent.length) {
      const grown = new Int32Array(2 * at)
      grown.set(this.#recent)
      this.#recent = grown
    }
    this.#recent[at] = local + 1
  }

  #reserve(local: number): void {
    if (local < this.#weights.length) return
    const grow = (from: Float64Array) => {
      const to = new Float64Array(from.length * 2)
      to.set(from)
      return to
    }
    this.#ballots = grow(this.#ballots)
    this.#seerSums = grow(this.#seerSums)
    this.#nearSums = grow(this.#nearSums)
    this.#weights = grow(this.#weights)
  }

  #add(unit: number): void {
    const view = this.#view
    const local = this.#units.length
    this.#reserve(local)
    const past = new Uint32Array((local >> 5) + 1)
    const { base, solid } = this.#gatherPast(unit, past)
    const weight = this.#weight(unit)
    if (weight < 0n) throw new DagError('DAG_INVALID_ARGUMENT', `weight of ${view.idOf(unit)} is ${weight}`, { unit })
    this.#units.push(unit)
    this.#setLocal(unit, local)
    this.#pasts.push(past)
    this.#solid.push(solid)
    this.#exact.push(weight)
    this.#weights[local] = Number(weight)
    this.#total += weight
    this.#sumPast(local, past, base)
    const seesX = view.isAncestor(this.#x, unit) || (unit === this.#x && this.#first !== -1)
    const seesY = view.isAncestor(this.#y, unit) || (unit === this.#y && this.#first !== 1)
    const isSeer = seesX || seesY
    const vote = seesX && seesY ? this.#sight(local, past) : seesX ? 1 : seesY ? -1 : 0
    this.#isSeer.push(isSeer)
    this.#votes.push(vote)
    this.#ballots[local] = vote * this.#weights[local]!
    if (!isSeer) this.#near.push(local)
  }

  /** Joins the pasts of a unit's local parents into `past`. Returns the latest of them and the number of words that are all ones. */
  #gatherPast(unit: number, past: Uint32Array): { base: number; solid: number } {
    const view = this.#view
    const parents = this.#parents
    let count = 0
    let base = -1
    let solid = 0
    for (let k = view.parentCount(unit) - 1; k >= 0; k--) {
      const parent = this.#localOf(view.parentAt(unit, k))
      if (parent < 0) continue
      parents[count++] = parent
      base = Math.max(base, parent)
      solid = Math.max(solid, this.#solid[parent]!)
    }
    past.fill(0xffffffff, 0, solid)
    for (let i = 0; i < count; i++) {
      const parent = parents[i]!
      const other = this.#pasts[parent]!
      for (let w = solid; w < other.length; w++) past[w]! |= other[w]!
      past[parent >> 5]! |= 1 << (parent & 31)
    }
    while (solid < past.length && past[solid] === 0xffffffff) solid++
    return { base, solid }
  }

  /** The local future of a near unit. Cost: once a local unit that came since it was last asked for. */
  #futureOf(near: number): Uint32Array {
    let future = this.#futures.get(near)
    if (!future) {
      future = { bits: new Uint32Array(4), to: near + 1 }
      this.#futures.set(near, future)
    }
    const count = this.#pasts.length
    if (count > 32 * future.bits.length) {
      const grown = new Uint32Array(2 * (count >> 5) + 2)
      grown.set(future.bits)
      future.bits = grown
    }
    const [word, bit] = [near >> 5, 1 << (near & 31)]
    for (let local = future.to; local < count; local++) {
      if ((this.#pasts[local]![word]! & bit) !== 0) future.bits[local >> 5]! |= 1 << (local & 31)
    }
    future.to = count
    return future.bits
  }

  /** T and the near weight of a new unit: its parent's, and what it has beyond that parent's past. */
  #sumPast(local: number, past: Uint32Array, base: number): void {
    const known = base < 0 ? undefined : this.#pasts[base]!
    let seers = base < 0 ? 0 : this.#seerSums[base]!
    let near = base < 0 ? 0 : this.#nearSums[base]!
    for (let w = base < 0 ? 0 : this.#solid[base]!; w < past.length; w++) {
      let bits = past[w]! & ~(known?.[w] ?? 0)
      while (bits !== 0) {
        const unit = (w << 5) | (31 - Math.clz32(bits & -bits))
        bits &= bits - 1
        if (this.#isSeer[unit]) seers += this.#ballots[unit]!
        else near += this.#weights[unit]!
      }
    }
    this.#seerSums[local] = seers
    this.#nearSums[local] = near
  }

  /** By how much a sum of doubles may be wrong. */
  get #slack(): number {
    return this.#total < 2n ** 53n ? 0 : Number(this.#total) * ROUNDING
  }

  /** The sign of a sum: of its double if that is certain, else computed exactly. */
  #signOf(sum: number, exactly: () => bigint): Vote {
    const slack = this.#slack
    if (sum > slack) return 1
    if (sum < -slack) return -1
    return slack === 0 ? 0 : signOf(exactly())
  }

  /** The vote of a seer of both: the virtual vote over its past. */
  #sight(local: number, past: Uint32Array): Vote {
    return this.#sign(this.#seerSums[local]!, this.#nearSums[local]!, past) || this.#smaller
  }

  get #smaller(): Vote {
    return this.#view.compareIds(this.#x, this.#y) < 0 ? 1 : -1
  }

  /** (i), else a sweep. */
  #sign(seers: number, near: number, past: Uint32Array): Vote {
    const margin = near + 2 * this.#slack
    if (seers > margin) return 1
    if (-seers > margin) return -1
    return this.#sweep(seers, past).sign
  }

  #inPast(past: Uint32Array, local: number): boolean {
    return (((past[local >> 5] ?? 0) >>> (local & 31)) & 1) === 1
  }

  #exactSeers(past: Uint32Array): bigint {
    let sum = 0n
    for (let local = 0; local < this.#isSeer.length; local++) {
      if (this.#isSeer[local] && this.#inPast(past, local)) sum += BigInt(this.#votes[local]!) * this.#exact[local]!
    }
    return sum
  }

  /** Evaluates near units from the top, then deep ones until the rest is known to agree. */
  #sweep(seers: number, past: Uint32Array): Sweep {
    const votes = new Map<number, Vote>()
    const cast: Ballot[] = []
    const weightFor = { 1: 0, [-1]: 0 }
    const count = (unit: number, vote: Vote, weight: number) => {
      votes.set(unit, vote)
      if (vote === 0 || weight === 0) return
      cast.push({ unit, vote, weight })
      weightFor[vote] += weight
    }
    for (let i = this.#near.length - 1; i >= 0; i--) {
      const near = this.#near[i]!
      if (!this.#inPast(past, near)) continue
      const vote = this.#nearVote(near, past, votes)
      this.#ballots[near] = vote * this.#weights[near]!
      count(this.#units[near]!, vote, this.#weights[near]!)
    }
    for (const near of this.#near) this.#ballots[near] = 0
    const exactly = () => this.#exactSeers(past) + this.#exactCast(votes)
    const heap = new Set(this.#topmostDeep())
    for (let done = 0, checkAt = 0; ; done++) {
      if (done >= checkAt || heap.size === 0) {
        const rest = this.#restAgrees(seers, weightFor, cast, heap, exactly)
        if (rest === 0) return { sign: this.#signOf(seers + weightFor[1] - weightFor[-1], exactly), rest, votes }
        if (rest !== undefined) return { sign: rest, rest, votes }
        checkAt = done + 1 + (done >> 2)
      }
      let top = -1
      for (const unit of heap) top = Math.max(top, unit)
      heap.delete(top)
      let sum = seers
      for (const { unit, vote, weight } of cast) if (this.#view.isAncestor(top, unit)) sum += vote * weight
      const vote = this.#signOf(sum, () => this.#exactSeers(past) + this.#exactCast(votes, top))
      count(top, vote, Number(this.#weight(top)))
      for (let k = 0; k < this.#view.parentCount(top); k++) heap.add(this.#view.parentAt(top, k))
    }
  }

  /** The exact sum of these votes, of units after `below` only if that is given. */
  #exactCast(votes: ReadonlyMap<number, Vote>, below = -1): bigint {
    let sum = 0n
    for (const [unit, vote] of votes) {
      if (below < 0 || this.#view.isAncestor(below, unit)) sum += BigInt(vote) * this.#weight(unit)
    }
    return sum
  }

  #nearVote(near: number, past: Uint32Array, votes: ReadonlyMap<number, Vote>): Vote {
    const future = this.#futureOf(near)
    let sum = 0
    for (let w = Math.min(past.length, future.length) - 1; w >= 0; w--) {
      let bits = past[w]! & future[w]!
      while (bits !== 0) {
        sum += this.#ballots[(w << 5) | (31 - Math.clz32(bits & -bits))]!
        bits &= bits - 1
      }
    }
    return this.#signOf(sum, () => {
      const mine = past.map((word, w) => word & (future[w] ?? 0))
      return this.#exactSeers(mine) + this.#exactCast(votes, this.#units[near]!)
    })
  }

  /** How all remaining deep units vote, if that is certain: (ii) and (iii) above. */
  #restAgrees(
    seers: number,
    weightFor: Readonly<Record<1 | -1, number>>,
    cast: readonly Ballot[],
    heap: ReadonlySet<number>,
    exactly: () => bigint,
  ): Vote | undefined {
    if (heap.size === 0) return 0
    if (cast.length === 0 && this.#signOf(seers, exactly) === 0) return 0
    const slack = 2 * this.#slack
    for (const side of [1, -1] as const) {
      const base = side * seers - weightFor[side === 1 ? -1 : 1]
      if (base + weightFor[side] <= slack) continue
      const agrees = (unit: number) => {
        if (base > slack) return true
        let sum = base
        for (const { unit: other, vote, weight } of cast) {
          if (vote === side && this.#view.isAncestor(unit, other)) sum += weight
        }
        return sum > slack
      }
      if ([...heap].every(agrees)) return side
    }
    return undefined
  }

  /** Deep parents of units that are not deep, in the pasts of x and y: they contain the maximal deep units. */
  #topmostDeep(): number[] {
    if (this.#deepTop) return this.#deepTop
    const top = new Set<number>()
    const seen = new Set([this.#x, this.#y])
    for (const unit of seen) {
      for (let k = 0; k < this.#view.parentCount(unit); k++) {
        const parent = this.#view.parentAt(unit, k)
        if (this.#isDeep(parent)) top.add(parent)
        else seen.add(parent)
      }
    }
    this.#deepTop = [...top]
    return this.#deepTop
  }

  /**
   * The vote of a unit that has x or y in its past, or is one: final for ever. Throws `DAG_INVALID_ARGUMENT` for other units:
   * theirs depends on the future, {@link SpectrePair.votes} tells how it stands.
   */
  voteOf(unit: number): Vote {
    const local = this.#localOf(unit)
    if (local < 0 || !this.#isSeer[local]) {
      throw new DagError('DAG_INVALID_ARGUMENT', `unit ${this.#view.idOf(unit)} has neither of the pair in its past`, {
        unit,
      })
    }
    return this.#votes[local]!
  }

  #members(): Uint32Array {
    const all = new Uint32Array((this.#units.length >> 5) + 1)
    for (let local = 0; local < this.#units.length; local++) {
      if (this.#units[local] !== this.#within) all[local >> 5]! |= 1 << (local & 31)
    }
    return all
  }

  /** The sign of the virtual vote over the DAG, or over the past of `within`: 1 if x goes first; 0 is a tie. */
  sign(): Vote {
    const { seers, near } = this.#totals()
    return this.#sign(seers, near, this.#members())
  }

  #totals(): { seers: number; near: number } {
    let seers = 0
    let near = 0
    for (let local = 0; local < this.#units.length; local++) {
      if (this.#units[local] === this.#within) continue
      if (this.#isSeer[local]) seers += this.#ballots[local]!
      else near += this.#weights[local]!
    }
    return { seers, near }
  }

  /**
   * Which of the pair goes first, 1: x. The one in the past of the other, else the virtual vote; a tie goes to the smaller id.
   * (With one vote each the first follows from the second; with weights that may be zero it has to be said.)
   */
  order(): 1 | -1 {
    return (this.#first || this.sign() || this.#smaller) as 1 | -1
  }

  /** Every unit's vote as it stands now. Cost: linear in the DAG (or the past of `within`). */
  votes(): Map<number, Vote> {
    const votes = new Map<number, Vote>()
    const swept = this.#sweep(this.#totals().seers, this.#members())
    const count = this.#within >= 0 ? this.#within : this.#view.size
    for (let unit = 0; unit < count; unit++) {
      if (this.#within >= 0 && !this.#view.isAncestor(unit, this.#within)) continue
      const local = this.#localOf(unit)
      const isSeer = local >= 0 && this.#isSeer[local]
      votes.set(unit, isSeer ? this.#votes[local]! : (swept.votes.get(unit) ?? swept.rest))
    }
    return votes
  }

  /** The weights behind {@link SpectrePair.votes}. */
  tally(): Tally {
    const tally = { x: 0n, y: 0n, undecided: 0n }
    for (const [unit, vote] of this.votes()) {
      const weight = this.#weight(unit)
      if (vote > 0) tally.x += weight
      else if (vote < 0) tally.y += weight
      else tally.undecided += weight
    }
    return tally
  }
}
