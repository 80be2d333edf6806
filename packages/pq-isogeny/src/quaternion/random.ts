/**
 * Randomness of key generation and signing: one root seed an operation, from which independent SHAKE256 streams are
 * derived, one a purpose (specification, section on randomness; domain separators of the reference).
 */
import { shake256 } from '@noble/hashes/sha3.js'
import { bytesToInteger } from '../verify/codec.ts'

/** Bytes of the root seed. */
export const SEED_BYTES = 48

/** Bits drawn beyond the bound, so that the bias of the reduction is below 2^−64. */
const EXTRA_BITS = 64

/** A deterministic stream of integers. */
export class RandomSource {
  private readonly stream: ReturnType<typeof shake256.create>

  constructor(seed: Uint8Array, domain: string) {
    this.stream = shake256
      .create({})
      .update(seed)
      .update(Uint8Array.from(domain, (ch) => ch.charCodeAt(0)))
  }

  /**
   * An integer in [low, high]. `bits` is the declared size of `high` in the reference, sign bit included: it fixes how many
   * bytes are drawn, hence every later draw.
   */
  interval(low: bigint, high: bigint, bits: number): bigint {
    const drawn = bits + EXTRA_BITS
    const t = BigInt.asUintN(drawn, bytesToInteger(this.stream.xof((drawn + 7) >> 3)))
    return low + (t % (high - low + 1n))
  }

  /** Erases the state of the stream, as far as the platform allows. */
  destroy(): void {
    this.stream.destroy()
  }
}

/** The streams of one operation. */
export interface RandomStreams {
  readonly byDefault: RandomSource
  readonly key: RandomSource
  readonly commitment: RandomSource
  readonly response: RandomSource
  destroy(): void
}

/** @param seed 48 bytes */
export function randomStreams(seed: Uint8Array): RandomStreams {
  const sources = (['def', 'key', 'com', 'res'] as const).map((domain) => new RandomSource(seed, domain))
  const [byDefault, key, commitment, response] = sources as [RandomSource, RandomSource, RandomSource, RandomSource]
  return { byDefault, key, commitment, response, destroy: () => sources.forEach((s) => void s.destroy()) }
}
