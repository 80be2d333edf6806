/** Gas of native contracts. What the EVM has a price for costs the same here (EIP-2929, EIP-3529, Yellow Paper appendix G). */

/** Reading a storage slot for the first time in a call. */
export const SLOT_READ_GAS = 2_100n
/** Asking again for what the call has read. */
export const WARM_READ_GAS = 100n
/** Giving a slot that was zero a value, on top of reading it. */
export const SLOT_NEW_GAS = 20_000n
/** Changing or clearing a slot, on top of reading it. Nothing is refunded. */
export const SLOT_CHANGE_GAS = 2_900n
/** Moving coins to another account. */
export const TRANSFER_OUT_GAS = 9_000n
/** A log with up to four topics. */
export const LOG_GAS = 1_875n
export const LOG_BYTE_GAS = 8n
/** Dispatch and decoding of any call. */
export const CALL_GAS = 1_000n
export const CALL_BYTE_GAS = 6n
/** Calling another contract from a native one: a cold account. */
export const INVOKE_GAS = 2_600n
/** One signature check in JavaScript: some 1.5 ms, at 20 Mgas/s. */
export const SIGNATURE_GAS = 30_000n

/** The call has no gas left. The EVM takes all of it and undoes the call. */
export class OutOfNativeGas extends Error {
  override readonly name = 'OutOfNativeGas'
}

/** Counts down the gas of one call. */
export class GasMeter {
  #left: bigint

  constructor(limit: bigint) {
    this.#left = limit
  }

  get left(): bigint {
    return this.#left
  }

  /** Takes `amount` before what it pays for is done. Throws {@link OutOfNativeGas}. */
  charge(amount: bigint): void {
    if (amount > this.#left) {
      this.#left = 0n
      throw new OutOfNativeGas()
    }
    this.#left -= amount
  }
}
