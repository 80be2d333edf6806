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
 * T follows from a parent's by the units that z adds, so a vote costs the new units in its past, not the whole past.
 */
import type { DagView } from '../dag/view.ts'
import { DagError } from '../errors.ts'
import { oneVoteEach, signOf, type Vote, type VoteWeight } from './spectre-reference.ts'
import { WeightSums } from './weight-sums.ts'

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

/** State of one local unit's class. */
const SEER = 1
const NEAR = 0

/** The votes on one pair of units; `update` takes in units that the DAG got since. */
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
  readonly #local = new Map<number, number>()
  readonly #kind: number[] = []
  readonly #votes: Vote[] = []
  /** Local past of each local unit as a bit set. */
  readonly #pasts: Uint32Array[] = []
  /** T and the weight of near units over each local unit's past. */
  readonly #seerSums: WeightSums
  readonly #nearSums: WeightSums
  readonly #weights: WeightSums
  /** Units below this were taken in. */
  #taken = 0
  #deepTop: number[] | undefined

  /** The pair is of dense indices. Throws `DAG_INVALID_ARGUMENT` if they are the same unit. */
  constructor(view: DagView, x: number, y: number, { weight = oneVoteEach, within }: SpectreOptions = {}) {
    if (x === y || x < 0 || y < 0)
      throw new DagError('DAG_INVALID_ARGUMENT', `not a pair of two units: ${x}, ${y}`, { x, y })
    this.#view = view
    this.#x = x
    this.#y = y
    this.#weight = weight
    this.#within = within ?? -1
    this.#first = view.isAncestor(x, y) ? 1 : view.isAncestor(y, x) ? -1 : 0
    this.#weights = new WeightSums()
    this.#seerSums = new WeightSums()
    this.#nearSums = new WeightSums()
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
      if (this.#local.has(next) || this.#isDeep(next)) {
        stack.pop()
        continue
      }
      const before = stack.length
      for (let k = 0; k < this.#view.parentCount(next); k++) {
        const parent = this.#view.parentAt(next, k)
        if (!this.#local.has(parent) && !this.#isDeep(parent)) stack.push(parent)
      }
      if (stack.length === before) {
        stack.pop()
        this.#add(next)
      }
    }
  }

  #add(unit: number): void {
    const view = this.#view
    const local = this.#units.length
    const past = new Uint32Array((local >> 5) + 1)
    let base = -1
    for (let k = 0; k < view.parentCount(unit); k++) {
      const parent = this.#local.get(view.parentAt(unit, k))
      if (parent === undefined) continue
      const other = this.#pasts[parent]!
      for (let w = 0; w < other.length; w++) past[w]! |= other[w]!
      past[parent >> 5]! |= 1 << (parent & 31)
      base = Math.max(base, parent)
    }
    this.#units.push(unit)
    this.#local.set(unit, local)
    this.#pasts.push(past)
    this.#weights.push(this.#weight(unit))
    this.#sumPast(past, base)
    const seesX = view.isAncestor(this.#x, unit) || (unit === this.#x && this.#first !== -1)
    const seesY = view.isAncestor(this.#y, unit) || (unit === this.#y && this.#first !== 1)
    this.#kind.push(seesX || seesY ? SEER : NEAR)
    this.#votes.push(seesX && seesY ? this.#sight(local, past) : seesX ? 1 : seesY ? -1 : 0)
  }

  /** T and the near weight of a new unit: its parent's, and what it has beyond that parent's past. */
  #sumPast(past: Uint32Array, base: number): void {
    this.#seerSums.copyPush(base)
    this.#nearSums.copyPush(base)
    const known = base < 0 ? undefined : this.#pasts[base]!
    const at = this.#units.length - 1
    for (let w = 0; w < past.length; w++) {
      let bits = past[w]! & ~(known?.[w] ?? 0)
      while (bits !== 0) {
        const unit = (w << 5) | (31 - Math.clz32(bits & -bits))
        bits &= bits - 1
        if (this.#kind[unit] === SEER) this.#seerSums.addTo(at, this.#weights, unit, this.#votes[unit]!)
        else this.#nearSums.addTo(at, this.#weights, unit, 1)
      }
    }
  }

  /** The vote of a seer of both: the virtual vote over its past. */
  #sight(local: number, past: Uint32Array): Vote {
    return this.#sign(this.#seerSums.value(local), this.#nearSums.value(local), past) || this.#smaller
  }

  get #smaller(): Vote {
    return this.#view.compareIds(this.#x, this.#y) < 0 ? 1 : -1
  }

  #sign(seers: bigint, near: bigint, past: Uint32Array): Vote {
    if (seers > near || -seers > near) return signOf(seers)
    return signOf(this.#sweep(seers, past).sum)
  }

  #inPast(past: Uint32Array, local: number): boolean {
    return (((past[local >> 5] ?? 0) >>> (local & 31)) & 1) === 1
  }

  /**
   * Evaluates near units, then deep ones until the rest is known to agree. `sum` has the sign of the virtual vote; `rest` is
   * how every deep unit votes that is not in `votes`.
   */
  #sweep(seers: bigint, past: Uint32Array): { sum: bigint; rest: Vote; votes: Map<number, Vote> } {
    const votes = new Map<number, Vote>()
    const evaluated: { unit: number; vote: Vote; weight: bigint }[] = []
    const weightFor = { 1: 0n, [-1]: 0n }
    const note = (unit: number, vote: Vote, weight: bigint) => {
      votes.set(unit, vote)
      if (vote === 0 || weight === 0n) return
      evaluated.push({ unit, vote, weight })
      weightFor[vote] += weight
    }
    for (let near = this.#units.length - 1; near >= 0; near--) {
      if (this.#kind[near] !== NEAR || !this.#inPast(past, near)) continue
      note(this.#units[near]!, this.#nearVote(near, past, evaluated), this.#weight(this.#units[near]!))
    }
    const heap = new Set(this.#topmostDeep())
    let checkAt = 0
    for (let done = 0; ; done++) {
      if (done >= checkAt || heap.size === 0) {
        const rest = this.#restAgrees(seers, weightFor, evaluated, heap)
        if (rest !== undefined) return { sum: seers + weightFor[1] - weightFor[-1] || BigInt(rest), rest, votes }
        checkAt = done + 1 + (done >> 2)
      }
      let top = -1
      for (const unit of heap) top = Math.max(top, unit)
      heap.delete(top)
      let sum = seers
      for (const { unit, vote, weight } of evaluated) if (this.#view.isAncestor(top, unit)) sum += BigInt(vote) * weight
      note(top, signOf(sum), this.#weight(top))
      for (let k = 0; k < this.#view.parentCount(top); k++) heap.add(this.#view.parentAt(top, k))
    }
  }

  #nearVote(near: number, past: Uint32Array, evaluated: readonly { unit: number; vote: Vote; weight: bigint }[]): Vote {
    let sum = 0n
    for (let seer = near + 1; seer < this.#units.length; seer++) {
      if (this.#kind[seer] !== SEER || !this.#inPast(past, seer) || !this.#inPast(this.#pasts[seer]!, near)) continue
      sum += BigInt(this.#votes[seer]!) * this.#weights.value(seer)
    }
    for (const { unit, vote, weight } of evaluated) {
      if (this.#view.isAncestor(this.#units[near]!, unit)) sum += BigInt(vote) * weight
    }
    return signOf(sum)
  }

  /** How all remaining deep units vote, if that is certain: (ii) and (iii) above. */
  #restAgrees(
    seers: bigint,
    weightFor: { 1: bigint; [-1]: bigint },
    evaluated: readonly { unit: number; vote: Vote; weight: bigint }[],
    heap: ReadonlySet<number>,
  ): Vote | undefined {
    if (heap.size === 0) return 0
    if (seers === 0n && weightFor[1] === 0n && weightFor[-1] === 0n) return 0
    for (const side of [1, -1] as const) {
      const base = (side === 1 ? seers : -seers) - weightFor[side === 1 ? -1 : 1]
      if (base + weightFor[side] <= 0n) continue
      const agrees = (unit: number) => {
        if (base > 0n) return true
        let sum = base
        for (const { unit: other, vote, weight } of evaluated) {
          if (vote === side && this.#view.isAncestor(unit, other)) sum += weight
        }
        return sum > 0n
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
    const local = this.#local.get(unit)
    if (local === undefined || this.#kind[local] !== SEER) {
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

  #totals(): { seers: bigint; near: bigint } {
    let seers = 0n
    let near = 0n
    for (let local = 0; local < this.#units.length; local++) {
      if (this.#units[local] === this.#within) continue
      const weight = this.#weights.value(local)
      if (this.#kind[local] === SEER) seers += BigInt(this.#votes[local]!) * weight
      else near += weight
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
      const local = this.#local.get(unit)
      const isSeer = local !== undefined && this.#kind[local] === SEER
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
