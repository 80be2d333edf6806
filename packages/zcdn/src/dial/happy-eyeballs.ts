import type { Clock } from '../clock.ts'
import { CdnError } from '../errors.ts'
import { systemClock } from '../platform/system-clock.ts'
import { type Address, type Family, interleave } from './address.ts'
import type { PathMemory } from './path-memory.ts'

/** How long to wait for AAAA answers once A answers are there (RFC 8305 §3, "Resolution Delay"). */
export const RESOLUTION_DELAY_MS = 50
/** Between the starts of two attempts (RFC 8305 §5, "Connection Attempt Delay"; §8 allows 100 ms to 2 s). */
export const ATTEMPT_DELAY_MS = 250
const MIN_ATTEMPT_DELAY_MS = 100
const MAX_ATTEMPT_DELAY_MS = 2000

/** Options of {@link dial}. `T` is a connection: a TCP socket, a WebSocket, a libp2p connection. */
export interface DialOptions<T> {
  /** A name or an address. */
  host: string
  /** Addresses of the host in one family; rejects or gives none when there are none. Asked for both at once. */
  resolve: (host: string, family: Family, options: { signal: AbortSignal }) => Promise<readonly string[]>
  /** Connects to one address; when the signal fires it stops and lets go of everything. */
  connect: (address: Address, options: { signal: AbortSignal }) => Promise<T>
  /** Lets go of a connection that came too late. */
  close: (connection: T) => void
  /** Default: the system's. */
  clock?: Clock
  /** Ends all attempts; the call rejects with its reason. */
  signal?: AbortSignal
  /** Prefixes that failed lately are tried last. */
  memory?: PathMemory
  /**
   * Milliseconds before the next address is tried beside those under way. Default 250; bounded to 100 … 2,000 (RFC
   * 8305, §8).
   */
  attemptDelayMs?: number
  /** Who leads; IPv6 by default, as the RFC says. */
  first?: Family
}

/** A connection, and how it came about. */
export interface Dialled<T> {
  connection: T
  address: Address
  attempts: number
}

/**
 * Happy Eyeballs version 2 (RFC 8305): both families are resolved at once and tried in turn, IPv6 first, a new attempt every 250 ms or as soon
 * as one fails, all concurrently; the first to connect wins and the rest are stopped. A family that is broken costs its delay, never the dial.
 *
 * @throws CdnError `CDN_DIAL_FAILED` with the reason of each address; the signal's reason when aborted.
 */
export function dial<T>(options: DialOptions<T>): Promise<Dialled<T>> {
  const { host, resolve, connect, close, clock = systemClock, signal, memory, first = 6 } = options
  const attemptDelayMs = Math.min(
    MAX_ATTEMPT_DELAY_MS,
    Math.max(MIN_ATTEMPT_DELAY_MS, options.attemptDelayMs ?? ATTEMPT_DELAY_MS),
  )
  return new Promise((won, lost) => {
    const stop = new AbortController()
    const tried = new Set<string>()
    const reasons: string[] = []
    let known: Address[] = []
    let resolving = 2
    let running = 0
    let opened = false
    let over = false
    let cancelTimer: () => void = () => {}

    const finish = (run: () => void) => {
      if (over) return
      over = true
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
      run()
      stop.abort(new CdnError('CDN_ABORTED', `another attempt to ${host} was first`))
    }
    const onAbort = () => finish(() => lost(signal!.reason))
    if (signal?.aborted) return lost(signal.reason)
    signal?.addEventListener('abort', onAbort, { once: true })

    const next = (): Address | undefined => {
      const left = interleave(known, first).filter((address) => !tried.has(address.ip))
      // After an attempt in one family the other's turn comes, whenever its answers arrived.
      const last = tried.size > 0 ? known.find((address) => address.ip === [...tried].at(-1)) : undefined
      const turn = last ? left.filter((address) => address.family !== last.family) : left
      const order = [...turn, ...left]
      return order.find((address) => !memory?.isDoubtful(address)) ?? order[0]
    }
    const attempt = () => {
      cancelTimer()
      if (over) return
      const address = next()
      if (!address) {
        if (running === 0 && resolving === 0) {
          finish(() =>
            lost(
              new CdnError('CDN_DIAL_FAILED', `could not connect to ${host}: ${reasons.join('; ') || 'no addresses'}`, {
                host,
              }),
            ),
          )
        }
        return
      }
      tried.add(address.ip)
      running++
      connect(address, { signal: stop.signal }).then(
        (connection) => {
          running--
          memory?.worked(address)
          if (over) close(connection)
          else finish(() => won({ connection, address, attempts: tried.size }))
        },
        (error) => {
          running--
          if (over) return
          memory?.failed(address)
          reasons.push(`${address.ip}: ${error instanceof Error ? error.message : error}`)
          attempt()
        },
      )
      cancelTimer = clock.after(attemptDelayMs, () => {
        // Slow is not broken, but the next dial should not wait here again.
        if (!over) memory?.failed(address)
        attempt()
      })
    }
    const begin = () => {
      opened = true
      attempt()
    }
    const answered = (family: Family, ips: readonly string[]) => {
      if (over) return
      resolving--
      known = [...known, ...ips.map((ip) => ({ ip, family }))]
      if (opened) {
        // Late answers join; when everything so far has failed they are tried at once.
        if (running === 0) attempt()
      } else if (known.some((address) => address.family === first && !memory?.isDoubtful(address))) begin()
      else if (resolving === 0) begin()
      else if (ips.length > 0) {
        cancelTimer = clock.after(RESOLUTION_DELAY_MS, () => {
          if (!opened) begin()
        })
      }
    }
    for (const family of [6, 4] as const) {
      resolve(host, family, { signal: stop.signal }).then(
        (ips) => answered(family, ips),
        (error) => {
          reasons.push(`IPv${family}: ${error instanceof Error ? error.message : error}`)
          answered(family, [])
        },
      )
    }
  })
}
