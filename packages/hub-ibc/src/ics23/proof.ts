/**
 * The data of ICS-23 (vector commitments): proofs, their steps, and the specs that say what a chain's tree looks like.
 * Numbers are those of `cosmos/ics23/v1/proofs.proto` (cosmos/ics23 7f2c2d0).
 */

/** Hash functions a proof may name. */
export const HashOp = {
  NO_HASH: 0,
  SHA256: 1,
  SHA512: 2,
  KECCAK256: 3,
  RIPEMD160: 4,
  /** ripemd160(sha256(x)) */
  BITCOIN: 5,
  SHA512_256: 6,
  BLAKE2B_512: 7,
  BLAKE2S_256: 8,
  BLAKE3: 9,
} as const

/** How the length of a key or value is bound into a leaf. */
export const LengthOp = {
  NO_PREFIX: 0,
  VAR_PROTO: 1,
  VAR_RLP: 2,
  FIXED32_BIG: 3,
  FIXED32_LITTLE: 4,
  FIXED64_BIG: 5,
  FIXED64_LITTLE: 6,
  REQUIRE_32_BYTES: 7,
  REQUIRE_64_BYTES: 8,
} as const

/** `hash(prefix ‖ length(prehash(key)) ‖ length(prehash(value)))` */
export interface LeafOp {
  readonly hash: number
  readonly prehashKey: number
  readonly prehashValue: number
  readonly length: number
  readonly prefix: Uint8Array
}

/** `hash(prefix ‖ child ‖ suffix)` */
export interface InnerOp {
  readonly hash: number
  readonly prefix: Uint8Array
  readonly suffix: Uint8Array
}

/** That `key` holds `value`: the leaf, and the steps from it to the root. */
export interface ExistenceProof {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly leaf: LeafOp | undefined
  readonly path: readonly InnerOp[]
}

/** That `key` holds nothing: its two neighbours, or one at an end of the tree. */
export interface NonExistenceProof {
  readonly key: Uint8Array
  readonly left: ExistenceProof | undefined
  readonly right: ExistenceProof | undefined
}

/** Exactly one of the two. Batch and compressed proofs are not accepted: upstream removes them. */
export type CommitmentProof =
  | { readonly kind: 'exist'; readonly exist: ExistenceProof }
  | { readonly kind: 'nonexist'; readonly nonexist: NonExistenceProof }

/** The shape of an inner node. */
export interface InnerSpec {
  readonly childOrder: readonly number[]
  readonly childSize: number
  readonly minPrefixLength: number
  readonly maxPrefixLength: number
  readonly emptyChild: Uint8Array
  readonly hash: number
}

/** What a chain's proofs must look like; a light client holds one for each level of its store. */
export interface ProofSpec {
  readonly leafSpec: LeafOp
  readonly innerSpec: InnerSpec
  /** 0 means 128. */
  readonly maxDepth: number
  readonly minDepth: number
  readonly prehashKeyBeforeComparison: boolean
}

/** Deepest path accepted when a spec names none; a balanced tree of that depth could not exist. Same value as ics23 v0.11. */
export const DEFAULT_MAX_DEPTH = 128

/** The outcome of checking a foreign proof. */
export type Verdict = { readonly status: 'valid' } | { readonly status: 'invalid'; readonly reason: string }

export const VALID: Verdict = Object.freeze({ status: 'valid' })

export function invalid(reason: string): Verdict {
  return { status: 'invalid', reason }
}
