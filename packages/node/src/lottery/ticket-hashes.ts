import { bytesToHex } from '@ethereumjs/util'
import { blake2b } from '@noble/hashes/blake2.js'
import type { TicketHash } from '@zos/zpos'
import type { KeyValueStore } from '../store/kv.ts'

/** Hashes in memory: some hundred terms of a committee of thirty. */
const MAX_REMEMBERED = 4_096

/**
 * CryptoNight of ticket inputs. A hash takes some 30 ms, so what a worker (or an earlier run) has computed is remembered, also in the store:
 * a restart ranks all terms again. About 60 bytes a ticket.
 */
export class TicketHashes {
  readonly #known = new Map<string, Uint8Array>()
  readonly #store: KeyValueStore
  readonly #compute: TicketHash
  readonly #onFault: (error: unknown) => void
  #computed = 0

  constructor(options: { store: KeyValueStore; compute: TicketHash; onFault: (error: unknown) => void }) {
    this.#store = options.store
    this.#compute = options.compute
    this.#onFault = options.onFault
  }

  /** Hashes computed in this thread, because nobody had done it before. */
  get computed(): number {
    return this.#computed
  }

  readonly hash: TicketHash = (data) => {
    const key = keyOf(data)
    const known = this.#known.get(key) ?? this.#store.get(key)
    if (known) return known
    this.#computed++
    const hash = this.#compute(data)
    this.#remember(key, hash)
    return hash
  }

  has(data: Uint8Array): boolean {
    const key = keyOf(data)
    return this.#known.has(key) || this.#store.get(key) !== undefined
  }

  /** Takes over what a worker of this node computed. */
  learn(data: Uint8Array, hash: Uint8Array): void {
    this.#remember(keyOf(data), hash)
  }

  #remember(key: string, hash: Uint8Array): void {
    this.#known.set(key, hash)
    if (this.#known.size > MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
    this.#store.batch([{ key, value: hash }]).catch(this.#onFault)
  }
}

function keyOf(data: Uint8Array): string {
  return `L${bytesToHex(blake2b(data, { dkLen: 16 }))}`
}
