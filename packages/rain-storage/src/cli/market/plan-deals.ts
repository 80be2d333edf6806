/** Which shard of a file goes under which offer, and what that costs. */
import { shardLength } from '../../erasure/segment.ts'
import { StorageError } from '../../errors.ts'
import type { Hex } from '../../market/abi.ts'
import { assignShards, chooseOffers, fewestDomains, fitsOffer } from '../../market/choose-offers.ts'
import type { DealTerms } from '../../market/deal-keeper.ts'
import { COIN, type Offer, payPerWindow } from '../../market/market.ts'
import type { Layout } from '../../rain/layout.ts'

/** What {@link planDeals} needs. */
export interface PlanOptions {
  readonly layout: Pick<Layout, 'construction' | 'dataShards' | 'totalShards' | 'segments'>
  readonly offers: readonly Offer[]
  readonly terms: DealTerms
  /** what is paid in, default the coin */
  readonly token?: Hex
  readonly maxPrice?: bigint
  /** these offers and no others */
  readonly only?: readonly bigint[]
  readonly domainOf?: (peerId: string) => string | undefined
  /** the offer that a shard is under already: it stays there, if the offer is one of `offers` */
  readonly held?: (shard: string) => bigint | undefined
}

/** A plan for all shards of a file. */
export interface DealPlan {
  /** those that have shards of the file already, then the others, cheapest first */
  readonly offers: readonly Offer[]
  readonly shards: readonly { readonly shard: Layout['segments'][number]['shards'][number]; readonly offer: Offer }[]
  /** paid into the market for all windows of those that are not under their offer yet */
  readonly sum: bigint
  /** deals that are to be opened */
  readonly opening: number
}

/**
 * The cheapest plan with as many failure domains as there are shards of a segment, or as many as there are.
 * @throws StorageError `STORAGE_PLACEMENT` when too few offers fit
 */
export function planDeals(options: PlanOptions): DealPlan {
  const { layout, terms, domainOf, held = () => undefined } = options
  const { dataShards, totalShards, segments, construction } = layout
  const { periodS, windows } = terms
  const offers =
    options.only === undefined ? options.offers : options.offers.filter(({ id }) => options.only!.includes(id))
  const lengths = segments.map(({ length }) => shardLength(length, dataShards, construction))
  const perShard = lengths.reduce((sum, length) => sum + length, 0)
  const fewest = fewestDomains(dataShards, totalShards)
  const holding = new Set(segments.flatMap(({ shards }) => shards.map((shard) => held(`${shard}`))))
  const pinned = offers.filter(({ id }) => holding.has(id))
  for (let count = totalShards; count >= fewest; count--) {
    const needs = {
      bytes: perShard * Math.ceil(totalShards / count),
      periodS,
      windows,
      token: options.token ?? COIN,
      ...(options.maxPrice === undefined ? {} : { maxPrice: options.maxPrice }),
    }
    const chosen = chooseOffers({ offers, needs, count, pinned, ...(domainOf === undefined ? {} : { domainOf }) })
    if (chosen.length < count) {
      if (count > fewest) continue
      const fitting = offers.filter((offer) => fitsOffer(offer, needs)).length
      throw new StorageError(
        'STORAGE_PLACEMENT',
        `${dataShards} of ${totalShards} shards need offers in ${fewest} failure domains; of ${offers.length} offers ${fitting} fit, in ${chosen.length} domains: other terms, or "zos-store market offers"`,
        { fewest, fitting, domains: chosen.length },
      )
    }
    const byId = new Map(chosen.map((offer) => [offer.id, offer]))
    const assigned = assignShards(
      segments.map(({ shards }) => shards.map(String)),
      chosen.map(({ id }) => id),
      // A deal that runs is paid: its shard moves only where too many would be in one place.
      { held, most: Math.max(1, totalShards - dataShards) },
    )
    let [sum, opening] = [0n, 0]
    const shards = segments.flatMap((segment, index) =>
      segment.shards.map((shard, slot) => {
        const offer = byId.get(assigned[index]![slot]!)!
        if (held(`${shard}`) !== offer.id) {
          sum += payPerWindow(offer, lengths[index]!, periodS) * BigInt(windows)
          opening++
        }
        return { shard, offer }
      }),
    )
    const used = new Set(shards.map(({ offer }) => offer))
    return { offers: chosen.filter((offer) => used.has(offer)), shards, sum, opening }
  }
  throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A file without shards needs no deals')
}
