/** ICS-20 denominations: the base, and the hops that a voucher came over, newest first. */
import { concat, toHex, utf8 } from '../encoding/bytes.ts'
import { sha256 } from '../hash/sha256.ts'

/** One step of a voucher's way: the port and channel at the end where it *arrived*, as ICS-20 prefixes them. */
export interface Hop {
  readonly port: string
  /** A v1 channel, or a v2 client. */
  readonly channel: string
}

/**
 * A denomination of ICS-20, taken apart: the asset's name where it was born, and the hops it came over, newest first.
 * An empty trace is an asset of this chain.
 */
export interface Denom {
  readonly base: string
  readonly trace: readonly Hop[]
}

// What ibc-go v10+ takes for a hop: a channel, or a client identifier, after the port.
const HOP = /^(channel-[0-9]{1,20}|[A-Za-z0-9._+\-#[\]<>]*[A-Za-z0-9._+#[\]<>]-[0-9]{1,20})$/

/** The denomination of a path like `transfer/channel-7/uatom`. */
export function parseDenom(path: string): Denom {
  const parts = path.split('/')
  const trace: Hop[] = []
  let at = 0
  while (at + 2 < parts.length && HOP.test(parts[at + 1]!)) {
    trace.push({ port: parts[at]!, channel: parts[at + 1]! })
    at += 2
  }
  return { base: parts.slice(at).join('/'), trace }
}

/** The full path, which packets carry. */
export const denomPath = ({ base, trace }: Denom): string =>
  [...trace.map(({ port, channel }) => `${port}/${channel}`), base].join('/')

/** What a bank calls it: the base itself, or `ibc/` and the upper-case hash of the path. */
export const bankDenom = (denom: Denom): string =>
  denom.trace.length === 0 ? denom.base : `ibc/${toHex(sha256(utf8(denomPath(denom)))).toUpperCase()}`

/** True when the newest hop is this end. */
export const hasPrefix = (denom: Denom, port: string, channel: string): boolean =>
  denom.trace[0]?.port === port && denom.trace[0].channel === channel

/** Two hashes' work that every transfer asks for; bounded, because anybody opens channels. */
const escrows = new Map<string, string>()
const MAX_ESCROWS = 10_000

/** The account that holds what was sent out over a channel: hex of the first 20 bytes of ibc-go's escrow hash. */
export function escrowAddress(port: string, channel: string): string {
  const route = `${port}/${channel}`
  let address = escrows.get(route)
  if (address === undefined) {
    address = toHex(sha256(concat(utf8('ics20-1'), Uint8Array.of(0), utf8(route))).subarray(0, 20))
    if (escrows.size >= MAX_ESCROWS) escrows.clear()
    escrows.set(route, address)
  }
  return address
}
