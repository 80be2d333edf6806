/** The codes of {@link NodeError}. Stable; a code is never reused for another meaning. */
export type NodeErrorCode =
  /** An option, flag or file that the user gave cannot be used. */
  | 'NODE_INVALID_ARGUMENT'
  /** The port is taken by another process. */
  | 'NODE_PORT_TAKEN'
  /** The data directory cannot be created or written. */
  | 'NODE_DATA_DIR'
  /** Another process has the data directory open. */
  | 'NODE_DATA_DIR_LOCKED'
  /** A stored value fails its checksum, or the database reports corruption. */
  | 'NODE_STORE_CORRUPT'
  /** The data directory belongs to another network or another genesis. */
  | 'NODE_GENESIS_MISMATCH'
  /** What consensus replays differs from what was executed before; the node must not go on. */
  | 'NODE_STATE_DIVERGED'
  /** A snapshot is malformed, does not match its certificate, or its state has another root. */
  | 'NODE_SNAPSHOT_INVALID'
  /** The history that is asked for was dropped by this node, or by every peer that it knows. */
  | 'NODE_HISTORY_PRUNED'
  /** No room is left on the disk; the node stopped before it lost anything. Make room and start it again. */
  | 'NODE_DISK_FULL'
  /** A message of a peer is malformed, too large or not asked for. */
  | 'NODE_BAD_PEER_MESSAGE'
  /** No node answers at the address that was given. */
  | 'NODE_UNREACHABLE'
  /** A node answered a call with an error. */
  | 'NODE_RPC_REFUSED'
  /** The explorer's index cannot use its database. */
  | 'NODE_INDEX'
  /** A key file, or its password, cannot be used. */
  | 'NODE_KEYSTORE'
  /** A development network cannot do what was asked without pretending. */
  | 'NODE_DEVNET_REFUSED'
  /** A part of the program does not load on this machine: WebAssembly is refused, or there is no memory for it. */
  | 'NODE_NOT_LOADED'
  /** A result that was checked at once is wrong, such as a signature that was just made: this machine errs. */
  | 'NODE_MACHINE_FAULT'
  /** The gas limit of a genesis is more than validators execute at the pace of their rounds. */
  | 'NODE_GAS_PACE'
  /** The node is stopping or stopped. */
  | 'NODE_STOPPED'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: NodeErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link NodeError}, and for one with `code` when a code is given. Works across realms and copies. */
export function isNodeError(error: unknown, code?: NodeErrorCode): error is NodeError {
  if (!(error instanceof Error) || error.name !== 'NodeError') return false
  return code === undefined || (error as NodeError).code === code
}
