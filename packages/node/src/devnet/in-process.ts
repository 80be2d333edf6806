/** A development network inside the calling process, for tests: no ports unless asked for, nothing on disk, gone with `stop`. */
import type { DerivedAccount } from '../genesis/accounts.ts'
import { devnetGenesis } from '../genesis/devnet-genesis.ts'
import type { Genesis, GenesisAccount } from '../genesis/genesis.ts'
import type { Logger, ZosNode } from '../node-api.ts'
import type { DevLinks } from './dev-control.ts'
import { checkShape } from './limits.ts'
import { checkLinks, conditionsOf } from './links.ts'

/** What {@link createDevnet} starts; all of it has a default. */
export interface InProcessDevnetOptions {
  /** Default 1: a transaction is final some 20 ms after it is sent, and `evm_mine` makes blocks at once. */
  validators?: number
  /** Milliseconds between two units of a validator; one validator alone does not wait while a client does. Default 1000. */
  roundIntervalMs?: number
  /** JSON-RPC over HTTP and WebSocket on this port of loopback, 0 for a free one. Default: none, `request` alone. */
  port?: number
  /** Funded accounts. Default 10. */
  accounts?: number
  /** Wei of each account. Default 10,000 coins. */
  balance?: bigint
  /** BIP-39 phrase of the accounts. Default: "test test … junk", the phrase of every development network. */
  mnemonic?: string
  /** Default 5,918,547, "ZOS" in ASCII. */
  chainId?: number
  /** Accounts of an earlier network (`dumpState` of a node). */
  state?: readonly GenesisAccount[]
  /** Unix milliseconds of the genesis. Default: now. */
  timestampMs?: number
  /** The network's name in IBC, such as `zone-1`; without it the network speaks no IBC. */
  ibc?: string
  /** Keeps an index of accounts: a file, `:memory:` or a PostgreSQL URL. */
  index?: string
  /** Default: nothing is logged. */
  logger?: Logger
  /** Stops the network, also while it starts. */
  signal?: AbortSignal
}

/** A development network inside this process, made by {@link createDevnet}. Ends with `stop`, or with `await using`. */
export interface InProcessDevnet {
  readonly genesis: Genesis
  readonly accounts: readonly DerivedAccount[]
  /** One a validator, in the order of the genesis; the first serves `request` and JSON-RPC. */
  readonly nodes: readonly ZosNode[]
  /** Undefined without `port`. */
  readonly rpcUrl: string | undefined
  /** EIP-1193: for ethers' `BrowserProvider`, viem's `custom`, or by hand. */
  // biome-ignore lint/suspicious/noExplicitAny: answers have the type that the method says
  request(call: { method: string; params?: unknown }): Promise<any>
  /** Changes how well validators reach each other; what `links` leaves out stays. Errors: `NODE_DEVNET_REFUSED`. */
  setLinks(links: DevLinks): void
  /** Stops all nodes; the network is gone then. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a network in this process. Errors: those of `createNode`; `NODE_INVALID_ARGUMENT`. */
export async function createDevnet(options: InProcessDevnetOptions = {}): Promise<InProcessDevnet> {
  const { validators = 1, roundIntervalMs = 1_000, port, signal, logger } = options
  checkShape({ validators, port: port ?? 0, roundIntervalMs, accounts: options.accounts })
  signal?.throwIfAborted()
  const { createNode } = await import('../node.ts')
  const { genesis, accounts, validatorKeys, faucet } = devnetGenesis({
    ...options,
    validators,
    timestampMs: options.timestampMs ?? Date.now(),
  })
  const nodes: ZosNode[] = []
  let links: DevLinks = {}
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  const setLinks = (wanted: DevLinks) => {
    checkLinks(wanted, validators)
    links = { ...links, ...wanted }
    const peerIds = nodes.map(({ peerId }) => peerId)
    for (const [index, node] of nodes.entries()) node.setLink(conditionsOf(links, index, peerIds))
    for (const node of nodes) node.addPeers(nodes.flatMap((other) => other.addresses()))
  }
  try {
    for (const [index, { privateKey, isogenyKey }] of validatorKeys.entries()) {
      signal?.throwIfAborted()
      const node = await createNode({
        genesis,
        validatorKey: privateKey,
        isogenyKey,
        roundIntervalMs,
        dev: { accounts, faucet, setLinks: async (wanted) => setLinks(wanted) },
        ...(index === 0 && port !== undefined ? { rpc: { port } } : {}),
        ...(index === 0 && options.index !== undefined ? { index: options.index } : {}),
        ...(logger ? { logger } : {}),
      })
      nodes.push(node)
    }
    for (const node of nodes) node.addPeers(nodes.flatMap((other) => other.addresses()))
  } catch (error) {
    await stop()
    throw error
  }
  signal?.addEventListener('abort', () => void stop(), { once: true })
  return {
    genesis,
    accounts,
    nodes,
    setLinks,
    stop,
    rpcUrl: nodes[0]!.rpcUrl,
    request: ({ method, params }) => nodes[0]!.request(method, Array.isArray(params) ? params : []),
    [Symbol.asyncDispose]: stop,
  }
}
