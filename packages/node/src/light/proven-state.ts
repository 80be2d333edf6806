import { slotValue } from '../native/native-storage.ts'
import { type AccountState, type AddressHex, EMPTY_ROOT, type Hash, NO_CODE } from '../state/account.ts'
import type { StateReader } from '../state/overlay.ts'
import { LightError } from './errors.ts'
import type { StateProver } from './light-evm.ts'

/** Accounts, slots and block hashes that one call may need: each account costs a request, each slot some ten hashes. */
const MAX_PIECES = 1_024
/** Of them, those that one run may ask for: a run that read a wrong zero may look for what nobody needs. */
const MAX_MISSING = 64
/** Slots in one request, as nodes serve them. */
const MAX_SLOTS = 1_024

const NO_BYTES = new Uint8Array()

/**
 * The state that a call has needed so far, all of it proved. The EVM reads it at once and cannot wait for a proof, so what is missing reads as
 * empty and is noted: the run counts only if nothing was. `prove` gets what was missing, and the call runs again.
 */
export class ProvenState implements StateReader {
  readonly #prover: StateProver
  readonly #accounts = new Map<AddressHex, AccountState | undefined>()
  readonly #slots = new Map<AddressHex, Map<Hash, Uint8Array>>()
  readonly #codes = new Map<Hash, Uint8Array>()
  readonly #hashes = new Map<number, Hash | undefined>()
  readonly #missing = new Map<AddressHex, Set<Hash>>()
  readonly #missingHashes = new Set<number>()
  #missed = 0
  #pieces = 0

  constructor(prover: StateProver) {
    this.#prover = prover
  }

  account(address: AddressHex): AccountState | undefined {
    if (!this.#accounts.has(address)) this.#want(address)
    return this.#accounts.get(address)
  }

  storage(address: AddressHex, slot: Hash): Uint8Array {
    const value = this.#slots.get(address)?.get(slot)
    if (value) return value
    // Who has no storage needs no proof for each slot.
    const isEmpty =
      this.#accounts.has(address) && (this.#accounts.get(address)?.storageRoot ?? EMPTY_ROOT) === EMPTY_ROOT
    if (!isEmpty) this.#want(address, slot)
    return NO_BYTES
  }

  /** Code comes with its account. */
  code(codeHash: Hash): Uint8Array {
    return this.#codes.get(codeHash) ?? NO_BYTES
  }

  blockHash(number: number): Hash | undefined {
    if (!this.#hashes.has(number) && this.#missed < MAX_MISSING) {
      this.#missed++
      this.#missingHashes.add(number)
    }
    return this.#hashes.get(number)
  }

  /** Whether something was read that is not proved. */
  get isIncomplete(): boolean {
    return this.#missed > 0
  }

  /** Notes that `address`, and `slots` of it, will be needed; no more than a run may ask for. */
  expect(address: AddressHex, slots: readonly Hash[] = []): void {
    if (!this.#accounts.has(address)) {
      this.#want(address)
      if (!this.#missing.has(address)) return
    }
    for (const slot of slots) if (!this.#slots.get(address)?.has(slot)) this.#want(address, slot, MAX_PIECES / 2)
  }

  /** Proves what was missing. Errors: `LIGHT_UNAVAILABLE` beyond the limit of a call, and those of the sources. */
  async prove(): Promise<void> {
    const accounts = [...this.#missing].map(([address, slots]) => ({ address, slots: [...slots].slice(0, MAX_SLOTS) }))
    const hashes = [...this.#missingHashes]
    this.#missing.clear()
    this.#missingHashes.clear()
    this.#missed = 0
    this.#pieces += hashes.length + accounts.reduce((sum, { slots }) => sum + 1 + slots.length, 0)
    if (this.#pieces > MAX_PIECES)
      throw new LightError('LIGHT_UNAVAILABLE', `the call touches more than ${MAX_PIECES} accounts and slots`, {
        limit: MAX_PIECES,
      })
    await Promise.all([
      ...accounts.map(async ({ address, slots }) => {
        const proved = await this.#prover.account(address, slots)
        const { account } = proved
        const isThere = account.nonce > 0n || account.balance > 0n || account.codeHash !== NO_CODE
        this.#accounts.set(address, isThere ? account : undefined)
        if (account.codeHash !== NO_CODE) this.#codes.set(account.codeHash, proved.code)
        const known = this.#slots.get(address) ?? new Map<Hash, Uint8Array>()
        this.#slots.set(address, known)
        for (const [index, slot] of slots.entries()) known.set(slot, slotValue(proved.slots[index]!))
      }),
      ...hashes.map(async (number) => this.#hashes.set(number, await this.#prover.blockHash(number))),
    ])
  }

  #want(address: AddressHex, slot?: Hash, limit = MAX_MISSING): void {
    const slots = this.#missing.get(address)
    if (this.#missed >= limit || (slots && (slot === undefined || slots.has(slot)))) return
    this.#missed++
    if (!slots) this.#missing.set(address, new Set())
    if (slot) this.#missing.get(address)!.add(slot)
  }
}
