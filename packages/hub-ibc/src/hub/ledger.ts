/**
 * The hub's books. For every route (one attached zone) and asset of the hub:
 *
 *   escrow = Σ over routes (holdings + in flight)
 *
 * *Holdings* is what the zone certainly has, *in flight* what packets on the way may give it. A zone gets back out no more than
 * the two together, whatever it proves; nothing of another zone is ever touched. For assets born in a zone, *backing* counts
 * what of it the hub issued, per path, so that it can go home the way it came.
 */

import type { KvStore } from '../core/journal.ts'
import { fromUtf8, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { Route } from '../transfer/application.ts'
import { rememberedKeys } from './keys.ts'

/** A route as one text, `port/channel`: the key of the books, and the prefix of paths that came over it. */
export const routeName = ({ port, channel }: Route): string => `${port}/${channel}`

/**
 * The hub's books: what every zone holds of the hub's assets, and what the hub issued of theirs. Amounts are in the
 * asset's smallest unit, never negative; a change that would break the sum throws `HUB_INVARIANT` and releases nothing.
 */
export interface Ledger {
  /** What the zone behind `route` certainly has of a hub's asset. */
  readonly holdings: (route: Route, asset: string) => bigint
  /** What packets on their way to the zone may still give it, until they are acknowledged or time out. */
  readonly inFlight: (route: Route, asset: string) => bigint
  /** Everything of the asset that is out or on its way. */
  readonly escrow: (asset: string) => bigint
  /** What the hub issued and has not sent home of an asset that came over `path`. */
  readonly backing: (path: string) => bigint
  /** A packet took `amount` out of the hub. */
  depart(route: Route, asset: string, amount: bigint): void
  /** The zone took it. */
  arrive(route: Route, asset: string, amount: bigint): void
  /** The zone sends it back. Throws `HUB_INSUFFICIENT` when it has less. */
  returned(route: Route, asset: string, amount: bigint): void
  /** The packet failed. Throws `HUB_INSUFFICIENT` when the zone already sent back what it says it never got. */
  failed(route: Route, asset: string, amount: bigint): void
  /** Issued (positive) or taken home (negative) for a path. Throws `HUB_INSUFFICIENT` below zero. */
  issue(path: string, amount: bigint): void
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)

/** The books in `store`, which takes part in the running message's all-or-nothing. */
export function createLedger(store: KvStore): Ledger {
  const holdingsKey = rememberedKeys((route, asset) => `holdings/${route}/${asset}`)
  const flightKey = rememberedKeys((route, asset) => `flight/${route}/${asset}`)
  const totalKey = rememberedKeys((kind, asset) => `total/${kind}/${asset}`)
  const backingKey = rememberedKeys((path) => `backing/${path}`)
  const read = (key: Uint8Array): bigint => {
    const bytes = store.get(key)
    return bytes ? BigInt(fromUtf8(bytes)) : 0n
  }
  const add = (key: Uint8Array, amount: bigint): void => {
    const next = read(key) + amount
    if (next < 0n)
      throw new HubError('HUB_INSUFFICIENT', 'no entry of the books goes below zero', { key: fromUtf8(key), amount })
    if (next === 0n) store.delete(key)
    else store.set(key, utf8(next.toString()))
  }
  const holdings = (route: Route, asset: string) => read(holdingsKey(routeName(route), asset))
  const inFlight = (route: Route, asset: string) => read(flightKey(routeName(route), asset))
  const addHoldings = (route: Route, asset: string, amount: bigint) => {
    add(holdingsKey(routeName(route), asset), amount)
    add(totalKey('holdings', asset), amount)
  }
  const addFlight = (route: Route, asset: string, amount: bigint) => {
    add(flightKey(routeName(route), asset), amount)
    add(totalKey('flight', asset), amount)
  }
  const escrow = (asset: string) => read(totalKey('escrow', asset))

  function checkBalance(asset: string): void {
    const sum = read(totalKey('holdings', asset)) + read(totalKey('flight', asset))
    if (escrow(asset) !== sum) {
      throw new HubError('HUB_INVARIANT', 'the books do not balance; nothing is released', {
        asset,
        escrow: escrow(asset),
        sum,
      })
    }
  }

  /** Out of the escrow, from one pocket first and the other for the rest. */
  function leave(route: Route, asset: string, amount: bigint, flightFirst: boolean): void {
    checkBalance(asset)
    const [held, flying] = [holdings(route, asset), inFlight(route, asset)]
    if (held + flying < amount) {
      throw new HubError('HUB_INSUFFICIENT', 'the zone does not hold that much', {
        route: routeName(route),
        asset,
        amount,
        holdings: held,
        inFlight: flying,
        overdraw: true,
      })
    }
    const fromFlight = flightFirst ? min(flying, amount) : amount - min(held, amount)
    if (fromFlight > 0n) addFlight(route, asset, -fromFlight)
    if (amount > fromFlight) addHoldings(route, asset, fromFlight - amount)
    add(totalKey('escrow', asset), -amount)
  }

  return {
    holdings,
    inFlight,
    escrow,
    backing: (path) => read(backingKey(path)),
    depart(route, asset, amount) {
      addFlight(route, asset, amount)
      add(totalKey('escrow', asset), amount)
      checkBalance(asset)
    },
    arrive(route, asset, amount) {
      // Less may be in flight than the packet had: the zone spent some before its acknowledgement came.
      const moved = min(inFlight(route, asset), amount)
      if (moved === 0n) return
      addFlight(route, asset, -moved)
      addHoldings(route, asset, moved)
    },
    returned: (route, asset, amount) => leave(route, asset, amount, false),
    failed: (route, asset, amount) => leave(route, asset, amount, true),
    issue: (path, amount) => add(backingKey(path), amount),
  }
}
