/** C8: which of several units that spend the same thing is valid. */
import type { Dag } from '../dag/dag.ts'
import type { DagView } from '../dag/view.ts'
import { DagError } from '../errors.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { SpectrePair } from '../voting/spectre.ts'
import type { VoteWeight } from '../voting/spectre-reference.ts'
import type { MainChain } from './main-chain.ts'

/** Stake of a validator when the main chain had this index: the weight of its units' votes. */
export type StakeAt = (validator: Address, mci: number) => bigint

/** Which part of C8 decided: (a) past, (b) index, (c) vote, (d) the order of height and id among rivals in a cycle. */
export type DoubleSpendRule = 'past' | 'index' | 'vote' | 'height'

/** A final decision. */
export interface Decision {
  readonly winner: UnitId
  readonly rule: DoubleSpendRule
}

/** How a conflict stands before it is final. Never a reason to accept a payment. */
export interface Preference {
  readonly preferred: UnitId
  /** Stake that votes for the preferred unit minus stake against, over the local DAG; 0 when the past decides. */
  readonly margin: bigint
  readonly rule: 'past' | 'index' | 'vote'
}

/** The rules of C8 over one DAG and its main chain. */
export class DoubleSpendRules {
  readonly #view: DagView
  readonly #mainChain: MainChain
  readonly #stakeAt: StakeAt

  constructor(dag: Pick<Dag, 'view'>, mainChain: MainChain, stakeAt: StakeAt) {
    this.#view = dag.view
    this.#mainChain = mainChain
    this.#stakeAt = stakeAt
  }

  #index(id: UnitId): number {
    const unit = this.#view.indexOf(id)
    if (unit < 0) throw new DagError('DAG_UNIT_UNKNOWN', `unit ${id} is not in the DAG`, { unit: id })
    return unit
  }

  /** Stake of the author; 0 for user units and for validators whose equivocation the observer sees (−1: anybody). */
  #weightFor(observer: number, mci: number): VoteWeight {
    const byAuthor = new Map<number, bigint>()
    return (unit) => {
      const author = this.#view.authorOf(unit)
      if (author < 0) return 0n
      let stake = byAuthor.get(author)
      if (stake === undefined) {
        const forked = this.#view.isEquivocator(author, observer)
        stake = forked ? 0n : this.#stakeAt(this.#view.addressOf(author), mci)
        byAuthor.set(author, stake)
      }
      return stake
    }
  }

  /**
   * Decides between two indexed units. Throws `DAG_INVALID_ARGUMENT` if one has no index.
   * Cost: O(1) unless both have the same index; then the votes of that main-chain unit's past since the conflict.
   */
  decidePair(x: UnitId, y: UnitId): Decision {
    const [mciX, mciY] = [this.#mainChain.mciOf(x), this.#mainChain.mciOf(y)]
    if (mciX === undefined || mciY === undefined) {
      throw new DagError(
        'DAG_INVALID_ARGUMENT',
        `unit ${mciX === undefined ? x : y} has no index yet: ask for the preference`,
        { x, y },
      )
    }
    const [a, b] = [this.#index(x), this.#index(y)]
    if (this.#view.isAncestor(a, b)) return { winner: x, rule: 'past' }
    if (this.#view.isAncestor(b, a)) return { winner: y, rule: 'past' }
    if (mciX !== mciY) return { winner: mciX < mciY ? x : y, rule: 'index' }
    const observer = this.#index(this.#mainChain.unitAt(mciX)!)
    const pair = new SpectrePair(this.#view, a, b, { within: observer, weight: this.#weightFor(observer, mciX) })
    return { winner: pair.order() > 0 ? x : y, rule: 'vote' }
  }

  /**
   * Decides among the rivals that have an index: the others can only lose. Undefined while none has one. Final: later units do
   * not change it. More than two of the same index: the one that beats every other, else the smallest (height, id).
   */
  decide(rivals: readonly UnitId[]): Decision | undefined {
    const indexed = rivals.filter((id) => this.#mainChain.mciOf(id) !== undefined)
    if (indexed.length === 0) return undefined
    const least = Math.min(...indexed.map((id) => this.#mainChain.mciOf(id)!))
    const first = [...new Set(indexed.filter((id) => this.#mainChain.mciOf(id) === least))]
    if (first.length === 1) {
      const winner = first[0]!
      const unit = this.#index(winner)
      const isPast = rivals.some((id) => id !== winner && this.#view.isAncestor(unit, this.#index(id)))
      return { winner, rule: isPast && rivals.length === 2 ? 'past' : 'index' }
    }
    for (const candidate of first) {
      const duels = first.filter((id) => id !== candidate).map((id) => this.decidePair(candidate, id))
      if (duels.every(({ winner }) => winner === candidate)) {
        return { winner: candidate, rule: duels.every(({ rule }) => rule === 'past') ? 'past' : 'vote' }
      }
    }
    const height = (id: UnitId) => this.#view.heightOf(this.#index(id))
    const [winner] = first.sort((x, y) => height(x) - height(y) || (x < y ? -1 : 1))
    return { winner: winner!, rule: 'height' }
  }

  /** How two units stand by what this node has seen. Cost: the votes of all units since the conflict. */
  prefer(x: UnitId, y: UnitId): Preference {
    const [a, b] = [this.#index(x), this.#index(y)]
    if (this.#view.isAncestor(a, b)) return { preferred: x, margin: 0n, rule: 'past' }
    if (this.#view.isAncestor(b, a)) return { preferred: y, margin: 0n, rule: 'past' }
    const [mciX, mciY] = [this.#mainChain.mciOf(x), this.#mainChain.mciOf(y)]
    if (mciX !== mciY) {
      const isX = mciY === undefined || (mciX !== undefined && mciX < mciY)
      return { preferred: isX ? x : y, margin: 0n, rule: 'index' }
    }
    if (mciX !== undefined) {
      const { winner } = this.decidePair(x, y)
      return { preferred: winner, margin: 0n, rule: 'vote' }
    }
    const weight = this.#weightFor(-1, this.#mainChain.tip.mci)
    const pair = new SpectrePair(this.#view, a, b, { weight })
    const tally = pair.tally()
    const isX = pair.order() > 0
    return { preferred: isX ? x : y, margin: isX ? tally.x - tally.y : tally.y - tally.x, rule: 'vote' }
  }
}
