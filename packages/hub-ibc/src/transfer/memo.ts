/** What a transfer's memo may ask for: forwarding (packet-forward-middleware) and callbacks. Anything else is just text. */
import { HubError } from '../errors.ts'

export interface ForwardMemo {
  readonly receiver: string
  readonly port: string
  readonly channel: string
  /** Nanoseconds from now. */
  readonly timeout: bigint | undefined
  /** The memo of the forwarded packet. */
  readonly next: string
}

/** Hops that one memo may describe; more is a mistake or an attack on whoever pays for the work. */
const MAX_HOPS = 8

/** What a sender says about its asset, for the contract that a first arrival deploys. Not to be believed before it is made safe. */
export interface AssetMemo {
  readonly name?: string
  readonly symbol?: string
  readonly decimals?: number
}

/** The metadata in a memo's `asset` field; undefined when there is none. */
export function assetOf(memo: string): AssetMemo | undefined {
  const asset = parse(memo)?.asset
  return typeof asset === 'object' && asset !== null ? (asset as AssetMemo) : undefined
}

/** `memo` with `asset` in it; a memo that is plain text is left as it is. */
export function withAsset(memo: string, asset: AssetMemo): string {
  if (memo === '') return JSON.stringify({ asset })
  const fields = parse(memo)
  return fields ? JSON.stringify({ ...fields, asset }) : memo
}

/**
 * How deep a memo's JSON may be nested; eight hops of forwarding take sixteen. `JSON.stringify` works by recursion: how deep it gets depends on the
 * machine's stack, and every node must come to the same end.
 */
const MAX_NESTING = 64

function isTooDeep(json: string): boolean {
  let depth = 0
  for (let at = 0, quoted = false; at < json.length; at++) {
    const character = json[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') {
      if (++depth > MAX_NESTING) return true
    } else if (character === '}' || character === ']') depth--
  }
  return false
}

function parse(memo: string): Record<string, unknown> | undefined {
  if (!memo.startsWith('{') || isTooDeep(memo)) return undefined
  try {
    return JSON.parse(memo) as Record<string, unknown>
  } catch {
    return undefined
  }
}

// Go's durations, as the middleware writes them.
const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** All units with the most digits that make sense are shorter. Without a bound, finding no unit in many digits takes the square of their number. */
const MAX_DURATION_TEXT = 64

function duration(value: unknown): bigint | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return BigInt(value)
  const readable = typeof value === 'string' && value.length <= MAX_DURATION_TEXT
  const parts = readable ? [...value.matchAll(/(\d+)(ns|us|ms|s|m|h)/g)] : []
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== value) {
    throw new HubError('HUB_APPLICATION', 'forward: not a duration', { timeout: String(value).slice(0, 40) })
  }
  return parts.reduce((sum, [, count, unit]) => sum + BigInt(count!) * UNITS[unit!]!, 0n)
}

/**
 * The forward instruction in a memo, or undefined when there is none. Throws `HUB_APPLICATION` for a malformed one, and for JSON that is nested too
 * deep to look for one: its receiver may be nobody who waits for tokens.
 */
export function forwardOf(memo: string): ForwardMemo | undefined {
  if (memo.startsWith('{') && isTooDeep(memo))
    throw new HubError('HUB_APPLICATION', `memo: nested deeper than ${MAX_NESTING}`)
  const forward = parse(memo)?.forward as Record<string, unknown> | undefined
  if (forward === undefined) return undefined
  if (typeof forward !== 'object' || forward === null) throw new HubError('HUB_APPLICATION', 'forward: not an object')
  const { receiver, port, channel, timeout, next } = forward
  if (typeof receiver !== 'string' || receiver === '' || typeof port !== 'string' || typeof channel !== 'string') {
    throw new HubError('HUB_APPLICATION', 'forward: receiver, port and channel must be given')
  }
  let hops = 1
  for (let at = next; at && typeof at === 'object'; at = (at as { forward?: { next?: unknown } }).forward?.next) hops++
  if (hops > MAX_HOPS) throw new HubError('HUB_APPLICATION', `forward: more than ${MAX_HOPS} hops`)
  return {
    receiver,
    port,
    channel,
    timeout: duration(timeout),
    next: next === undefined || next === null ? '' : typeof next === 'string' ? next : JSON.stringify(next),
  }
}

/** The callback that a memo asks for, with its gas limit (0: the chain's default). */
export function callbackOf(
  memo: string,
  kind: 'src_callback' | 'dest_callback',
): { address: string; gasLimit: bigint } | undefined {
  const callback = parse(memo)?.[kind] as { address?: unknown; gas_limit?: unknown } | undefined
  if (
    typeof callback !== 'object' ||
    callback === null ||
    typeof callback.address !== 'string' ||
    callback.address === ''
  )
    return undefined
  const gas = callback.gas_limit
  return { address: callback.address, gasLimit: typeof gas === 'string' && /^\d{1,18}$/.test(gas) ? BigInt(gas) : 0n }
}
