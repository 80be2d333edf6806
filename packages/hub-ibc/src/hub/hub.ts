/**
 * The hub: transfers pass only if the books allow it. A zone that asks for more than it holds is isolated at once, and
 * only it; limits and isolation stop new transfers, never refunds. Anyone may attach a zone: an open channel or a registered client is all.
 */

import type { KvStore } from '../core/journal.ts'
import { fromUtf8, utf8 } from '../encoding/bytes.ts'
import { HubError, isHubError } from '../errors.ts'
import type { Route, TransferPolicy } from '../transfer/application.ts'
import type { Bank } from '../transfer/bank.ts'
import { type Denom, denomPath, escrowAddress, parseDenom } from '../transfer/denom.ts'
import type { AssetRegistry } from './assets.ts'
import { type BucketRule, type BucketState, putBack, take } from './bucket.ts'
import { rememberedKeys } from './keys.ts'
import { createLedger, type Ledger, routeName } from './ledger.ts'

/** No token contract counts further: one more would fail, and whatever is executed with it. */
const MAX_ISSUED = (1n << 256n) - 1n
/** Ways that one asset may take over one route; each is a chain of zones somebody had to build. */
const MAX_PATHS = 8

/**
 * The hub beside a chain's IBC host: the policy of its transfers, its books, and what governance may change. `asset` is
 * always the bank's name of an asset on the hub.
 */
export interface Hub {
  /** Give this to `createTransferApplication`. */
  readonly policy: TransferPolicy
  /** What is where, a route and asset. Read it; only the policy writes. */
  readonly ledger: Ledger
  readonly assets: AssetRegistry
  /** Stops a zone's transfers; refunds go on. For governance and watchdogs; overdrawing does it by itself. */
  isolate(route: Route, reason: string): void
  /** Ends an isolation. */
  readmit(route: Route): void
  /** The reason, or undefined for a zone in good standing. */
  isolationOf(route: Route): string | undefined
  /** Caps what a zone may ever have outstanding of an asset of its own; undefined for no cap. For governance. */
  setCap(origin: { zone: string; base: string }, cap: bigint | undefined): void
  /** Limits what of an asset may move over a route; undefined for what `limit` of the options says. For governance. */
  setLimit(route: Route, asset: string, direction: 'in' | 'out', rule: BucketRule | undefined): void
  /**
   * The rule that holds for a route, asset and direction: one of `setLimit`, else what `limit` of the options says;
   * undefined for none.
   */
  limitOf(route: Route, asset: string, direction: 'in' | 'out'): BucketRule | undefined
  /** Compares the books with the bank over the given routes; one line a discrepancy. */
  audit(routes: readonly Route[], assetNames: readonly string[]): string[]
}

/** A hub over `store` (journaled with the host's journal), `bank`, and the asset registry. */
export function createHub(options: {
  store: KvStore
  bank: Bank
  assets: AssetRegistry
  /** Block time in nanoseconds. */
  now: () => bigint
  /** The limit of a route and asset, each way; undefined for none. */
  limit?: (route: Route, asset: string, direction: 'in' | 'out') => BucketRule | undefined
  /** Called when a zone is isolated, and not again while it is. */
  onIsolate?: (route: Route, reason: string) => void
}): Hub {
  const { store, bank, assets, now } = options
  const ledger = createLedger(store)

  const isolatedKey = rememberedKeys((route) => `isolated/${route}`)
  const isolationOf = (route: Route) => {
    const stored = store.get(isolatedKey(routeName(route)))
    return stored && fromUtf8(stored)
  }
  const requireGood = (route: Route) => {
    const reason = isolationOf(route)
    if (reason)
      throw new HubError('HUB_ISOLATED', 'the zone is isolated; only refunds pass', { route: routeName(route), reason })
  }
  const isolate = (route: Route, reason: string) => {
    if (isolationOf(route)) return
    store.set(isolatedKey(routeName(route)), utf8(reason === '' ? 'unspecified' : reason))
    options.onIsolate?.(route, reason)
  }

  const ruleKeys = {
    in: rememberedKeys((route, asset) => `rule/in/${route}/${asset}`),
    out: rememberedKeys((route, asset) => `rule/out/${route}/${asset}`),
  }
  const ruleKey = (route: Route, asset: string, direction: 'in' | 'out') => ruleKeys[direction](routeName(route), asset)
  const limitOf: Hub['limitOf'] = (route, asset, direction) => {
    const stored = store.get(ruleKey(route, asset, direction))
    if (!stored) return options.limit?.(route, asset, direction)
    const [capacity, refillPerSecond] = fromUtf8(stored).split(' ').map(BigInt)
    return { capacity: capacity!, refillPerSecond: refillPerSecond! }
  }
  const bucketKey = (route: Route, asset: string, direction: string) =>
    utf8(`bucket/${direction}/${routeName(route)}/${asset}`)
  const bucket = (
    route: Route,
    asset: string,
    direction: 'in' | 'out',
    change: (rule: BucketRule, state: BucketState) => BucketState,
  ) => {
    const rule = limitOf(route, asset, direction)
    if (!rule) return
    const stored = store.get(bucketKey(route, asset, direction))
    const [used, at] = stored ? fromUtf8(stored).split(' ').map(BigInt) : [0n, 0n]
    const next = change(rule, { used: used!, at: at! })
    store.set(bucketKey(route, asset, direction), utf8(`${next.used} ${next.at}`))
  }
  const limit = (route: Route, asset: string, direction: 'in' | 'out', amount: bigint) =>
    bucket(route, asset, direction, (rule, state) => take(rule, state, amount, now()))

  const pathsKey = rememberedKeys((route, asset) => `paths/${route}/${asset}`)
  const pathsOf = (route: Route, asset: string): string[] => {
    const stored = store.get(pathsKey(routeName(route), asset))
    return stored ? (JSON.parse(fromUtf8(stored)) as string[]) : []
  }
  const capKey = rememberedKeys((name) => `cap/${name}`)
  const issuedKey = rememberedKeys((name) => `issued/${name}`)
  const issued = (name: string) => {
    const stored = store.get(issuedKey(name))
    return stored ? BigInt(fromUtf8(stored)) : 0n
  }
  const addIssued = (name: string, path: string, amount: bigint) => {
    ledger.issue(path, amount)
    store.set(issuedKey(name), utf8((issued(name) + amount).toString()))
  }
  /** The hub's name of what a packet calls `path`. */
  const nameOfPath = (path: string): string => {
    const denom = parseDenom(path)
    if (denom.trace.length === 0) return denom.base
    return assets.nameOf({ zone: assets.zoneAt(denom.trace), base: denom.base })
  }
  const goesHome = (route: Route, path: string) => path.startsWith(`${routeName(route)}/`)

  const policy: TransferPolicy = {
    send(route, name, amount) {
      requireGood(route)
      limit(route, name, 'out', amount)
      const home = pathsOf(route, name).find((path) => ledger.backing(path) >= amount && ledger.backing(path) > 0n)
      if (home) {
        addIssued(name, home, -amount)
        return { path: home, home: true }
      }
      if (amount > 0n) ledger.depart(route, name, amount)
      return { path: name, home: false }
    },
    mint(route, denom, amount, claimed) {
      const path = denomPath({ base: denom.base, trace: [route, ...denom.trace] })
      const name = nameOfPath(path)
      if (amount === 0n) return name
      requireGood(route)
      if (denom.trace.length === 0 && denom.base.startsWith('erc20/0x') && assets.originOf(denom.base)) {
        // A zone's own coin that is named like one of the hub's assets: harmless by origin, but only ever meant to deceive.
        throw new HubError('HUB_APPLICATION', 'a zone’s asset must not carry a hub asset’s name', { denom: denom.base })
      }
      limit(route, name, 'in', amount)
      const stored = store.get(capKey(name))
      const cap = stored ? BigInt(fromUtf8(stored)) : MAX_ISSUED
      if (issued(name) + amount > (cap < MAX_ISSUED ? cap : MAX_ISSUED)) {
        throw new HubError('HUB_INSUFFICIENT', 'more than the zone may have outstanding of this asset', {
          asset: name,
          amount,
        })
      }
      assets.ensure({ zone: assets.zoneAt([route, ...denom.trace]), base: denom.base }, claimed)
      const paths = pathsOf(route, name)
      if (!paths.includes(path)) {
        if (paths.length >= MAX_PATHS)
          throw new HubError('HUB_APPLICATION', 'too many ways for one asset over one route', { asset: name })
        store.set(pathsKey(routeName(route), name), utf8(JSON.stringify([...paths, path])))
      }
      addIssued(name, path, amount)
      return name
    },
    release(route, denom: Denom, amount) {
      requireGood(route)
      const name = denomPath(denom)
      limit(route, name, 'in', amount)
      ledger.returned(route, name, amount)
      return name
    },
    unmint(route, denom, amount) {
      const path = denomPath({ base: denom.base, trace: [route, ...denom.trace] })
      const name = nameOfPath(path)
      addIssued(name, path, -amount)
      return name
    },
    unrelease(route, denom, amount) {
      const name = denomPath(denom)
      ledger.depart(route, name, amount)
      ledger.arrive(route, name, amount)
      return name
    },
    delivered(route, path, amount) {
      if (!goesHome(route, path)) ledger.arrive(route, path, amount)
    },
    refund(route, path, amount) {
      const name = nameOfPath(path)
      if (amount === 0n) return name
      if (goesHome(route, path)) addIssued(name, path, amount)
      else ledger.failed(route, name, amount)
      bucket(route, name, 'out', (rule, state) => putBack(rule, state, amount, now()))
      return name
    },
    refused(route, error) {
      if (isHubError(error, 'HUB_INSUFFICIENT') && error.context.overdraw === true) {
        isolate(route, `asked for more than it holds of ${String(error.context.asset)}`)
      }
    },
  }

  return {
    policy,
    ledger,
    assets,
    isolate,
    readmit: (route) => {
      store.delete(isolatedKey(routeName(route)))
    },
    isolationOf,
    setCap(origin, cap) {
      const key = capKey(assets.nameOf(origin))
      if (cap === undefined) store.delete(key)
      else store.set(key, utf8(cap.toString()))
    },
    setLimit(route, asset, direction, rule) {
      const key = ruleKey(route, asset, direction)
      if (!rule) {
        store.delete(key)
        return
      }
      if (rule.capacity < 0n || rule.refillPerSecond < 0n)
        throw new HubError('HUB_INVALID_ARGUMENT', 'a limit is not negative', { asset })
      store.set(key, utf8(`${rule.capacity} ${rule.refillPerSecond}`))
    },
    limitOf,
    audit(routes, assetNames) {
      const found: string[] = []
      for (const asset of assetNames) {
        let sum = 0n
        for (const route of routes) {
          const out = ledger.holdings(route, asset) + ledger.inFlight(route, asset)
          sum += out
          const escrowed = bank.balance(escrowAddress(route.port, route.channel), asset)
          if (escrowed < out)
            found.push(`${routeName(route)}: ${asset}: the escrow has ${escrowed}, the books say ${out}`)
        }
        if (sum !== ledger.escrow(asset))
          found.push(`${asset}: the routes sum to ${sum}, the escrow is ${ledger.escrow(asset)}`)
      }
      return found
    },
  }
}
