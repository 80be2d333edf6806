import { bytesToHex, concatBytes } from '@ethereumjs/util'
import { blake2b } from '@noble/hashes/blake2.js'
import { vrfVerify } from '@zos/zpos'
import type { KeyValueStore } from '../store/kv.ts'

/** Outputs in memory: some hundred terms of a committee of thirty. */
const MAX_REMEMBERED = 4_096
/** What is stored for a proof that does not hold. */
const FALSE_PROOF = new Uint8Array()

/**
 * The outputs that VRF proofs prove. A check takes some 3 ms, so what was checked is remembered, also in the store: a restart mixes all seeds of its
 * epoch again. About 90 bytes a proof.
 */
export class VrfOutputs {
  readonly #known = new Map<string, Uint8Array>()
  readonly #store: KeyValueStore
  readonly #onFault: (error: unknown) => void
  #checked = 0

  constructor(options: { store: KeyValueStore; onFault: (error: unknown) => void }) {
    this.#store = options.store
    this.#onFault = options.onFault
  }

  /** Proofs that were checked because nobody had done it before. */
  get checked(): number {
    return this.#checked
  }

  has(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): boolean {
    const key = keyOf(publicKey, input, proof)
    return this.#known.has(key) || this.#store.get(key) !== undefined
  }

  /** The output (64 bytes); undefined if the proof proves nothing. */
  of(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
    const key = keyOf(publicKey, input, proof)
    let output = this.#known.get(key) ?? this.#store.get(key)
    if (!output) {
      this.#checked++
      output = vrfVerify(publicKey, input, proof) ?? FALSE_PROOF
      this.#known.set(key, output)
      if (this.#known.size > MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
      this.#store.batch([{ key, value: output }]).catch(this.#onFault)
    }
    return output.length === 0 ? undefined : output
  }
}

function keyOf(publicKey: Uint8Array, input: Uint8Array, proof: Uint8Array): string {
  return `L${bytesToHex(blake2b(concatBytes(publicKey, input, proof), { dkLen: 16 }))}`
}
