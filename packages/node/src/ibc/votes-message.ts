/** The body of an `ibc` message of a unit: its author's votes for IBC checkpoints, an RLP list of height and signature. */
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt } from '@ethereumjs/util'
import { type Message, MessageKind, type Unit } from '@zos/dag'

const VERSION = 1
/** Votes in one unit: a validator that was busy catches up over several. */
export const MAX_VOTES = 16
const SIGNATURE_BYTES = 64

export interface Vote {
  readonly height: number
  /** Ed25519. */
  readonly signature: Uint8Array
}

export function votesMessage(votes: readonly Vote[]): Message {
  const body = RLP.encode(votes.map(({ height, signature }) => [height, signature]))
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
    const list = RLP.decode(body) as [Uint8Array, Uint8Array][]
    if (list.length > MAX_VOTES) return []
    return list.flatMap(([height, signature]) =>
      signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES && height.length <= 6
        ? [{ height: Number(bytesToBigInt(height)), signature }]
        : [],
    )
  } catch {
    return []
  }
}
