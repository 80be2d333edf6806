import type { Family } from '../dial/address.ts'
import { type Dialled, dial } from '../dial/happy-eyeballs.ts'
import type { PathMemory } from '../dial/path-memory.ts'
import { CdnError } from '../errors.ts'

/** The part of a multiaddr (`@multiformats/multiaddr`) that is used. */
export interface MultiaddrLike {
  toString(): string
  decapsulateCode(code: number): this
}
/** The part of a connection that is used. */
export interface ConnectionLike {
  readonly remotePeer: { toString(): string }
  close(): Promise<unknown>
}

/** Options of {@link dialLibp2p}. */
export interface DialLibp2pOptions {
  /** Ends all attempts; the call rejects with its reason. */
  signal?: AbortSignal
  /** Prefixes that failed lately are tried last. */
  memory?: PathMemory
}

/** The code of `/p2p/` in the table of multicodecs. */
const P2P_CODE = 421

/**
 * Connects to a peer over the first of its addresses that answers, IPv6 and IPv4 in turn (Happy Eyeballs, RFC 8305). js-libp2p by itself tries a peer's
 * addresses one after another, each until its time-out. Addresses of the same IP (say TCP and WebSocket) are left to one dial of libp2p.
 *
 * @param addresses of one peer, as `/ip6/…/tcp/…/p2p/<id>` or `/ip4/…`; names are for the caller to resolve
 * @throws CdnError `CDN_INVALID_ARGUMENT` for other addresses or those of several peers, `CDN_DIAL_FAILED` when none connects to that very peer;
 * the signal's reason.
 */
export async function dialLibp2p<A extends MultiaddrLike, C extends ConnectionLike>(
  node: { dial(addresses: A[], options: { signal: AbortSignal }): Promise<C> },
  addresses: readonly A[],
  options: DialLibp2pOptions = {},
): Promise<Dialled<C>> {
  const { peer, byIp } = sort(addresses)
  let winner: C | undefined
  const dialled = await dial<C>({
    ...options,
    host: peer,
    resolve: async (_, family) => [...byIp].filter(([, known]) => known.family === family).map(([ip]) => ip),
    async connect({ ip }, { signal }) {
      // libp2p puts dials of the same peer id into one queue entry, one address after another: it is not told the id, and who answers is checked here.
      const bare = byIp.get(ip)!.addresses.map((address) => address.decapsulateCode(P2P_CODE))
      const connection = await node.dial(bare, { signal })
      const found = connection.remotePeer.toString()
      if (found !== peer) {
        await connection.close()
        throw new CdnError('CDN_DIAL_FAILED', `${ip} is ${found}, not ${peer}`, { ip, found, peer })
      }
      winner ??= connection
      return connection
    },
    close: (connection) => {
      if (connection !== winner) void connection.close()
    },
  })
  return dialled
}

function sort<A extends MultiaddrLike>(addresses: readonly A[]) {
  const byIp = new Map<string, { family: Family; addresses: A[] }>()
  const peers = new Set<string>()
  for (const address of addresses) {
    const [, family, ip, peer] = /^\/ip([46])\/([^/]+)\/.*\/p2p\/([^/]+)$/.exec(String(address)) ?? []
    if (!ip || !peer) {
      const wanted = '/ip6/…/p2p/<id> or /ip4/…/p2p/<id>'
      throw new CdnError('CDN_INVALID_ARGUMENT', `${address} is not ${wanted}`, { address: String(address) })
    }
    const known = byIp.get(ip) ?? { family: Number(family) as Family, addresses: [] }
    known.addresses.push(address)
    byIp.set(ip, known)
    peers.add(peer)
  }
  const [peer] = peers
  if (!peer || peers.size > 1)
    throw new CdnError('CDN_INVALID_ARGUMENT', `addresses of one peer are needed, not of ${peers.size}`, {
      peers: [...peers],
    })
  return { peer, byIp }
}
