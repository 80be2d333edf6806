/**
 * Where an application or account makes its home. Weighted rendezvous hashing gives each key its own order of zones, which a new zone changes only where
 * it comes in (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998; weights as in Schindelhauer and Schomaker, "Weighted
 * distributed hash tables", 2005). Of the first two the one with more room is taken: two choices balance well, and go on doing so when what
 * is known of the load is some minutes old (Mitzenmacher, "How useful is old information?", 2000).
 */
import { utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'

/** A zone that may become a home. */
export interface Candidate {
  readonly name: string
  /** Its limit, in the unit of the loads; a zone of twice the limit comes first for twice as many keys. */
  readonly limit: number
  /** Share of the limit that the forecast leaves free, up to the end of the look-ahead. Negative where it goes beyond. */
  readonly room: number
  /** False while it takes nothing new. */
  readonly accepts: boolean
}

/** Why a zone was chosen. */
export type PlacementReason =
  /** The key lives there already; nobody is moved. */
  | 'home'
  /** The one with more room of the first two of the key's own order. */
  | 'two-choices'
  /** Neither of the first two accepts; of the others that do, the first of the key's order. */
  | 'next-in-order'
  /** No zone accepts: the one with the most room. */
  | 'most-room'

/** The zone of a key, and the figures it was chosen by. */
export interface Placement {
  readonly zone: string
  readonly reason: PlacementReason
  /** The zones that came into question, in the key's order. */
  readonly considered: readonly { readonly zone: string; readonly room: number; readonly accepts: boolean }[]
}

const TWO_TO_48 = 2 ** 48

/** How high a zone stands in a key's order: an exponential variable with the limit as its rate, from a hash of both names. */
function score(key: string, { name, limit }: Candidate): number {
  const hash = sha256(utf8(`${name}\0${key}`))
  let bits = 0
  for (let i = 0; i < 6; i++) bits = bits * 256 + hash[i]!
  return -limit / Math.log((bits + 0.5) / TWO_TO_48)
}

/** The zones in a key's own order. */
export function rendezvous<Zone extends Candidate>(key: string, zones: readonly Zone[]): Zone[] {
  return zones
    .map((zone) => ({ zone, score: score(key, zone) }))
    .sort((a, b) => b.score - a.score)
    .map(({ zone }) => zone)
}

/**
 * The zone for `key`: its `home`, where it has one among `zones`, else by two choices. The caller keeps the answer: the same question later may get another.
 * Throws `HUB_INVALID_ARGUMENT` when there is no zone.
 */
export function choosePlacement(key: string, zones: readonly Candidate[], home?: string): Placement {
  const order = rendezvous(key, zones)
  const answer = (zone: Candidate, reason: PlacementReason, considered: readonly Candidate[]): Placement => ({
    zone: zone.name,
    reason,
    considered: considered.map(({ name, room, accepts }) => ({ zone: name, room, accepts })),
  })
  const settled = home === undefined ? undefined : order.find(({ name }) => name === home)
  if (settled) return answer(settled, 'home', [settled])
  const choices = order.slice(0, 2)
  const accepting = choices.filter(({ accepts }) => accepts)
  const roomiest = (list: readonly Candidate[]) =>
    list.reduce<Candidate | undefined>((best, zone) => (best && best.room >= zone.room ? best : zone), undefined)
  const chosen = roomiest(accepting)
  if (chosen) return answer(chosen, 'two-choices', choices)
  const next = order.find(({ accepts }) => accepts)
  if (next) return answer(next, 'next-in-order', order)
  const last = roomiest(order)
  if (last) return answer(last, 'most-room', order)
  throw new HubError('HUB_INVALID_ARGUMENT', 'there is no open zone to place anything in', { key })
}
