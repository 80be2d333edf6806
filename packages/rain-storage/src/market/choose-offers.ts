/** Which offers a client takes: the cheapest that fit, no two of them in one failure domain, and which shard goes under which. */
import type { Hex } from './abi.ts'
import { COIN, type Offer } from './market.ts'

/** What deals need of an offer. */
export interface DealNeeds {
  /** bytes under one offer, all its shards together */
  readonly bytes: number
  /** seconds of a window */
  readonly periodS: number
  readonly windows: number
  /** what is paid in, default the chain's coin */
  readonly token?: Hex
  /** highest price, as offers have it */
  readonly maxPrice?: bigint
}

/** Where a storage peer is. */
export interface PeerPlace {
  /** its peer id, the last part of the multiaddr */
  readonly id: string
  /** failure domain as far as the address shows it: the network of an address (/24, /48), the last two labels of a name, the peer itself on loopback */
  readonly network: string
}

const PEER = /^\/(ip4|ip6|dns|dns4|dns6)\/([0-9A-Za-z.:-]+)\/tcp\/\d{1,5}\/p2p\/([1-9A-HJ-NP-Za-km-z]{32,64})$/

/** Reads the multiaddr of an offer; `undefined` for what this package's peers do not have. Strangers write it. */
export function placeOfPeer(peer: string): PeerPlace | undefined {
  const [, kind, host, id] = PEER.exec(peer) ?? []
  if (kind === undefined || host === undefined || id === undefined) return undefined
  if (kind === 'ip4') return { id, network: host.startsWith('127.') ? id : host.split('.').slice(0, 3).join('.') }
  if (kind === 'ip6') return { id, network: host === '::1' ? id : prefix48(host) }
  return { id, network: host === 'localhost' ? id : host.toLowerCase().split('.').slice(-2).join('.') }
}

/** Whether deals can be made under an offer. */
export function fitsOffer(offer: Offer, needs: DealNeeds): boolean {
  const durationS = needs.periodS * needs.windows
  return (
    !offer.closed &&
    offer.token === (needs.token ?? COIN).toLowerCase() &&
    (needs.maxPrice === undefined || offer.price <= needs.maxPrice) &&
    needs.periodS >= offer.minPeriodS &&
    durationS >= offer.minDurationS &&
    durationS <= offer.maxDurationS &&
    offer.capacity - offer.used >= BigInt(needs.bytes) &&
    placeOfPeer(offer.peer) !== undefined
  )
}

/** What {@link chooseOffers} needs. */
export interface ChooseOptions {
  readonly offers: readonly Offer[]
  readonly needs: DealNeeds
  /** how many are wanted; fewer come back where there are fewer */
  readonly count: number
  /** the failure domain of a peer id where the client knows it better than {@link placeOfPeer} */
  readonly domainOf?: (peerId: string) => string | undefined
  /** offers that are chosen already, whether they fit or not: they come first */
  readonly pinned?: readonly Offer[]
}

/** The cheapest offers that fit, cheapest first, older ones first at one price: no two of one provider, one peer or one failure domain. */
export function chooseOffers({ offers, needs, count, domainOf, pinned = [] }: ChooseOptions): Offer[] {
  const fitting = offers.filter((offer) => fitsOffer(offer, needs))
  fitting.sort((a, b) => compare(a.price, b.price) || compare(a.id, b.id))
  const marksOf = ({ provider, peer }: Offer) => {
    const { id = peer, network = peer } = placeOfPeer(peer) ?? {}
    return [`provider ${provider}`, `peer ${id}`, `domain ${domainOf?.(id) ?? network}`]
  }
  const taken = new Set(pinned.flatMap(marksOf))
  const chosen = [...pinned]
  for (const offer of fitting) {
    if (chosen.length >= count) break
    const marks = marksOf(offer)
    if (marks.some((mark) => taken.has(mark))) continue
    for (const mark of marks) taken.add(mark)
    chosen.push(offer)
  }
  return chosen
}

/** Fewest failure domains that hold `totalShards` when `totalShards` − `dataShards` of a segment may be in one, as in a vault. */
export function fewestDomains(dataShards: number, totalShards: number): number {
  return Math.ceil(totalShards / Math.max(1, totalShards - dataShards))
}

/** What {@link assignShards} is told of a file that has deals already. */
export interface HeldShards<T> {
  /** the offer that a shard is under; it stays there if it is one of the offers */
  readonly held: (shard: T) => bigint | undefined
  /** shards of a segment that stay under one offer at most; default the rounded-up share of an offer */
  readonly most?: number
}

/** The offer of each shard of each segment, evenly: no offer gets more than its rounded-up share of a segment, but for what stays. */
export function assignShards<T>(
  segments: readonly (readonly T[])[],
  offers: readonly bigint[],
  { held, most: limit }: HeldShards<T> = { held: () => undefined },
): bigint[][] {
  return segments.map((shards, segment) => {
    const most = limit ?? Math.ceil(shards.length / offers.length)
    const load = new Map(offers.map((offer) => [offer, 0]))
    const take = (offer: bigint) => {
      load.set(offer, load.get(offer)! + 1)
      return offer
    }
    const stay = shards.map((shard) => {
      const offer = held(shard)
      return offer !== undefined && (load.get(offer) ?? most) < most ? take(offer) : undefined
    })
    // Each segment begins with another offer, so that what does not divide evenly does over the file.
    const order = offers.map((_, i) => offers[(i + segment) % offers.length]!)
    return stay.map(
      (offer) => offer ?? take(order.reduce((least, one) => (load.get(one)! < load.get(least)! ? one : least))),
    )
  })
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The first three groups of an IPv6 address. */
function prefix48(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length)
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest]
  return all
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
