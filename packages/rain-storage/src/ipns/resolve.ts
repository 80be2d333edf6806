/** From a mutable name, a key or a domain with a DNSLink, to a root and a path below it. */
import type { CID } from 'multiformats/cid'
import { parseCid } from '../content/cid.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { formatName, parseName } from './name.ts'
import { readRecord } from './record.ts'

/** Names that lead to names that are followed (specs.ipfs.tech/ipns: 32). */
const MAX_HOPS = 32

/** Where records come from. Nothing that they give is believed without its signature; a DNSLink is as good as the DNS. */
export interface NamePort {
  /** milliseconds since 1970: records run out */
  nowMs(): number
  /** the record of a key, e.g. from the DHT; `undefined` when there is none */
  record(name: CID, options: { signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>
  /** the content path in the `dnslink=` text of `_dnslink.{domain}`, e.g. `/ipfs/…`; `undefined` when there is none */
  dnsLink?(domain: string, options: { signal?: AbortSignal | undefined }): Promise<string | undefined>
}

/** Where a name leads now. */
export interface ResolvedName {
  readonly root: CID
  /** segments below the root that the name itself has */
  readonly segments: readonly string[]
  /** seconds that the answer holds; NaN when not known */
  readonly ttlS: number
}

/**
 * Follows the key or domain `text`.
 * @throws StorageError `STORAGE_NOT_FOUND` when there is no record, `STORAGE_UNAUTHENTIC` and others for one that does not count, `STORAGE_LIMIT` for a chain of more than 32
 */
export async function resolveName(
  crypto: CryptoPort,
  names: NamePort,
  text: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ResolvedName> {
  const { signal } = options
  let at = text
  let below: string[] = []
  let ttlS = Number.POSITIVE_INFINITY
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const name = parseName(at)
    let value: string
    if (name === undefined) {
      const link = await names.dnsLink?.(at, { signal })
      if (link === undefined) throw missing(at)
      value = link
      ttlS = Number.NaN
    } else {
      const bytes = await names.record(name, { signal })
      if (bytes === undefined) throw missing(formatName(name))
      const record = await readRecord(crypto, name, bytes, names.nowMs())
      value = record.value
      ttlS = Math.min(ttlS, record.ttlS) // NaN stays
    }
    const [, namespace, next, ...segments] = value.split('/')
    below = [...segments.filter((segment) => segment !== ''), ...below]
    if (next !== undefined && namespace === 'ipfs') return { root: parseCid(next), segments: below, ttlS }
    if (next === undefined || namespace !== 'ipns')
      throw new StorageError('STORAGE_MALFORMED', `${at} leads to "${value.slice(0, 100)}", which is no content path`, {
        name: at,
      })
    at = next
  }
  throw new StorageError('STORAGE_LIMIT', `${text} leads through more than ${MAX_HOPS} names`, { name: text })
}

function missing(name: string): StorageError {
  return new StorageError('STORAGE_NOT_FOUND', `/ipns/${name} has no record`, { name })
}
