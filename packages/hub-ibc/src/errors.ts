/** The codes of {@link HubError}. Stable; a code is never reused for another meaning. */
export type HubErrorCode =
  /** An argument of a public function is outside its documented domain. */
  | 'HUB_INVALID_ARGUMENT'
  /** Bytes from outside are not the one canonical encoding of a value. */
  | 'HUB_DECODE'
  /** A store record is damaged or missing although the index says that it must be there. */
  | 'HUB_STORE_DAMAGED'
  /** The asked version of a provable store was never committed or is pruned. */
  | 'HUB_VERSION_UNKNOWN'
  /** A client, connection, channel, counterparty, port or route that a message names does not exist. */
  | 'HUB_NOT_FOUND'
  /** The message would create something that exists already. */
  | 'HUB_EXISTS'
  /** The object is in a state in which this message is not allowed (handshake step, closed channel, wrong counterparty). */
  | 'HUB_STATE'
  /** The light client is expired, frozen or unknown to this host. */
  | 'HUB_CLIENT_INACTIVE'
  /** A header, a misbehaviour or a client state does not verify. */
  | 'HUB_CLIENT_UPDATE'
  /** A membership or non-membership proof does not verify. */
  | 'HUB_PROOF'
  /** The packet's timeout is in the past, too far away, or (for a timeout message) not reached yet. */
  | 'HUB_TIMEOUT'
  /** Packet fields, sequence or commitment do not match what this chain knows. */
  | 'HUB_PACKET'
  /** The signer of the message may not do this. */
  | 'HUB_UNAUTHORIZED'
  /** The application (ICS-20, forwarding, callbacks) refuses the packet. */
  | 'HUB_APPLICATION'
  /** An account, an escrow or a zone's holdings do not cover the amount. */
  | 'HUB_INSUFFICIENT'
  /** The zone is isolated; only refunds pass. */
  | 'HUB_ISOLATED'
  /** The token bucket of this zone and asset is empty for now. */
  | 'HUB_RATE_LIMITED'
  /** The hub's books would not balance; nothing was released. */
  | 'HUB_INVARIANT'
  /** A custody protocol message is malformed or its sender provably cheated. `context.culprits` names them. */
  | 'HUB_CUSTODY'
  /** A second, different signature was asked for a slot that is already signed. */
  | 'HUB_SIGN_TWICE'
  /** An endpoint of the relayer did not answer or refused. */
  | 'HUB_RELAY'
  /** A chain took none of the messages of a submission: too much data or gas, or all were undone. Fewer at a time may pass. */
  | 'HUB_SUBMISSION'
  /** The caller's `AbortSignal` fired. */
  | 'HUB_ABORTED'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: HubErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: HubErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link HubError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isHubError(error: unknown, code?: HubErrorCode): error is HubError {
  if (!(error instanceof Error) || error.name !== 'HubError') return false
  return code === undefined || (error as HubError).code === code
}
