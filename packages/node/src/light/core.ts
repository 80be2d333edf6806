/** The light node itself, as it runs in a page, a worker or Node: follows, verifies, answers. */

import { Accounts } from './accounts.ts'
import type { LightChain } from './chain.ts'
import { trustRootOf } from './chain.ts'
import { isLightError, LightError, type LightErrorCode, SourceMiss } from './errors.ts'
import { Trust } from './follow.ts'
import { History } from './history.ts'
import type { EvmSource } from './light-evm.ts'
import { evmLoader } from './load-evm.ts'
import { lightMethods, type MethodContext, unverifiable } from './methods.ts'
import { Outbox } from './outbox.ts'
import { type LightSource, type SourceStatus, Sources } from './sources.ts'
import type { LightStorage } from './storage.ts'
import { loadState, saveState } from './stored-state.ts'

/** Where the light node stands. */
export interface LightStatus {
  /**
   * `connecting` until a source answers; `ready` when a block of this session is verified; `stale` when sources answer but nothing new comes;
   * `offline` when none answers; `failed` when it cannot go on by itself (see `error`).
   */
  readonly phase: 'connecting' | 'ready' | 'stale' | 'offline' | 'failed'
  /** The newest block under the classical signatures of a quorum. */
  readonly head: { readonly number: number; readonly hash: string; readonly timeMs: number } | undefined
  /** The newest block that a checkpoint holds. */
  readonly finalized: { readonly number: number; readonly hash: string } | undefined
  /** Epoch whose committee it believes: the one after the newest checkpoint that it followed, 0 at the genesis. */
  readonly epoch: number
  /** Unix milliseconds after which a new checkpoint has to be given by hand. */
  readonly trustedUntilMs: number
  readonly sources: readonly SourceStatus[]
  readonly error:
    | { readonly lightCode: LightErrorCode; readonly message: string; readonly context: Record<string, unknown> }
    | undefined
}

export interface CoreOptions {
  readonly chain: LightChain
  readonly checkpoint?: { readonly epoch: number; readonly id: string } | undefined
  readonly sources: readonly LightSource[]
  readonly storage?: LightStorage | undefined
  /** What executes calls; loaded when the first one is made. */
  readonly evm: EvmSource
  /** Age of a checkpoint beyond which it is believed no longer. */
  readonly maxTrustAgeMs: number
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onStatus: (status: LightStatus) => void
}

/** How often news are asked for. */
const POLL_MS = 1_000
/** While nobody answers, the pause grows up to this. */
const MAX_PAUSE_MS = 8_000
/** Blocks come every few seconds; nothing for so long is worth saying. */
const STALE_MS = 30_000
const SAVE_EVERY_MS = 5_000
/** Attempts of a request whose block every source has let go while it was under way. */
const ATTEMPTS = 4

/** The part of a light node that follows and verifies, in the page or behind a worker. */
export interface LightCore {
  /** Where it stands now. */
  status(): LightStatus
  /** One JSON-RPC call. Errors: those of {@link LightError}, and of the parameters. */
  request(method: string, params: readonly unknown[]): Promise<unknown>
  /** Stops following, and stores what was verified. */
  close(): Promise<void>
}

/** Starts following. Errors: `LIGHT_INVALID_ARGUMENT`. Everything later shows in the status. */
export async function startCore(options: CoreOptions): Promise<LightCore> {
  const { now, storage, maxTrustAgeMs } = options
  const root = trustRootOf(options.chain)
  const closing = new AbortController()
  let phase: LightStatus['phase'] = 'connecting'
  let error: LightError | undefined
  let fresh = false
  let lastNewsAt = now()
  let savedAt = Number.NEGATIVE_INFINITY
  let savedEpoch = -1
  let wake: (() => void) | undefined

  const stored = storage && (await loadState(storage, root.key).catch(() => undefined))
  // A checkpoint that the user gives counts when it is newer than what this node has followed to itself.
  let given =
    options.checkpoint && (!stored || stored.trust.epoch <= options.checkpoint.epoch) ? options.checkpoint : undefined
  const trust = new Trust(root, { state: stored?.trust, maxTrustAgeMs, now })
  if (stored?.head) trust.restoreHead(stored.head)
  const tell = () => options.onStatus(status())
  const sources = new Sources(options.sources, { now, signal: closing.signal, onChange: tell })
  const context: MethodContext = {
    chainId: root.chainId,
    trust,
    sources,
    history: new History(trust, sources),
    accounts: new Accounts(sources),
    outbox: new Outbox(root.chainId, sources),
    evm: evmLoader(options.evm, options.chain),
  }

  function status(): LightStatus {
    const { head, anchors } = trust
    return {
      phase,
      head: head && { number: head.header.number, hash: head.hash, timeMs: head.header.timestamp * 1_000 },
      finalized: anchors[0] && { number: anchors[0].block, hash: anchors[0].hash },
      epoch: trust.epoch,
      trustedUntilMs: trust.trustedUntilMs,
      sources: sources.status(),
      error: error && { lightCode: error.lightCode, message: error.message, context: { ...error.context } },
    }
  }

  function enter(next: LightStatus['phase'], cause?: LightError): void {
    const changed = phase !== next || error?.message !== cause?.message
    phase = next
    error = cause
    if (changed) tell()
  }

  /** One round: checkpoints, then the newest block. True if there is something new. */
  async function follow(): Promise<boolean> {
    const start = given
    if (start) {
      await sources.run((ask) => trust.startAt(ask, start))
      given = undefined
    }
    trust.assertFresh()
    const news = await sources.run(async (ask) => {
      const checkpoints = await trust.followCheckpoints(ask)
      const newer = await trust.followHead(ask)
      return checkpoints > 0 || newer
    })
    if (storage && (trust.epoch !== savedEpoch || now() - savedAt > SAVE_EVERY_MS)) {
      savedAt = now()
      savedEpoch = trust.epoch
      await saveState(storage, root.key, trust.state(), trust.head).catch(() => {})
    }
    return news
  }

  async function loop(): Promise<void> {
    let pauseMs = POLL_MS
    while (!closing.signal.aborted) {
      try {
        if (await follow()) {
          lastNewsAt = now()
          fresh = true
          if (phase === 'ready') tell()
        }
        pauseMs = POLL_MS
        if (trust.head && (fresh || stored)) enter(now() - lastNewsAt > STALE_MS ? 'stale' : 'ready')
      } catch (cause) {
        if (closing.signal.aborted) return
        if (isLightError(cause, 'LIGHT_CHECKPOINT_STALE') || isLightError(cause, 'LIGHT_FORK'))
          return enter('failed', cause)
        if (isLightError(cause, 'LIGHT_NO_SOURCE')) {
          if (sources.status().every(({ state }) => state === 'banned')) return enter('failed', cause)
          enter(trust.head ? 'offline' : 'connecting', cause)
          pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
        } else if (!(cause instanceof SourceMiss)) {
          enter('failed', new LightError('LIGHT_UNAVAILABLE', `the light node stopped: ${String(cause)}`))
          return
        }
      }
      sources.rotate()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, phase === 'connecting' ? Math.min(pauseMs, POLL_MS) / 4 : pauseMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  const running = loop()

  async function answer(method: string, params: readonly unknown[]): Promise<unknown> {
    const run = Object.hasOwn(lightMethods, method) ? lightMethods[method] : undefined
    if (!run) throw unverifiable(method, 'no answer to it can be verified here')
    for (let attempt = 1; ; attempt++) {
      if (closing.signal.aborted) throw new LightError('LIGHT_CLOSED', 'the light node is closed')
      if (phase === 'failed' && error) throw error
      try {
        return await run(params, context)
      } catch (cause) {
        if (closing.signal.aborted) throw new LightError('LIGHT_CLOSED', 'the light node is closed')
        if (!(cause instanceof SourceMiss)) throw cause
        if (attempt === ATTEMPTS)
          throw new LightError('LIGHT_UNAVAILABLE', `no source can prove it: ${cause.message}`, { method })
        // The block that was asked about may have moved out of what sources keep: go on to the newest, and ask again.
        await follow().catch(() => {})
      }
    }
  }

  return {
    status,
    request: answer,
    async close() {
      closing.abort(new LightError('LIGHT_CLOSED', 'the light node is closed'))
      wake?.()
      await running
      if (storage && trust.head) await saveState(storage, root.key, trust.state(), trust.head).catch(() => {})
    },
  }
}
