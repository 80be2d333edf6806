/**
 * Evidence (C10): proof, that anyone can check without the DAG, that one key signed two things that exclude each other.
 */
import { schnorr } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { decodeHeader, encodeHeader, isDagError, signingDigest, type UnitHeader, unitId } from '@zos/dag'
import { joinFields, splitFields } from '../checkpoint/bytes.ts'
import {
  bip340,
  type Checkpoint,
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../checkpoint/checkpoint.ts'
import { keyAddress } from '../contract/validator-key.ts'
import type { Address, UnitId } from '../dag-port.ts'
import { epochOfRound } from '../rounds/epoch-base.ts'

const EVIDENCE_DOMAIN = utf8ToBytes('zos-evidence')
const VERSION = 1
const KIND_UNITS = 1
const KIND_CHECKPOINTS = 2

/** Headers that a proof over a fork's chain may have: the garbage depth, and some. */
export const MAX_CHAIN = 64

/** A validator unit's header with its author's signature. */
export interface SignedHeader {
  readonly header: UnitHeader
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Two units of one validator, neither in the other's past. Of one round, they are proof by themselves. Of different rounds, `chain` holds
 * the headers of the later unit's self-parents, downward, to the first of a round not above the earlier unit's: an honest
 * validator's earlier units are all on that chain.
 */
export interface UnitEvidence {
  readonly kind: 'units'
  readonly earlier: SignedHeader
  readonly later: SignedHeader
  readonly chain: readonly UnitHeader[]
}

/** Two checkpoints of one epoch, signed by one key. */
export interface CheckpointEvidence {
  readonly kind: 'checkpoints'
  readonly publicKey: Uint8Array
  readonly first: { readonly checkpoint: Checkpoint; readonly signature: Uint8Array }
  readonly second: { readonly checkpoint: Checkpoint; readonly signature: Uint8Array }
}

/** Either kind. */
export type Evidence = UnitEvidence | CheckpointEvidence

/** What evidence proves. */
export interface Offence {
  readonly key: Address
  readonly epoch: number
  /** The same for the same pair, whatever the signature bytes and the order. */
  readonly id: string
}

/** Checked evidence. */
export type EvidenceResult =
  | { readonly status: 'proved'; readonly offence: Offence }
  | { readonly status: 'invalid'; readonly reason: string }

const invalid = (reason: string): EvidenceResult => ({ status: 'invalid', reason })

function offenceId(first: Uint8Array, second: Uint8Array): string {
  const ordered = bytesToHex(first) < bytesToHex(second) ? [first, second] : [second, first]
  return bytesToHex(blake2b(concatBytes(EVIDENCE_DOMAIN, ...ordered), { dkLen: 32 }))
}

function isSigned({ header, publicKey, signature }: SignedHeader, id: UnitId): boolean {
  return bip340.verify(publicKey, signingDigest(id, header.networkId), signature)
}

/**
 * Checks evidence on its own.
 *
 * @param isBase says whether a unit is the genesis or the base of an epoch, where the chains of those begin that have no earlier unit.
 */
export function checkEvidence(
  evidence: Evidence,
  options: { readonly networkId: number; readonly isBase: (unit: UnitId) => boolean },
): EvidenceResult {
  return evidence.kind === 'units' ? checkUnits(evidence, options) : checkCheckpoints(evidence, options.networkId)
}

function checkUnits(
  { earlier, later, chain }: UnitEvidence,
  { networkId, isBase }: { readonly networkId: number; readonly isBase: (unit: UnitId) => boolean },
): EvidenceResult {
  const key = keyAddress(earlier.publicKey)
  for (const { header, publicKey } of [earlier, later]) {
    if (header.networkId !== networkId) return invalid(`a header is of network ${header.networkId}, not ${networkId}`)
    if (header.validator === undefined || header.authors.length !== 1)
      return invalid('a header is not of a validator unit')
    if (key === undefined || header.authors[0] !== key || keyAddress(publicKey) !== key) {
      return invalid('the units are not of one author, or the keys are not theirs')
    }
  }
  const [low, high] = [earlier.header.validator!.round, later.header.validator!.round]
  if (low > high) return invalid('the earlier unit is of a later round')
  if (epochOfRound(low) !== epochOfRound(high)) return invalid('the units are of different epochs')
  const [earlierId, laterId] = [unitId(earlier.header), unitId(later.header)]
  if (earlierId === laterId) return invalid('it is one unit')
  if (!isSigned(earlier, earlierId) || !isSigned(later, laterId)) return invalid('a signature is wrong')
  if (low < high) {
    const fault = checkChain(later.header, chain, low, earlierId, isBase)
    if (fault !== undefined) return invalid(fault)
  }
  const id = offenceId(hexToBytes(earlierId.slice(2)), hexToBytes(laterId.slice(2)))
  return { status: 'proved', offence: { key: key!, epoch: epochOfRound(high), id } }
}

/** Walks the later unit's chain of self-parents; says why it does not show that the earlier unit is missing. */
function checkChain(
  later: UnitHeader,
  chain: readonly UnitHeader[],
  low: number,
  earlier: UnitId,
  isBase: (unit: UnitId) => boolean,
): string | undefined {
  if (chain.length > MAX_CHAIN) return `the chain has ${chain.length} headers, more than ${MAX_CHAIN}`
  let next = later.validator!.selfParent
  for (const header of chain) {
    if (unitId(header) !== next) return 'the chain does not hang together'
    if (next === earlier) return 'the earlier unit is in the past of the later one'
    if (header.validator === undefined) return 'the chain leaves the validator units'
    if (header.validator.round <= low) return undefined
    next = header.validator.selfParent
  }
  if (next === earlier) return 'the earlier unit is in the past of the later one'
  return isBase(next) ? undefined : 'the chain ends above the earlier unit'
}

function checkCheckpoints({ publicKey, first, second }: CheckpointEvidence, networkId: number): EvidenceResult {
  const key = keyAddress(publicKey)
  if (key === undefined) return invalid('the public key is none')
  const [a, b] = [checkpointDigest(first.checkpoint, networkId), checkpointDigest(second.checkpoint, networkId)]
  if (first.checkpoint.epoch !== second.checkpoint.epoch) return invalid('the checkpoints are of different epochs')
  if (bytesToHex(a) === bytesToHex(b)) return invalid('it is one checkpoint')
  if (!bip340.verify(publicKey, a, first.signature) || !bip340.verify(publicKey, b, second.signature)) {
    return invalid('a signature is wrong')
  }
  return { status: 'proved', offence: { key, epoch: first.checkpoint.epoch, id: offenceId(a, b) } }
}

/** Evidence as the bytes that `submitEvidence` takes. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  if (evidence.kind === 'checkpoints') {
    const { publicKey, first, second } = evidence
    return concatBytes(
      Uint8Array.of(VERSION, KIND_CHECKPOINTS),
      joinFields([
        publicKey,
        ...[first, second].flatMap((side) => [encodeCheckpoint(side.checkpoint), side.signature]),
      ]),
    )
  }
  const { earlier, later, chain } = evidence
  return concatBytes(
    Uint8Array.of(VERSION, KIND_UNITS),
    joinFields([
      ...[earlier, later].flatMap(({ header, publicKey, signature }) => [encodeHeader(header), publicKey, signature]),
      ...chain.map(encodeHeader),
    ]),
  )
}

/** Reads {@link encodeEvidence}; undefined for anything else. Never throws. */
export function decodeEvidence(bytes: Uint8Array): Evidence | undefined {
  const fields = bytes[0] === VERSION ? splitFields(bytes.subarray(2), MAX_CHAIN + 6) : undefined
  if (fields === undefined) return undefined
  try {
    if (bytes[1] === KIND_UNITS && fields.length >= 6) {
      const side = (at: number): SignedHeader => ({
        header: decodeHeader(fields[at]!),
        publicKey: fields[at + 1]!.slice(),
        signature: fields[at + 2]!.slice(),
      })
      return {
        kind: 'units',
        earlier: side(0),
        later: side(3),
        chain: fields.slice(6).map((field) => decodeHeader(field)),
      }
    }
    if (bytes[1] !== KIND_CHECKPOINTS || fields.length !== 5) return undefined
    const [first, second] = [decodeCheckpoint(fields[1]!), decodeCheckpoint(fields[3]!)]
    if (first === undefined || second === undefined) return undefined
    return {
      kind: 'checkpoints',
      publicKey: fields[0]!.slice(),
      first: { checkpoint: first, signature: fields[2]!.slice() },
      second: { checkpoint: second, signature: fields[4]!.slice() },
    }
  } catch (error) {
    if (isDagError(error)) return undefined
    throw error
  }
}

/** Signs a checkpoint with a key held in memory: the share's signature under scheme 1. */
export function signCheckpoint(checkpoint: Checkpoint, networkId: number, secretKey: Uint8Array): Uint8Array {
  return schnorr.sign(checkpointDigest(checkpoint, networkId), secretKey)
}
