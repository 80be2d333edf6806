/// <reference lib="esnext.disposable" preserve="true" />
import type { LightChain } from './chain.ts'
import type { LightCore, LightStatus } from './core.ts'
import { LightError } from './errors.ts'
import type { EvmSource } from './light-evm.ts'
import { createProvider, type LightProvider } from './provider.ts'
import { startRemoteCore } from './remote.ts'
import type { LightSource } from './sources.ts'
import { indexedDbStorage, type LightStorage } from './storage.ts'

/** What {@link createLightNode} follows, whom it asks, and where it works. See docs/light-node.md. */
export interface LightNodeOptions {
  /** The network: its genesis file, or the parts of it that {@link LightChain} names. */
  chain: LightChain
  /** Where to begin: an epoch and the id of its checkpoint (`zos_getCheckpoint` tells it), from somebody you trust. Default: the genesis. */
  checkpoint?: { epoch: number; id: `0x${string}` }
  /** Nodes to ask; two or more, so that none can keep news back. Default IDs are their URLs. */
  sources: readonly LightSource[]
  /** Where to keep what was verified. Default: IndexedDB where there is one, else nowhere; `false`: nowhere. */
  storage?: LightStorage | false
  /**
   * Verify in a worker, so that the page never waits. Default: true where the page can make one. A worker takes sources by URL and keeps its
   * state in IndexedDB; with other sources, storage or a function for the EVM, verification stays here. A bundler that does not follow `new URL(…, import.meta.url)`
   * gets a function that makes a module worker of `@zos/node/light-worker`.
   */
  worker?: boolean | (() => Worker)
  /**
   * The EVM that executes `eth_call` and `eth_estimateGas` here, on proved state; loaded when the first of them is made. Default: `light-evm.js`
   * beside the library's files. A URL, where it lies elsewhere; a function, such as `() => import('@zos/node/light/evm')`, which keeps
   * verification out of the worker; `false`: both methods are refused.
   */
  evm?: EvmSource
  /** Closes the node. */
  signal?: AbortSignal
  /** Age, milliseconds, beyond which a checkpoint is believed no longer: less than the network's unbonding period. Default: 14 days. */
  maxTrustAge?: number
}

/** A verified block. */
export interface LightHead {
  readonly number: number
  readonly hash: string
  /** Unix milliseconds. */
  readonly timeMs: number
}

/**
 * A running light node: verifies what full nodes tell, against a committee that it follows from its starting point on.
 * See docs/light-node.md for what it trusts.
 */
export interface LightNode {
  /** Where it stands now: phase, newest blocks, sources. */
  readonly status: LightStatus
  /** Resolves once a block of the network is verified. Errors: `LIGHT_TIMEOUT`, `LIGHT_CHECKPOINT_STALE`, `LIGHT_NO_SOURCE` (all banned), `LIGHT_CLOSED`. */
  ready(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<void>
  /** New verified blocks as they come; those that come while nobody looks are skipped. */
  heads(options?: { signal?: AbortSignal }): AsyncIterable<LightHead>
  /** Wei, proved. `at` as in JSON-RPC: `latest` (default), `finalized`, or a block number. */
  getBalance(address: string, options?: { at?: string }): Promise<{ value: bigint; proof: 'verified' }>
  /** EIP-1193, for ethers' `BrowserProvider` and viem's `custom`. */
  readonly provider: LightProvider
  /** Stops following, and stores what was verified; calls reject with `LIGHT_CLOSED` from then on. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const DAY_MS = 86_400_000
const DEFAULT_TRUST_AGE_MS = 14 * DAY_MS
const DEFAULT_READY_TIMEOUT_MS = 30_000

/** Starts a light node. Errors: `LIGHT_INVALID_ARGUMENT`; all later ones show in `ready()` and `status`. */
export async function createLightNode(options: LightNodeOptions): Promise<LightNode> {
  const { chain, sources, signal, maxTrustAge = DEFAULT_TRUST_AGE_MS } = options
  if (!(maxTrustAge > 0)) throw new LightError('LIGHT_INVALID_ARGUMENT', 'maxTrustAge must be above 0')
  signal?.throwIfAborted()
  const watchers = new Set<() => void>()
  let status!: LightStatus
  let closed = false
  let toldHead = -1
  const port = createProvider((method, params) => {
    if (closed) throw new LightError('LIGHT_CLOSED', 'the light node is closed')
    return core.request(method, params)
  })
  const onStatus = (next: LightStatus) => {
    status = next
    for (const watcher of [...watchers]) watcher()
    if (next.phase === 'ready') port.connected(`0x${chain.chainId.toString(16)}`)
    else if (next.phase === 'offline' || next.phase === 'failed')
      port.connected(undefined, new LightError('LIGHT_NO_SOURCE', next.error?.message ?? 'offline'))
    if (next.head && next.head.number > toldHead) {
      toldHead = next.head.number
      if (port.wantsHeaders)
        core.request('zos_getVerifiedHeader', ['latest']).then(
          (header) => port.header(header),
          () => {},
        )
    }
  }
  const core: LightCore = await start()
  status ??= core.status()
  const node: LightNode = {
    get status() {
      return status
    },
    provider: port.provider,
    ready: ({ timeoutMs = DEFAULT_READY_TIMEOUT_MS, signal: abort } = {}) =>
      new Promise<void>((resolve, reject) => {
        const done = (settle: () => void) => {
          clearTimeout(timer)
          watchers.delete(look)
          abort?.removeEventListener('abort', onAbort)
          settle()
        }
        const onAbort = () => done(() => reject(abort!.reason))
        const look = () => {
          if (closed) done(() => reject(new LightError('LIGHT_CLOSED', 'the light node is closed')))
          else if (status.phase === 'ready') done(resolve)
          else if (status.phase === 'failed') done(() => reject(errorOf(status)))
        }
        const timer = setTimeout(
          () =>
            done(() =>
              reject(
                new LightError('LIGHT_TIMEOUT', `no block was verified within ${timeoutMs} ms`, {
                  sources: status.sources,
                }),
              ),
            ),
          timeoutMs,
        )
        abort?.addEventListener('abort', onAbort)
        watchers.add(look)
        if (abort?.aborted) onAbort()
        else look()
      }),
    async *heads({ signal: abort } = {}) {
      let last = -1
      while (!closed && !abort?.aborted) {
        const { head } = status
        if (head && head.number > last) {
          last = head.number
          yield head
          continue
        }
        await new Promise<void>((resolve) => {
          const wake = () => {
            watchers.delete(wake)
            abort?.removeEventListener('abort', wake)
            resolve()
          }
          watchers.add(wake)
          abort?.addEventListener('abort', wake)
        })
      }
    },
    async getBalance(address, { at = 'latest' } = {}) {
      return {
        value: BigInt((await port.provider.request({ method: 'eth_getBalance', params: [address, at] })) as string),
        proof: 'verified',
      }
    },
    async close() {
      if (closed) return
      closed = true
      signal?.removeEventListener('abort', onSignal)
      await core.close()
      for (const watcher of [...watchers]) watcher()
    },
    [Symbol.asyncDispose]: () => node.close(),
  }
  const onSignal = () => void node.close()
  signal?.addEventListener('abort', onSignal)
  return node

  async function start(): Promise<LightCore> {
    const { worker = typeof Worker === 'function' && typeof indexedDB === 'object' } = options
    const { evm = true } = options
    const plain = sources.every((source) => typeof source === 'string') && options.storage === undefined
    const shared = { chain, checkpoint: options.checkpoint, maxTrustAgeMs: maxTrustAge, onStatus }
    if (worker && plain && typeof evm !== 'function')
      return startRemoteCore({ ...shared, sources: sources as string[], worker, evm })
    const storage =
      options.storage === undefined && typeof indexedDB === 'object' ? indexedDbStorage() : options.storage || undefined
    // Only who verifies here loads what it takes.
    const { startCore } = await import('./core.ts')
    return startCore({ ...shared, sources, storage, evm, now: () => Date.now() })
  }
}

function errorOf({ error }: LightStatus): LightError {
  return error
    ? new LightError(error.lightCode, error.message, error.context)
    : new LightError('LIGHT_UNAVAILABLE', 'the light node stopped')
}
