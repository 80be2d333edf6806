import type { CryptonightVariant } from './variant.ts'

/** A hasher with its own scratchpad; not to be used from two places at once (it does not await, so one thread cannot). */
export interface Cryptonight {
  /**
   * CryptoNight of `data`: 32 bytes. Variant 1 needs at least 43 bytes and throws `ZPOS_INVALID_ARGUMENT` otherwise. Scratchpad, keys and
   * state are wiped before it returns.
   */
  hash(data: Uint8Array, variant?: CryptonightVariant): Uint8Array
}
