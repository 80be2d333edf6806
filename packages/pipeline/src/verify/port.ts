/** The signature schemes of the ledger. */
export type Scheme = 'bip340' | 'ecdsa' | 'ed25519'

/** BIP-340 Schnorr over secp256k1: native transactions. */
export interface Bip340Item {
  /** The x coordinate, 32 bytes; or 64 bytes x ‖ y with the even y, which saves a square root (about a sixth of the work). */
  readonly publicKey: Uint8Array
  /** Any length; native transactions sign a 32-byte id. */
  readonly message: Uint8Array
  /** R.x ‖ s, 64 bytes. */
  readonly signature: Uint8Array
}

/** ECDSA over secp256k1 with `s` in the lower half, as Ethereum demands (EIP-2). */
export interface EcdsaItem {
  /** x ‖ y, 64 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly r: bigint
  readonly s: bigint
  /**
   * Parity of R's y, and the promise that R.x = r (not r + n), as Ethereum has it: this is what allows the batch equation.
   * Undefined: plain ECDSA, which accepts either; checked one by one.
   */
  readonly yParity?: 0 | 1 | undefined
}

/** Ed25519 under the rules of ZIP-215: cofactored equation, non-canonical points allowed, `s` canonical. */
export interface Ed25519Item {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  /** R ‖ s, 64 bytes. */
  readonly signature: Uint8Array
}

/** What one signature of each scheme consists of: the item type that `verifyMany` and `verifyBatch` take. */
export interface SchemeItems {
  readonly bip340: Bip340Item
  readonly ecdsa: EcdsaItem
  readonly ed25519: Ed25519Item
}

/** A compressed public key. */
export interface CompressedKey {
  /** 32 bytes. */
  readonly x: Uint8Array
  readonly yParity: 0 | 1
}

/** A public key of secp256k1 with its y, as `liftMany` finds it. */
export interface FullKey {
  /** x ‖ y, 64 bytes. */
  readonly publicKey: Uint8Array
  /** The Ethereum address, 20 bytes. */
  readonly address: Uint8Array
}

/** An Ethereum signature whose signer is wanted. */
export interface RecoverItem {
  /** What was signed, 32 bytes. */
  readonly hash: Uint8Array
  readonly r: bigint
  readonly s: bigint
  readonly yParity: 0 | 1
}

/**
 * The implementations on the CPU, fastest first: WebAssembly with relaxed SIMD, WebAssembly without SIMD, and
 * `@noble/curves` in JavaScript, which runs everywhere.
 */
export type BackendName = 'wasm-relaxed-simd' | 'wasm' | 'noble'

/**
 * Checks signatures; never makes one. Every backend gives the same answer to every input, malformed ones included:
 * foreign data never throws. Not constant time, and must not be given secrets.
 */
export interface Verifier {
  readonly backend: BackendName
  /** A verdict per item. */
  verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean[]
  /** True when every item is valid. True for no items. */
  verifyBatch<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean
  /** The Ethereum address (20 bytes) that signed each item; null where no public key fits. `s` of the upper half is refused. */
  recoverMany(items: readonly RecoverItem[]): (Uint8Array | null)[]
  /** As {@link Verifier.recoverMany}, the public key x ‖ y (64 bytes) instead of the address. */
  recoverPublicKeys(items: readonly RecoverItem[]): (Uint8Array | null)[]
  /** Finds y and the address of each key; null where x is no coordinate of a point. */
  liftMany(keys: readonly CompressedKey[]): (FullKey | null)[]
}
