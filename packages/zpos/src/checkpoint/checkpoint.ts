/**
 * Checkpoints (C11): what validators with more than two thirds of the stake sign once an epoch. A light node follows them from one it
 * trusts and proves everything else under the state root. This folder is the sub-path `@zos/zpos/checkpoint`: it fits a browser.
 */
import { schnorr } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { joinFields, numberBytes, splitFields } from './bytes.ts'

const CHECKPOINT_DOMAIN = utf8ToBytes('zos-checkpoint')
const COMMITTEE_DOMAIN = utf8ToBytes('zos-committee')

/** 32 bytes in hexadecimal with 0x. */
export type Hash32 = `0x${string}`

/** What is signed. */
export interface Checkpoint {
  readonly epoch: number
  /** Main-chain index of the unit. */
  readonly mci: number
  /** The committed leader that ended the epoch. */
  readonly unit: Hash32
  /** State after that unit. */
  readonly stateRoot: Hash32
  /** Number of the block that the unit made. */
  readonly block: number
  /** Its hash: headers, transactions, receipts and logs of this block and all before it are proved from it by parent hashes. */
  readonly blockHash: Hash32
  /** Consensus time of the block, milliseconds since 1970: what the age of trust counts from (C13). */
  readonly timeMs: number
  /** {@link committeeHash} of the committee of the next epoch. */
  readonly nextCommittee: Hash32
  /** The rules in force (U8). */
  readonly rulesHash: Hash32
}

/**
 * A public key under a signature scheme: 1 is BIP-340 over secp256k1 (33 bytes compressed), 2 is SQIsign level I (83 bytes). 3 is ECVRF over Ed25519
 * (32 bytes): it signs no checkpoint, and stands here so that the hash of a committee covers all that a node that joins has to know of it.
 */
export interface SchemeKey {
  readonly scheme: number
  readonly key: Uint8Array
}

/** A member as a checkpoint's verifier knows it. */
export interface CheckpointMember {
  readonly address: string
  readonly stake: bigint
  readonly keys: readonly SchemeKey[]
}

/** One validator's signatures under a checkpoint. */
export interface CheckpointShare {
  readonly address: string
  readonly signatures: readonly { readonly scheme: number; readonly signature: Uint8Array }[]
}

/** A checkpoint with the shares that make it final. */
export interface CheckpointCertificate {
  readonly checkpoint: Checkpoint
  readonly shares: readonly CheckpointShare[]
}

/** Checks signatures of one scheme. Must be false, never throw, for malformed input. */
export interface SchemeVerifier {
  readonly scheme: number
  verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean
}

/** Scheme 1. */
export const SCHEME_BIP340 = 1
/** Scheme 2: the second signature of hybrid networks (C14). Its verifier comes from `@zos/pq-isogeny`. */
export const SCHEME_SQISIGN = 2

/** Scheme 3: outputs for the lottery (C3). */
export const SCHEME_ECVRF = 3

/** BIP-340 over secp256k1. */
export const bip340: SchemeVerifier = {
  scheme: SCHEME_BIP340,
  verify(publicKey, digest, signature) {
    try {
      return publicKey.length === 33 && schnorr.verify(signature, digest, publicKey.subarray(1))
    } catch {
      return false
    }
  },
}

const unhex = (hex: string): Uint8Array => hexToBytes(hex.slice(2))

/** The canonical bytes of a checkpoint. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return concatBytes(
    numberBytes(checkpoint.epoch),
    numberBytes(checkpoint.mci),
    unhex(checkpoint.unit),
    unhex(checkpoint.stateRoot),
    numberBytes(checkpoint.block),
    unhex(checkpoint.blockHash),
    numberBytes(checkpoint.timeMs),
    unhex(checkpoint.nextCommittee),
    unhex(checkpoint.rulesHash),
  )
}

const CHECKPOINT_BYTES = 192

/** Reads {@link encodeCheckpoint}; undefined for anything that it does not write. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  if (bytes.length !== CHECKPOINT_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const hash = (at: number): Hash32 => `0x${bytesToHex(bytes.subarray(at, at + 32))}`
  const number = (at: number): number => Number(view.getBigUint64(at))
  const [epoch, mci, block, timeMs] = [number(0), number(8), number(80), number(120)]
  if (![epoch, mci, block, timeMs].every(Number.isSafeInteger)) return undefined
  return {
    epoch,
    mci,
    unit: hash(16),
    stateRoot: hash(48),
    block,
    blockHash: hash(88),
    timeMs,
    nextCommittee: hash(128),
    rulesHash: hash(160),
  }
}

/** What is signed: BLAKE2b-256 of domain, network and the canonical bytes. */
export function checkpointDigest(checkpoint: Checkpoint, networkId: number): Uint8Array {
  return blake2b(concatBytes(CHECKPOINT_DOMAIN, numberBytes(networkId), encodeCheckpoint(checkpoint)), { dkLen: 32 })
}

/** The hash of a committee: epoch, then each member's address, stake and keys in the order of the election. */
export function committeeHash(epoch: number, members: readonly CheckpointMember[]): Hash32 {
  const fields = members.map(({ address, stake, keys }) =>
    joinFields([
      unhex(address),
      unhex(`0x${stake.toString(16).padStart(64, '0')}`),
      ...keys.map(({ scheme, key }) => concatBytes(Uint8Array.of(scheme), key)),
    ]),
  )
  return `0x${bytesToHex(blake2b(concatBytes(COMMITTEE_DOMAIN, numberBytes(epoch), joinFields(fields)), { dkLen: 32 }))}`
}

/** A certificate as bytes. */
export function encodeCertificate({ checkpoint, shares }: CheckpointCertificate): Uint8Array {
  const encoded = shares.map(({ address, signatures }) =>
    joinFields([
      unhex(address),
      ...signatures.map(({ scheme, signature }) => concatBytes(Uint8Array.of(scheme), signature)),
    ]),
  )
  return joinFields([encodeCheckpoint(checkpoint), ...encoded])
}

/** Members, and schemes a member, that a certificate may have. Bounds what foreign bytes cost. */
const MAX_SHARES = 100
const MAX_SIGNATURES = 4

/** Reads {@link encodeCertificate}; undefined for anything that it does not write. */
export function decodeCertificate(bytes: Uint8Array): CheckpointCertificate | undefined {
  const [first, ...rest] = splitFields(bytes, MAX_SHARES + 1) ?? []
  const checkpoint = first === undefined ? undefined : decodeCheckpoint(first)
  if (checkpoint === undefined) return undefined
  const shares: CheckpointShare[] = []
  for (const field of rest) {
    const [address, ...signatures] = splitFields(field, MAX_SIGNATURES + 1) ?? []
    if (address?.length !== 20 || signatures.some((signature) => signature.length === 0)) return undefined
    shares.push({
      address: `0x${bytesToHex(address)}`,
      signatures: signatures.map((signature) => ({ scheme: signature[0]!, signature: signature.slice(1) })),
    })
  }
  return { checkpoint, shares }
}

/** What is signed under each scheme must hold a quorum. Says why a certificate proves nothing; undefined if it proves its checkpoint. */
export function checkCertificate(
  certificate: CheckpointCertificate,
  members: readonly CheckpointMember[],
  options: { readonly networkId: number; readonly verifiers?: readonly SchemeVerifier[] },
): string | undefined {
  const { networkId, verifiers = [bip340] } = options
  if (verifiers.length === 0) return 'no signature scheme to check with'
  const digest = checkpointDigest(certificate.checkpoint, networkId)
  const total = members.reduce((sum, { stake }) => sum + stake, 0n)
  for (const { scheme, verify } of verifiers) {
    let stake = 0n
    const seen = new Set<string>()
    for (const { address, signatures } of certificate.shares) {
      const member = members.find((candidate) => candidate.address === address)
      const key = member?.keys.find((candidate) => candidate.scheme === scheme)?.key
      const signature = signatures.find((candidate) => candidate.scheme === scheme)?.signature
      if (member === undefined || seen.has(address)) return `the share of ${address} is of a stranger, or there twice`
      seen.add(address)
      if (signature === undefined || key === undefined) continue
      if (!verify(key, digest, signature)) return `the signature of ${address} under scheme ${scheme} is wrong`
      stake += member.stake
    }
    if (3n * stake <= 2n * total) return `scheme ${scheme} has ${stake} of ${total} stake, not more than two thirds`
  }
  return undefined
}
