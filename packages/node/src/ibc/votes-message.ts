/**
 * Votes for IBC checkpoints on their way: in the `ibc` message of a unit, an RLP list of height, signature and, where the vote is not the author's own, the
 * voter; and alone, for a validator that makes no units any more.
 */
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { type Message, MessageKind, type Unit } from '@zos/dag'
import type { AddressHex } from '../state/account.ts'

const VERSION = 1
/** Votes in one unit: a validator that was busy catches up over several. */
export const MAX_VOTES = 16
const SIGNATURE_BYTES = 64
const ADDRESS_BYTES = 20
const HEIGHT_BYTES = 6

export interface Vote {
  readonly height: number
  /** Ed25519. */
  readonly signature: Uint8Array
  /** Address of the key that the voter signed units with; the unit's author where it is missing. */
  readonly voter?: AddressHex
}

export function votesMessage(votes: readonly Vote[]): Message {
  const body = RLP.encode(
    votes.map(({ height, signature, voter }) => (voter ? [height, signature, hexToBytes(voter)] : [height, signature])),
  )
  return { kind: MessageKind.ibc, version: VERSION, body }
}

/** The well-formed votes of a unit; none for bytes that are no such list. */
export function votesOf(unit: Unit): Vote[] {
  return unit.messages.flatMap(({ kind, version, body }) =>
    kind === MessageKind.ibc && version === VERSION ? decode(body) : [],
  )
}

function decode(body: Uint8Array): Vote[] {
  try {
    const list = RLP.decode(body) as Uint8Array[][]
    if (list.length > MAX_VOTES) return []
    return list.flatMap((fields) => voteOf(fields) ?? [])
  } catch {
    return []
  }
}

function voteOf([height, signature, voter]: readonly (Uint8Array | undefined)[]): Vote | undefined {
  if (!isBytes(height) || height.length > HEIGHT_BYTES) return undefined
  if (!isBytes(signature) || signature.length !== SIGNATURE_BYTES) return undefined
  if (voter !== undefined && !(isBytes(voter) && voter.length === ADDRESS_BYTES)) return undefined
  const vote = { height: Number(bytesToBigInt(height)), signature }
  return voter ? { ...vote, voter: bytesToHex(voter) } : vote
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/** A vote as it is gossiped. `attempt` makes it another message when it is sent again, or nobody would pass it on. */
export function encodeGossipedVote({ height, signature, voter }: Required<Vote>, attempt: number): Uint8Array {
  return RLP.encode([height, signature, hexToBytes(voter), attempt])
}

/** Reads {@link encodeGossipedVote}; undefined for other bytes. */
export function decodeGossipedVote(bytes: Uint8Array): Required<Vote> | undefined {
  try {
    const fields = RLP.decode(bytes)
    if (!Array.isArray(fields) || fields.length !== 4) return undefined
    const vote = voteOf(fields.slice(0, 3) as Uint8Array[])
    return vote?.voter ? { ...vote, voter: vote.voter } : undefined
  } catch {
    return undefined
  }
}
