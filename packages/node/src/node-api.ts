/** What a program that embeds a node sees of it. */
import type { Address } from '@zos/dag'
import type { GpuVerifier } from '@zos/pipeline/gpu'
import type { CheckpointCosigner } from './checkpoint/cosigner.ts'
import type { CheckpointRecord } from './checkpoint/record.ts'
import type { Clock } from './clock.ts'
import type { DevOptions } from './devnet/dev-control.ts'
import type { Genesis, GenesisAccount } from './genesis/genesis.ts'
import type { LinkConditions } from './p2p/link.ts'
import type { KeyValueStore } from './store/kv.ts'

/** Receives what happens in the node. Every method takes a message and what belongs to it. */
export interface Logger {
  debug(message: string, context?: Record<string, unknown>): void
  info(message: string, context?: Record<string, unknown>): void
  warn(message: string, context?: Record<string, unknown>): void
  error(message: string, context?: Record<string, unknown>): void
}

/** How a node is started. */
export interface NodeOptions {
  /** What all nodes of the network start from; nodes with another one are in another network. */
  genesis: Genesis
  /** Where the node keeps everything. In memory when not given: for tests, as a validator that forgets may sign twice. */
  dataDir?: string
  /** Opens the database in the place of the one in `dataDir`: another engine behind the same port. */
  openStore?: () => Promise<KeyValueStore>
  /** 32-byte secp256k1 key of a validator. It makes units while it is in the committee. Without it the node follows and serves. */
  validatorKey?: Uint8Array
  /** 270-byte SQIsign secret key (level I) of the validator, in a network whose genesis names isogeny keys. */
  isogenyKey?: Uint8Array
  /** Further documents to sign with each checkpoint. */
  cosigners?: CheckpointCosigner[]
  /** Least time between two units of this validator, milliseconds. Default 1000. */
  roundIntervalMs?: number
  /** Which part of history this node keeps. Default: the last 24 epochs. */
  pruning?: PruningOptions
  /** CryptoNight hashes that a validator spends on the lottery of each term, about 30 ms each, on a thread of their own. Default 16; 0: none, and the last rank. */
  ticketHashes?: number
  /**
   * Multiaddrs to listen on (default `/ip4/127.0.0.1/tcp/0`, a free port of loopback), and those of peers to begin
   * with.
   */
  p2p?: { listen?: string[]; peers?: string[] }
  /** Where JSON-RPC is served; nowhere when not given. */
  rpc?: { host?: string; port: number }
  /** Where length-framed raw transactions are taken in bulk (see `@zos/pipeline`); nowhere when not given. */
  ingest?: { host?: string; port: number }
  /** Where Prometheus reads metrics; nowhere when not given. */
  metrics?: { host?: string; port: number }
  /** Keeps an index of accounts for the explorer: a file for node:sqlite, or a PostgreSQL URL. None when not given. */
  index?: string
  /** Default: nothing is logged. */
  logger?: Logger
  /** Default: the machine's. */
  clock?: Clock
  /** Checks the signatures of large batches of transactions (`createGpuVerifier` of `@zos/pipeline/gpu`). The node does not close it. */
  gpu?: GpuVerifier
  /** Ends the wait for a snapshot, where the node needs one before it starts. */
  signal?: AbortSignal
  /** Serves the methods of development networks (docs/devnet.md). Only where the genesis says `devnet`. */
  dev?: DevOptions
  /** Told when the node had to stop by itself: damage, divergence, or a signature that must not be made. */
  onFault?: (error: unknown) => void
}

/** How much of the past a node keeps. The state is whole in either mode. */
export interface PruningOptions {
  /**
   * `full` (default): units, transactions and receipts of the last epochs; of older ones the record of how each epoch began.
   * `archive`: everything since the node's beginning.
   */
  mode?: 'full' | 'archive'
  /** Epochs that a full node keeps beside the running one, at least 1. Default 24: a day at rounds of a second. */
  keepEpochs?: number
}

/** A running node. */
export interface ZosNode {
  /** Of JSON-RPC, over HTTP and WebSocket; undefined where it is not served. */
  rpcUrl: string | undefined
  /** Port for length-framed transactions. */
  ingestPort: number | undefined
  /** Port of `/metrics` for Prometheus. */
  metricsPort: number | undefined
  /** Its libp2p identity. */
  peerId: string
  /** Multiaddrs at which other nodes reach this one. */
  addresses(): string[]
  /** Tries to stay connected to these multiaddrs, and remembers them. Throws `NODE_INVALID_ARGUMENT` for what is no multiaddr that ends with `/p2p/` and a peer id. */
  addPeers(addresses: readonly string[]): void
  status(): NodeStatus
  /** The checkpoint of an epoch with its certificate; undefined while there is none. */
  checkpoint(epoch: number | 'latest'): CheckpointRecord | undefined
  /** Tells of every certificate, and again when more validators have cosigned; returns how to stop that. */
  onCheckpoint(listener: (record: CheckpointRecord) => void): () => void
  /** Makes the network of this node late or lossy, or cuts it off from peers: for tests. */
  setLink(conditions: LinkConditions): void
  /** Every account of the newest state, as a genesis has them. Errors: `NODE_STOPPED` when blocks come too fast for it. */
  dumpState(): Promise<GenesisAccount[]>
  /** One JSON-RPC call, without a server between. Throws what the method answers as an error. */
  request(method: string, params?: readonly unknown[]): Promise<unknown>
  /** Finishes what is in hand, makes it durable and lets everything go. */
  stop(): Promise<void>
}

/** What a node knows about itself. */
export interface NodeStatus {
  chainId: number
  /** Accounts and clock can be changed (docs/devnet.md), and there is a faucet. */
  devnet: boolean
  /** The validator that this node signs for; null: none. */
  validator: Address | null
  /** Connected peers. */
  peers: number
  /** Validators among the peers that have shown a record under both of their keys. */
  validatorPeers: string[]
  /** Highest round of any unit seen. */
  round: number
  /** Newest executed block. */
  block: number
  blockHash: string
  stateRoot: string
  /** The running epoch. */
  epoch: number
  /** The oldest epoch whose units this node still has. */
  firstEpoch: number
  /** The newest epoch whose checkpoint has a certificate. */
  checkpoint: number | null
  /** Main-chain index of the last committed leader. */
  mci: number
  /** Units in the DAG. */
  units: number
  /** Units whose parents are not here yet. */
  waitingUnits: number
  /** Committed leaders that wait for execution. */
  backlog: number
  /** Transactions that wait for a unit. */
  pool: number
  /** Malformed or invalid messages of peers, which were dropped. */
  droppedMessages: number
  /** Messages and requests of peers beyond their share, which were dropped unread. */
  floodedMessages: number
  /** Requests that a peer did not answer in time. */
  slowAnswers: number
  /** Messages that came by gossip and were new. */
  gossipMessages: number
  /** Messages that came by gossip again, from another peer. */
  gossipCopies: number
  /** Bytes of both. */
  gossipBytes: number
  /** Peers that are refused for what they did. */
  bannedPeers: number
  /** The lowest score of a connected peer: 0 is the best, at −100 a peer is cut off. */
  lowestPeerScore: number
  /** Makes units: a validator of the committee that is in step with its peers. */
  producing: boolean
  /** Memory of the process. */
  rssBytes: number
  /** Memory of JavaScript's heap in use. */
  heapBytes: number
  /** 99th percentile of how late timers ran since the last status, milliseconds. */
  lagP99Ms: number
}
