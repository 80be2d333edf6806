import { EMPTY_BYTES } from '../encoding/bytes.ts'
import { HashOp, LengthOp, type ProofSpec } from './proof.ts'

/** IAVL trees: the store of every Cosmos SDK chain, and of ZOS's `ibc` store. */
export const iavlSpec: ProofSpec = {
  leafSpec: {
    prefix: Uint8Array.of(0),
    prehashKey: HashOp.NO_HASH,
    hash: HashOp.SHA256,
    prehashValue: HashOp.SHA256,
    length: LengthOp.VAR_PROTO,
  },
  innerSpec: {
    childOrder: [0, 1],
    childSize: 33,
    minPrefixLength: 4,
    maxPrefixLength: 12,
    emptyChild: EMPTY_BYTES,
    hash: HashOp.SHA256,
  },
  maxDepth: 0,
  minDepth: 0,
  prehashKeyBeforeComparison: false,
}

/** CometBFT's simple Merkle tree: the level above the stores. */
export const tendermintSpec: ProofSpec = {
  leafSpec: iavlSpec.leafSpec,
  innerSpec: {
    childOrder: [0, 1],
    childSize: 32,
    minPrefixLength: 1,
    maxPrefixLength: 1,
    emptyChild: EMPTY_BYTES,
    hash: HashOp.SHA256,
  },
  maxDepth: 0,
  minDepth: 0,
  prehashKeyBeforeComparison: false,
}

/** Sparse Merkle trees of celestiaorg/smt. */
export const smtSpec: ProofSpec = {
  leafSpec: {
    prefix: Uint8Array.of(0),
    prehashKey: HashOp.SHA256,
    hash: HashOp.SHA256,
    prehashValue: HashOp.SHA256,
    length: LengthOp.NO_PREFIX,
  },
  innerSpec: {
    childOrder: [0, 1],
    childSize: 32,
    minPrefixLength: 1,
    maxPrefixLength: 1,
    emptyChild: new Uint8Array(32),
    hash: HashOp.SHA256,
  },
  maxDepth: 256,
  minDepth: 0,
  prehashKeyBeforeComparison: true,
}

/**
 * True when the two describe the same tree format. Same rule as ics23 7f2c2d0: depth limits, prefixes of leaves and the
 * order of children do not matter, so a chain that only tightens the depth is still an IAVL chain.
 */
export function sameFormat(a: ProofSpec, b: ProofSpec): boolean {
  if (a === b) return true
  const la = a.leafSpec
  const lb = b.leafSpec
  const ia = a.innerSpec
  const ib = b.innerSpec
  return (
    la.hash === lb.hash &&
    la.prehashKey === lb.prehashKey &&
    la.prehashValue === lb.prehashValue &&
    la.length === lb.length &&
    ia.hash === ib.hash &&
    ia.minPrefixLength === ib.minPrefixLength &&
    ia.maxPrefixLength === ib.maxPrefixLength &&
    ia.childSize === ib.childSize &&
    ia.childOrder.length === ib.childOrder.length
  )
}
