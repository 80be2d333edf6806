/**
 * Heads: what a committee says of the block that it has just executed, many times an epoch. Classical signatures alone, and nothing is
 * handed over: a light node shows such a block as `latest`, and takes as final what a checkpoint (both signatures, C14) holds.
 */
import { schnorr } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { numberBytes } from './bytes.ts'
import { bip340, type CheckpointMember, type Hash32, SCHEME_BIP340 } from './checkpoint.ts'

const HEAD_DOMAIN = utf8ToBytes('zos-head')

/** A block that was executed in an epoch. */
export interface HeadStatement {
  readonly epoch: number
  readonly block: number
  readonly blockHash: Hash32
}

/** One member's BIP-340 signature under a head. */
export interface HeadShare {
  readonly address: string
  readonly signature: Uint8Array
}

/** What is signed: BLAKE2b-256 of domain, network, epoch, block number and block hash. */
export function headDigest({ epoch, block, blockHash }: HeadStatement, networkId: number): Uint8Array {
  return blake2b(
    concatBytes(
      HEAD_DOMAIN,
      numberBytes(networkId),
      numberBytes(epoch),
      numberBytes(block),
      hexToBytes(blockHash.slice(2)),
    ),
    { dkLen: 32 },
  )
}

/** Signs a head with a member's secret key (32 bytes). */
export function signHead(statement: HeadStatement, networkId: number, secretKey: Uint8Array): Uint8Array {
  return schnorr.sign(headDigest(statement, networkId), secretKey)
}

/** Says why `shares` do not prove a head: a wrong signature, a stranger, a share twice, or not more than two thirds of the stake. */
export function checkHead(
  statement: HeadStatement,
  shares: readonly HeadShare[],
  members: readonly CheckpointMember[],
  networkId: number,
): string | undefined {
  const digest = headDigest(statement, networkId)
  const total = members.reduce((sum, { stake }) => sum + stake, 0n)
  const seen = new Set<string>()
  let stake = 0n
  for (const { address, signature } of shares) {
    const member = members.find((candidate) => candidate.address === address)
    const key = member?.keys.find(({ scheme }) => scheme === SCHEME_BIP340)?.key
    if (member === undefined || key === undefined || seen.has(address))
      return `the share of ${address} is of a stranger, or there twice`
    seen.add(address)
    if (!bip340.verify(key, digest, signature)) return `the signature of ${address} is wrong`
    stake += member.stake
    // A light node pays for no more signatures than it needs.
    if (3n * stake > 2n * total) return undefined
  }
  return `${stake} of ${total} stake, not more than two thirds`
}
