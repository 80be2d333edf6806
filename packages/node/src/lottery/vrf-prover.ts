/** Proves this validator's VRF output for each term in one of its units, and checks the proofs of others before a seed needs them. */
import type { Address, UnitId } from '@zos/dag'
import { vrfInput, vrfProve, vrfPublicKey } from '@zos/zpos'
import type { Epoch } from '../ledger/epoch.ts'
import type { VrfIndex } from './vrf-index.ts'
import type { VrfProof } from './vrf-message.ts'
import type { VrfOutputs } from './vrf-outputs.ts'

export interface VrfProverOptions {
  readonly index: VrfIndex
  readonly outputs: VrfOutputs
  /** The validator and its Ed25519 secret; absent: only the proofs of others are checked. */
  readonly self: { readonly address: Address; readonly secretKey: Uint8Array } | undefined
}

export class VrfProver {
  readonly #options: VrfProverOptions
  readonly #publicKey: Uint8Array | undefined
  /** `epoch/term` of the last proof taken. */
  #taken = ''
  /** Units with proofs for the running term that are checked: consensus goes on some hundred times a term. */
  #checked = { term: '', units: new Set<UnitId>() }

  constructor(options: VrfProverOptions) {
    this.#options = options
    this.#publicKey = options.self && vrfPublicKey(options.self.secretKey)
  }

  /** The proof to put into the next unit of `epoch`, once a term; undefined for who has no part in the seeds. About 5 ms. */
  take(epoch: Epoch): VrfProof | undefined {
    const { self, index } = this.#options
    const term = epoch.schedule.term().number
    const name = `${epoch.number}/${term}`
    const seed = epoch.schedule.seedOf(term)
    if (!self || !seed || name === this.#taken) return undefined
    const key = epoch.committee.members[epoch.committee.indexOf(self.address)]?.vrfKey
    if (!key || Buffer.compare(key, this.#publicKey!) !== 0) return undefined
    this.#taken = name
    // A unit from before a restart has it.
    if (index.known(epoch.number, term).some(({ author }) => author === self.address)) return undefined
    return { term, proof: vrfProve(self.secretKey, vrfInput(term, seed)).proof }
  }

  /** Consensus went on: checks one proof that has come in, so that none has to be checked when the term ends. */
  update({ number, schedule, committee }: Epoch): void {
    const { index, outputs } = this.#options
    const term = schedule.term().number
    const seed = schedule.seedOf(term)
    if (!seed) return
    const name = `${number}/${term}`
    if (this.#checked.term !== name) this.#checked = { term: name, units: new Set() }
    const { units } = this.#checked
    const fresh = index.known(number, term).filter(({ unit }) => !units.has(unit))
    if (fresh.length === 0) return
    const input = vrfInput(term, seed)
    for (const { author, unit, proof } of fresh) {
      units.add(unit)
      const key = committee.members[committee.indexOf(author)]?.vrfKey
      if (!key || outputs.has(key, input, proof)) continue
      outputs.of(key, input, proof)
      return
    }
  }
}
