/// <reference types="node" />
/** DNSLink: the content path in the `dnslink=` text of `_dnslink.{domain}` (dnslink.dev). */
import { resolveTxt } from 'node:dns/promises'

/** Domains whose answers are kept; the oldest goes first. Any client can name domains. */
const MAX_KEPT = 1000
/** How long an answer is kept, also that there is none. */
const KEPT_MS = 60_000

/** Options of {@link createDnsLink}. */
export interface DnsLinkOptions {
  /** default: that of the system */
  readonly resolveTxt?: (name: string) => Promise<string[][]>
  /** milliseconds since 1970, for the cache; default the system clock */
  readonly nowMs?: () => number
}

/** A look-up with a small cache; a domain that does not resolve has no link. */
export function createDnsLink(options: DnsLinkOptions = {}): (domain: string) => Promise<string | undefined> {
  const look = options.resolveTxt ?? resolveTxt
  const nowMs = options.nowMs ?? Date.now
  const kept = new Map<string, { untilMs: number; link: Promise<string | undefined> }>()
  return (domain) => {
    const known = kept.get(domain)
    if (known !== undefined && known.untilMs > nowMs()) return known.link
    const link = look(`_dnslink.${domain}`).then(linkOf, () => undefined)
    kept.delete(domain)
    kept.set(domain, { untilMs: nowMs() + KEPT_MS, link })
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!)
    return link
  }
}

/** The first link in text order, as the specification has it. */
function linkOf(records: readonly string[][]): string | undefined {
  return records
    .map((parts) => parts.join(''))
    .filter((text) => /^dnslink=\/(ipfs|ipns)\//.test(text))
    .sort()[0]
    ?.slice('dnslink='.length)
}
