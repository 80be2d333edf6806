import type { NodeErrorCode } from '../errors.ts'
import type { Genesis } from '../genesis/genesis.ts'
import type { NodeStatus, PruningOptions } from '../node-api.ts'
import type { LinkConditions } from '../p2p/link.ts'
import type { DevLinks } from './dev-control.ts'

/** What the supervisor of a local network tells a validator process. */
export type ToValidator =
  | { type: 'start'; config: ValidatorConfig }
  | { type: 'peers'; addresses: string[] }
  | { type: 'status'; id: number }
  | { type: 'link'; conditions: LinkConditions }
  /** Writes the state to `file`. */
  | { type: 'dump'; id: number; file: string }
  /** The answer to `links`. */
  | { type: 'linked'; id: number; fault?: string }
  | { type: 'stop' }

/** What a validator process tells its supervisor. */
export type FromValidator =
  | { type: 'ready'; rpcUrl: string; metricsPort: number | undefined; peerId: string; addresses: string[] }
  | { type: 'failed'; code: NodeErrorCode | undefined; message: string }
  | { type: 'status'; id: number; status: NodeStatus }
  | { type: 'dumped'; id: number; fault?: string }
  /** Asks for other links between all validators. */
  | { type: 'links'; id: number; links: DevLinks }

export interface ValidatorConfig {
  name: string
  genesis: Genesis
  dataDir: string
  /** Hex with 0x. */
  validatorKey: `0x${string}`
  /** Hex with 0x. Missing in a network without isogeny keys. */
  isogenyKey?: `0x${string}`
  roundIntervalMs: number
  ticketHashes: number
  pruning: PruningOptions
  rpc: { host: string; port: number }
  logFile: string
  /** Hex keys of the accounts that the network signs for, and of the faucet. */
  accounts: ConfigAccount[]
  faucet: ConfigAccount
  link: LinkConditions | undefined
  /** Where the index of the explorer is kept: a file for node:sqlite or a PostgreSQL URL. */
  index: string | undefined
  /** Serves metrics on a free port. */
  metrics: boolean
}

export interface ConfigAccount {
  address: `0x${string}`
  privateKey: `0x${string}`
  path: string
}
