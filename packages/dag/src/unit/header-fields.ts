/** What the header of a unit says (U1, U3). */
import type { Address, Hex, UnitId } from './id.ts'

/** Where the author saw the end of final history. */
export interface LastFinal {
  /** Main-chain index. */
  readonly mci: number
  /** The main-chain unit with that index. */
  readonly id: UnitId
}

/** What a validator's unit adds (U3). */
export interface ValidatorFields {
  /** Round, from 1 (genesis counts as round 0). */
  readonly round: number
  /** The author's previous unit, or for its first unit the unit that it builds on; always `parents[0]`. */
  readonly selfParent: UnitId
}

/** The header of a unit (U1). A header without parents is a genesis. */
export interface UnitHeader {
  readonly version: 1
  /** The network, an unsigned 32-bit integer; part of the id, so units of one network mean nothing in another. */
  readonly networkId: number
  /** User units: ascending. Validator units: the self-parent first, then the others ascending. No duplicates. */
  readonly parents: readonly UnitId[]
  /** Merkle root over the messages. */
  readonly messageRoot: Hex
  /** Bytes of the encoded payload. */
  readonly payloadLength: number
  /** Milliseconds since 1970-01-01 UTC by the author's clock. */
  readonly timestampMs: number
  /** Ascending, no duplicates; a validator unit has exactly one. */
  readonly authors: readonly Address[]
  readonly lastFinal: LastFinal
  /** The last main-chain index at which the unit may become indexed. */
  readonly validUntilMci: number
  /** Only in validator units. */
  readonly validator?: ValidatorFields
}
