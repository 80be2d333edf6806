/**
 * Assets by origin, not by path: the zone where an asset was born and its name there make one contract at one address,
 * whichever way it comes. The first transfer deploys from the template, every later one mints.
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { KvStore } from '../core/journal.ts'
import { concat, fromUtf8, toHex, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { Hop } from '../transfer/denom.ts'
import { rememberedKeys } from './keys.ts'

/** Where an asset was born: what makes it one asset, whichever way it comes. */
export interface Origin {
  /** The zone's canonical identifier. */
  readonly zone: string
  /** The asset's name in that zone. */
  readonly base: string
}

/**
 * What wallets show of an asset, as the token contract that is deployed for it answers. Foreign claims go through
 * {@link safeMetadata} first.
 */
export interface AssetMetadata {
  /** Printable ASCII, at most 64 characters. */
  readonly name: string
  /** Printable ASCII, at most 16 characters. */
  readonly symbol: string
  /** Decimal places that wallets shift amounts by, 0 to 36; amounts themselves are always in the smallest unit. */
  readonly decimals: number
}

/** The port to the built-in token template. */
export interface TokenTemplate {
  /** 20 bytes: who deploys. */
  readonly factory: Uint8Array
  /** Hash of the creation code, as CREATE2 takes it. */
  readonly codeHash: Uint8Array
  /** Deploys at the given address; called once an asset, inside the message that brings it. */
  deploy(address: string, salt: Uint8Array, metadata: AssetMetadata, origin: Origin): void
}

const MAX_REMEMBERED = 10_000
const MAX_NAME = 64
const MAX_SYMBOL = 16
/** ERC-20's `decimals` fits a byte; nothing real has more, and 10^36 still fits the amount. */
const MAX_DECIMALS = 36

/** Foreign metadata made harmless: printable ASCII of bounded length (no look-alikes, no control or direction marks), decimals 0 to 36. */
export function safeMetadata(origin: Origin, claimed: Partial<AssetMetadata> = {}): AssetMetadata {
  const clean = (text: unknown, limit: number, fallback: string) => {
    const printable = (typeof text === 'string' ? text.slice(0, 4 * limit) : '')
      .replace(/[^\x20-\x7e]/g, '')
      .replace(/["'\\<>&`]/g, '')
      .trim()
      .slice(0, limit)
    return printable === '' ? fallback : printable
  }
  const base = origin.base.split('/').at(-1) ?? ''
  const { decimals } = claimed
  return {
    name: clean(claimed.name, MAX_NAME, clean(base, MAX_NAME, 'Token')),
    symbol: clean(claimed.symbol, MAX_SYMBOL, clean(base, MAX_SYMBOL, 'TOKEN')),
    decimals: Number.isInteger(decimals) && decimals! >= 0 && decimals! <= MAX_DECIMALS ? decimals! : 0,
  }
}

/** The hub's names of foreign assets. {@link createHub} asks it at every transfer; `alias` is for governance. */
export interface AssetRegistry {
  /** The hub's name of an asset, whether or not it was ever here: `erc20/0x…`. */
  nameOf(origin: Origin): string
  /** The asset's name, deployed if this is the first time. */
  ensure(origin: Origin, metadata?: Partial<AssetMetadata>): { readonly name: string; readonly deployed: boolean }
  /** Where an asset of the hub was born; undefined for the hub's own. */
  originOf(name: string): Origin | undefined
  /** The canonical zone behind hops as seen from the hub. */
  zoneAt(hops: readonly Hop[]): string
  /** Says that the zone reached over `hops` is `zone`: the same zone attached in two places has one identifier. For governance. */
  alias(hops: readonly Hop[], zone: string): void
}

/**
 * A registry in `store`, which is journaled with the running message, so that a refused packet deploys nothing. An
 * asset's address is CREATE2's (EIP-1014) of the template's factory and code hash, with the hash of zone and base as
 * salt: anyone can compute it before the asset comes.
 */
export function createAssetRegistry(store: KvStore, template: TokenTemplate): AssetRegistry {
  const saltOf = ({ zone, base }: Origin) => keccak_256(concat(utf8(zone), Uint8Array.of(0), utf8(base)))
  const assetKey = rememberedKeys((name) => `assets/${name}`)
  const aliasKey = rememberedKeys((step) => `alias/${step}`)
  // Pure, and asked for on every packet; the bound only keeps a hostile zone from filling the memory.
  const addresses = new Map<string, string>()
  const addressOf = (origin: Origin) => {
    const key = `${origin.zone}\0${origin.base}`
    let address = addresses.get(key)
    if (!address) {
      address = `0x${toHex(
        keccak_256(concat(Uint8Array.of(0xff), template.factory, saltOf(origin), template.codeHash)).subarray(12),
      )}`
      if (addresses.size >= MAX_REMEMBERED) addresses.clear()
      addresses.set(key, address)
    }
    return address
  }
  const nameOf = (origin: Origin) => `erc20/${addressOf(origin)}`
  const zoneAt = (hops: readonly Hop[]): string => {
    let at = 'hub'
    for (const { port, channel } of hops) {
      const step = `${at}>${port}/${channel}`
      const alias = store.get(aliasKey(step))
      at = alias ? fromUtf8(alias) : step
    }
    return at
  }
  return {
    nameOf,
    zoneAt,
    originOf(name) {
      const stored = store.get(assetKey(name))
      return stored && (JSON.parse(fromUtf8(stored)) as Origin)
    },
    ensure(origin, metadata) {
      const name = nameOf(origin)
      const key = assetKey(name)
      if (store.get(key)) return { name, deployed: false }
      store.set(key, utf8(JSON.stringify({ zone: origin.zone, base: origin.base })))
      template.deploy(addressOf(origin), saltOf(origin), safeMetadata(origin, metadata), origin)
      return { name, deployed: true }
    },
    alias(hops, zone) {
      if (hops.length === 0 || !/^[\w.:>/-]{1,200}$/.test(zone)) {
        throw new HubError('HUB_INVALID_ARGUMENT', 'an alias needs hops and a plain zone name', {
          zone: zone.slice(0, 80),
        })
      }
      const last = hops.at(-1)!
      store.set(aliasKey(`${zoneAt(hops.slice(0, -1))}>${last.port}/${last.channel}`), utf8(zone))
    },
  }
}
