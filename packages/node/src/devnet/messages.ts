import type { NodeErrorCode } from '../errors.ts'
import type { Genesis } from '../genesis/genesis.ts'
import type { NodeStatus, PruningOptions } from '../node-api.ts'

/** What the supervisor of a local network tells a validator process. */
export type ToValidator =
  | { type: 'start'; config: ValidatorConfig }
  | { type: 'peers'; addresses: string[] }
  | { type: 'status'; id: number }
  | { type: 'stop' }

/** What a validator process tells its supervisor. */
export type FromValidator =
  | { type: 'ready'; rpcUrl: string; addresses: string[] }
  | { type: 'failed'; code: NodeErrorCode | undefined; message: string }
  | { type: 'status'; id: number; status: NodeStatus }

export interface ValidatorConfig {
  name: string
  genesis: Genesis
  dataDir: string
  /** Hex with 0x. */
  validatorKey: `0x${string}`
  /** Hex with 0x. Missing in a network without isogeny keys. */
  isogenyKey?: `0x${string}`
  roundIntervalMs: number
  pruning: PruningOptions
  rpc: { host: string; port: number }
  logFile: string
}
