/** The codes of {@link LightError}. Stable; a code is never reused for another meaning. */
export type LightErrorCode =
  /** An option or a parameter cannot be used. */
  | 'LIGHT_INVALID_ARGUMENT'
  /** What is trusted is older than `maxTrustAge`: its validators may have left with their stake. Start from a newer checkpoint. */
  | 'LIGHT_CHECKPOINT_STALE'
  /** No source answers, or all of them were banned. `context.sources` says why, one by one. */
  | 'LIGHT_NO_SOURCE'
  /** Not ready within the time given. */
  | 'LIGHT_TIMEOUT'
  /** The method's answer cannot be verified, so it is refused and never passed on. EIP-1193 code 4200. */
  | 'LIGHT_UNVERIFIABLE'
  /** No source keeps what is needed to prove the answer any more (an old state), or the range is too wide. */
  | 'LIGHT_UNAVAILABLE'
  /** Two blocks at one place, each signed by more than two thirds of the stake: the network itself has broken. */
  | 'LIGHT_FORK'
  /** The sources refused a transaction. */
  | 'LIGHT_REJECTED'
  /** The light node was closed. */
  | 'LIGHT_CLOSED'

/** EIP-1193 and EIP-1474 numbers for wallets, which know no others. */
const RPC_CODES: Record<LightErrorCode, number> = {
  LIGHT_INVALID_ARGUMENT: -32602,
  LIGHT_CHECKPOINT_STALE: 4900,
  LIGHT_NO_SOURCE: 4900,
  LIGHT_TIMEOUT: 4900,
  LIGHT_UNVERIFIABLE: 4200,
  LIGHT_UNAVAILABLE: -32001,
  LIGHT_FORK: 4900,
  LIGHT_REJECTED: -32003,
  LIGHT_CLOSED: 4900,
}

/** Every error of the light node. `code` is the number that wallets expect (EIP-1193), `lightCode` says what happened. */
export class LightError extends Error {
  override readonly name = 'LightError'
  readonly lightCode: LightErrorCode
  readonly code: number
  readonly context: Readonly<Record<string, unknown>>

  constructor(lightCode: LightErrorCode, message: string, context: Record<string, unknown> = {}) {
    super(message)
    this.lightCode = lightCode
    this.code = RPC_CODES[lightCode]
    this.context = context
  }
}

/** True for a {@link LightError}, and for one with `lightCode` when it is given. Works across realms and copies. */
export function isLightError(error: unknown, lightCode?: LightErrorCode): error is LightError {
  if (!(error instanceof Error) || error.name !== 'LightError') return false
  return lightCode === undefined || (error as LightError).lightCode === lightCode
}

/** What a source said is provably wrong. Never leaves the light node: the source is banned instead. */
export class SourceFault extends Error {
  override readonly name = 'SourceFault'
}

/** A source could not help, which proves nothing against it. */
export class SourceMiss extends Error {
  override readonly name = 'SourceMiss'
}
