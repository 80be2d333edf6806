/** The limits of U4. Each bounds what one unit can cost a node; a network may set others, all its nodes alike. */
export interface UnitLimits {
  /** Parents of a user unit. 16 as Obyte: enough to take in every tip of a busy network, a small unit still. */
  readonly userParents: number
  /** Parents of a validator unit: the committee (at most 100) and 16 more. */
  readonly validatorParents: number
  /** Authors of a unit. */
  readonly authors: number
  /** Messages of a unit. */
  readonly messages: number
  /** Bytes of a unit's encoded payload: a megabyte, so that a unit crosses a 10 Mbit/s link within a second. */
  readonly payloadBytes: number
  /** Keys that one message declares as read, and as written. */
  readonly keys: number
  /** Bytes of one key. */
  readonly keyBytes: number
}

/** The limits of the ZOS network. */
export const UNIT_LIMITS: UnitLimits = {
  userParents: 16,
  validatorParents: 116,
  authors: 16,
  messages: 128,
  payloadBytes: 1_048_576,
  keys: 1024,
  keyBytes: 256,
}

/** Bounds of the format itself, which no network can raise: they bound the memory that a decoder gives to foreign bytes. */
export const FORMAT_BOUNDS = {
  parents: 4096,
  authors: 256,
  messages: 4096,
  keys: 65_536,
  payloadBytes: 67_108_864,
} as const
