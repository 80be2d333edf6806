import type { Address, Dag, Unit, UnitId } from '@zos/dag'
import { epochOfRound } from '@zos/zpos'
import { vrfProofOf } from './vrf-message.ts'

/** A proof and the unit that carries it. */
export interface CarriedProof {
  readonly author: Address
  readonly unit: UnitId
  readonly round: number
  readonly proof: Uint8Array
}

/** The VRF proofs in the DAG by epoch and term. Holds those of the terms whose outputs are not mixed into a seed yet. */
export class VrfIndex {
  readonly #epochs = new Map<number, Map<number, CarriedProof[]>>()

  /** Takes the proof of a connected unit, if it has one. */
  add(unit: Unit): void {
    const { validator, authors } = unit.header
    const carried = validator && vrfProofOf(unit)
    if (!carried) return
    const { round } = validator
    const epoch = epochOfRound(round)
    const terms = this.#epochs.get(epoch) ?? new Map<number, CarriedProof[]>()
    this.#epochs.set(epoch, terms)
    const entry = { author: authors[0]!, unit: unit.id, round, proof: carried.proof }
    terms.set(carried.term, [...(terms.get(carried.term) ?? []), entry])
  }

  /**
   * The proof for a term of each author in the past of `unit` and in it. An author's first one counts (lowest round, then smallest id), whether it holds or not,
   * so that one proof a validator and term is checked at most.
   */
  inPast(dag: Dag, epoch: number, term: number, unit: UnitId): CarriedProof[] {
    return firstOfEach(this.#of(epoch, term).filter((entry) => entry.unit === unit || dag.isAncestor(entry.unit, unit)))
  }

  /** The first proof of each author for a term so far. */
  known(epoch: number, term: number): CarriedProof[] {
    return firstOfEach(this.#of(epoch, term))
  }

  /** Forgets the terms of `epoch` before `term`, and all of earlier epochs. */
  forget(epoch: number, term: number): void {
    for (const [number, terms] of this.#epochs) {
      if (number < epoch) this.#epochs.delete(number)
      else if (number === epoch) for (const known of terms.keys()) if (known < term) terms.delete(known)
    }
  }

  #of(epoch: number, term: number): readonly CarriedProof[] {
    return this.#epochs.get(epoch)?.get(term) ?? []
  }
}

function firstOfEach(entries: readonly CarriedProof[]): CarriedProof[] {
  const first = new Map<Address, CarriedProof>()
  for (const entry of entries) {
    const known = first.get(entry.author)
    if (!known || entry.round < known.round || (entry.round === known.round && entry.unit < known.unit))
      first.set(entry.author, entry)
  }
  return [...first.values()]
}
