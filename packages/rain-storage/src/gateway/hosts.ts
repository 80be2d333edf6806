/** Which content a host name stands for (specs.ipfs.tech/http-gateways/subdomain-gateway and dnslink-gateway). */
import { base32 } from 'multiformats/bases/base32'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { parseCid } from '../content/cid.ts'
import { StorageError } from '../errors.ts'
import { formatName, LIBP2P_KEY, parseName } from '../ipns/name.ts'

/** Characters of a DNS label. */
const MAX_LABEL = 63

/** What a host name is to a gateway. */
export type Host =
  /** serves `/ipfs/` and `/ipns/` itself */
  | { readonly kind: 'path' }
  /** one of the gateway's own names: paths are redirected to subdomains */
  | { readonly kind: 'gateway'; readonly host: string }
  /** a subdomain: one root */
  | { readonly kind: 'content'; readonly namespace: 'ipfs' | 'ipns'; readonly label: string; readonly host: string }

/** Sorts `host` (with port) by the gateway's own names. */
export function hostKind(host: string, gateways: readonly string[]): Host {
  for (const gateway of gateways) {
    if (host === gateway) return { kind: 'gateway', host: gateway }
    if (!host.endsWith(`.${gateway}`)) continue
    const match = /^(.+)\.(ipfs|ipns)$/.exec(host.slice(0, -gateway.length - 1))
    if (match !== null)
      return { kind: 'content', namespace: match[2] as 'ipfs' | 'ipns', label: match[1]!, host: gateway }
  }
  return { kind: 'path' }
}

/**
 * The DNS label of a root: a CID of version 1 in base32, a key in base36, a domain with its dots as dashes.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` when it is none of these or too long for a label
 */
export function labelOf(namespace: 'ipfs' | 'ipns', text: string): string {
  if (namespace === 'ipns') {
    const name = parseName(text)
    return fits(name === undefined ? inlineDomain(text) : formatName(name))
  }
  const cid = parseCid(text).toV1()
  const short = cid.toString(base32)
  return fits(short.length <= MAX_LABEL ? short : cid.toString(base36))
}

/** What a label stands for: a CID, a key, or a domain. */
export function rootOfLabel(namespace: 'ipfs' | 'ipns', label: string): string {
  if (namespace === 'ipfs') return fits(label)
  if (label.includes('.') || parseName(label) !== undefined) return label
  return label.replace(/--|-/g, (dashes) => (dashes === '--' ? '-' : '.'))
}

/** `a-b.example` is `a--b-example`. */
export function inlineDomain(domain: string): string {
  return domain.replaceAll('-', '--').replaceAll('.', '-')
}

/** True for a key written as a CID of another codec than libp2p-key. */
export function isForeignKey(label: string): boolean {
  try {
    const cid = label.startsWith('k') ? CID.parse(label, base36) : CID.parse(label)
    return cid.code !== LIBP2P_KEY
  } catch {
    return false // a domain
  }
}

function fits(label: string): string {
  if (label.length <= MAX_LABEL) return label
  throw new StorageError('STORAGE_INVALID_ARGUMENT', `CID incompatible with DNS label length limit of ${MAX_LABEL}`, {
    label,
  })
}
