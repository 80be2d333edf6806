/** EIP-2718 types that the ledger carries. 3 (blobs, EIP-4844) is refused. */
export type TransactionType = 0 | 1 | 2 | 4

/** One entry of an EIP-2930 access list. */
export interface AccessListEntry {
  /** 20 bytes. */
  readonly address: Uint8Array
  /** 32 bytes each. */
  readonly storageKeys: readonly Uint8Array[]
}

/** One EIP-7702 authorization. Its signature is judged at execution, an invalid one is skipped there; here only the form is checked. */
export interface Authorization {
  readonly chainId: bigint
  /** 20 bytes. */
  readonly address: Uint8Array
  readonly nonce: bigint
  readonly yParity: bigint
  readonly r: bigint
  readonly s: bigint
}

/** `r` and `s` in 1 … n−1, `s` in the lower half (EIP-2). */
export interface TransactionSignature {
  readonly r: bigint
  readonly s: bigint
  readonly yParity: 0 | 1
}

/** A decoded, well-formed, signed Ethereum transaction. The signature is in range but not yet verified. */
export interface Transaction {
  readonly type: TransactionType
  /** Absent in legacy transactions from before EIP-155, which any chain would accept. */
  readonly chainId: bigint | undefined
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Wei per gas. For types 0 and 1 both fees are the gas price. */
  readonly maxFeePerGas: bigint
  /** Wei per gas, at most, for who makes the block. */
  readonly maxPriorityFeePerGas: bigint
  /** 20 bytes; undefined creates a contract. */
  readonly to: Uint8Array | undefined
  /** Wei. */
  readonly value: bigint
  readonly data: Uint8Array
  readonly accessList: readonly AccessListEntry[]
  /** Type 4 only, never empty there. */
  readonly authorizationList: readonly Authorization[]
  readonly signature: TransactionSignature
  /** The bytes as received. */
  readonly raw: Uint8Array
  /** keccak256 of `raw`: the transaction's id. */
  readonly hash: Uint8Array
  /** What the sender signed. */
  readonly signingHash: Uint8Array
}

/** Why bytes are not a transaction. Stable. */
export type TransactionFault =
  | 'empty'
  | 'too-large'
  | 'type-unsupported'
  | 'blob-unsupported'
  | 'rlp-truncated'
  | 'rlp-not-canonical'
  | 'rlp-type'
  | 'rlp-integer'
  | 'rlp-trailing'
  | 'address-length'
  | 'storage-key-length'
  | 'access-list-too-long'
  | 'authorization-list'
  | 'fee-order'
  | 'gas-overflow'
  | 'init-code-too-large'
  | 'chain-mismatch'
  | 'replay-unprotected'
  | 'signature-range'
  | 'signature-high-s'
  | 'signature-parity'

/**
 * An Ethereum transaction, or why bytes are none that the ledger takes: `code` is stable, `reason` says it in words.
 * Its signature is in range but not verified.
 */
export type DecodedTransaction =
  | { readonly status: 'ok'; readonly tx: Transaction }
  | { readonly status: 'invalid'; readonly code: TransactionFault; readonly reason: string }
