import { keccak256 } from '../hash/keccak.ts'
import type { Timers } from '../platform/timers.ts'
import { FingerprintSet } from './fingerprint-set.ts'
import type { DecodedTx } from './transaction.ts'

/** What one source may do to a TPU: the bounds against floods, duplicates and bad signatures. */
export interface IntakeLimits {
  /** Transactions of one source inside the pipeline at once. Default 4,096: four full batches. */
  readonly perSource?: number
  /** Ids remembered against duplicates. Default 1,000,000 (16 MB): 20 s at 50,000 a second. */
  readonly remembered?: number
  /** Bad signatures that put a source into quarantine when they are also more than a quarter of what it sent. Default 16. */
  readonly badSignatures?: number
  /** Milliseconds of quarantine. Default 10,000. */
  readonly quarantineMs?: number
}

interface Source {
  inside: number
  good: number
  bad: number
  quarantinedUntil: number
}

/** Sources remembered; beyond, idle ones are forgotten. */
const MAX_SOURCES = 65_536

export type Admission = 'ok' | 'duplicate' | 'quota' | 'quarantined'

/**
 * What duplicates are recognised by: 53 bits of the hash of all bytes; a million remembered ones are hit by chance once in 10^10. The
 * signature must be part of it: a native id does not cover it, and else anybody could send a transfer's body with a false signature
 * first and have the true one refused as its duplicate. (Numbers, because strings of these bytes cost 8 µs a transaction.) Never 0.
 */
export function fingerprint(tx: DecodedTx): number {
  const digest = tx.kind === 'native' ? keccak256(tx.raw) : tx.id
  const view = new DataView(digest.buffer, digest.byteOffset, 8)
  return (view.getUint32(0) & 0x1fffff) * 0x100000000 + view.getUint32(4) || 1
}

/** Who may bring what: no duplicates, a quota for each source, and quarantine for sources that send bad signatures. */
export class Intake {
  readonly #limits: Required<IntakeLimits>
  readonly #timers: Timers
  #young: FingerprintSet
  #old: FingerprintSet
  readonly #sources = new Map<string, Source>()

  constructor(limits: IntakeLimits, timers: Timers) {
    this.#limits = { perSource: 4096, remembered: 1_000_000, badSignatures: 16, quarantineMs: 10_000, ...limits }
    this.#timers = timers
    this.#young = this.#generation()
    this.#old = new FingerprintSet(0)
  }

  /** Counts the transaction in when it may enter; `leave` must follow then. */
  enter(source: string, id: number): Admission {
    const state = this.#source(source)
    if (state.quarantinedUntil > this.#timers.now()) return 'quarantined'
    if (state.inside >= this.#limits.perSource) return 'quota'
    if (this.#young.has(id) || this.#old.has(id)) return 'duplicate'
    if (this.#young.size >= this.#limits.remembered / 2) {
      this.#old = this.#young
      this.#young = this.#generation()
    }
    this.#young.add(id)
    state.inside++
    return 'ok'
  }

  /** The transaction has left the pipeline. With `forget` its id may come again: it was not judged, or its signature was bad. */
  leave(source: string, id: number, signature: 'good' | 'bad' | 'unknown', forget: boolean): void {
    const state = this.#source(source)
    state.inside--
    if (forget) {
      this.#young.delete(id)
      this.#old.delete(id)
    }
    if (signature === 'unknown') return
    state[signature]++
    if (state.bad >= this.#limits.badSignatures && state.bad * 4 > state.bad + state.good) {
      state.quarantinedUntil = this.#timers.now() + this.#limits.quarantineMs
      state.bad = 0
      state.good = 0
    } else if (state.good + state.bad >= 4096) {
      // Old deeds count half.
      state.good >>= 1
      state.bad >>= 1
    }
  }

  #generation(): FingerprintSet {
    return new FingerprintSet(Math.ceil(this.#limits.remembered / 2))
  }

  #source(name: string): Source {
    let state = this.#sources.get(name)
    if (state) return state
    if (this.#sources.size >= MAX_SOURCES) {
      const now = this.#timers.now()
      for (const [other, { inside, quarantinedUntil }] of this.#sources)
        if (inside === 0 && quarantinedUntil <= now) this.#sources.delete(other)
    }
    state = { inside: 0, good: 0, bad: 0, quarantinedUntil: 0 }
    this.#sources.set(name, state)
    return state
  }
}
