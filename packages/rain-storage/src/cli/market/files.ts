/** What the market's commands keep in the folder `market` of a home: where the market is, how far its deals are read, and which files are kept. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { fromHex, toHex } from '../../content/bytes.ts'
import { isStorageError, StorageError } from '../../errors.ts'
import type { Hex } from '../../market/abi.ts'
import type { DealTerms, WantedDeal } from '../../market/deal-keeper.ts'
import { makeFolder, writeWhole } from '../../platform/file-system.ts'
import { takeLock } from '../../platform/lock.ts'

/** The list of files is changed within milliseconds; a second is more than any change takes. */
const [LOCK_ATTEMPTS, LOCK_RETRY_MS] = [50, 20]

/** What `market use` keeps. */
export interface MarketSettings {
  readonly rpc: string
  readonly contract: Hex
  readonly chainId: string
  /** an address that the node signs for, or the path of a key file */
  readonly account?: string
}

/** How a deal came to its end: nobody accepted it, too many windows were missed, or its time was over. */
export type DealEnd = 'lapsed' | 'failed' | 'over'

/** A shard and its offer. With an end, it is not wanted any more. */
export interface KeptDeal extends WantedDeal {
  readonly ended?: DealEnd
}

/** A file whose shards are wanted under deals. */
export interface KeptFile {
  readonly root: CID
  /** as it was asked for */
  readonly name: string
  readonly terms: DealTerms
  readonly deals: readonly KeptDeal[]
  /** storage peers by offer */
  readonly peers: ReadonlyMap<bigint, string>
  readonly layout: Uint8Array
}

/** The folder of the market's files in a home. */
export function marketFolder(home: string): string {
  return join(home, 'market')
}

/** The settings, or `undefined` before `market use`. */
export function readMarketSettings(home: string): Promise<MarketSettings | undefined> {
  return readJson<MarketSettings>(join(marketFolder(home), 'settings.json'))
}

/** Writes the settings. */
export function writeMarketSettings(home: string, settings: MarketSettings): Promise<void> {
  return writeJson(marketFolder(home), 'settings.json', settings)
}

/** Whose deals are read: an account is at another place on every chain and in every contract. */
export interface DealReader {
  readonly role: 'provider' | 'client'
  readonly chainId: bigint
  readonly contract: Hex
  readonly account: Hex
}

/** The first deal that has to be read, if one was kept. */
export async function readFirstDeal(home: string, reader: DealReader): Promise<bigint | undefined> {
  const all = await readJson<Record<string, string>>(join(marketFolder(home), 'first-deals.json'))
  const kept = all?.[nameOf(reader)]
  return kept === undefined ? undefined : BigInt(kept)
}

/** Keeps the first deal that has to be read. */
export async function writeFirstDeal(home: string, reader: DealReader, deal: bigint): Promise<void> {
  const all = await readJson<Record<string, string>>(join(marketFolder(home), 'first-deals.json'))
  if (all?.[nameOf(reader)] === String(deal)) return
  await writeJson(marketFolder(home), 'first-deals.json', { ...all, [nameOf(reader)]: String(deal) })
}

/** The files that are kept under deals, as they are listed now. */
export async function readKept(home: string): Promise<KeptFile[]> {
  const path = join(marketFolder(home), 'kept.json')
  const listed = (await readJson<SavedFile[]>(path)) ?? []
  const bytes = (hex: string) => {
    const found = fromHex(hex)
    if (found === undefined) throw new StorageError('STORAGE_CORRUPT', `${path} is damaged`, { path })
    return found
  }
  return listed.map(({ root, name, terms, deals, peers, layout }) => ({
    root: CID.parse(root),
    name,
    terms,
    peers: new Map(Object.entries(peers).map(([offer, peer]) => [BigInt(offer), peer])),
    layout: bytes(layout),
    deals: deals.map(([offer, shard, length, root, ended]) => ({
      offer: BigInt(offer),
      shard: CID.parse(shard),
      length,
      root: bytes(root),
      terms,
      ...(ended === undefined ? {} : { ended }),
    })),
  }))
}

/** Changes the list of kept files; one process at a time does. @throws StorageError `STORAGE_LOCKED` when another does not end */
export async function changeKept(
  home: string,
  change: (files: readonly KeptFile[]) => readonly KeptFile[],
): Promise<void> {
  await makeFolder(marketFolder(home), undefined, 0o700)
  const release = await lockList(join(marketFolder(home), 'kept.lock'))
  try {
    await writeJson(marketFolder(home), 'kept.json', change(await readKept(home)).map(savedFile))
  } finally {
    await release()
  }
}

async function lockList(path: string): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await takeLock(path)
    } catch (error) {
      if (!isStorageError(error, 'STORAGE_LOCKED') || attempt === LOCK_ATTEMPTS) throw error
      await setTimeout(LOCK_RETRY_MS)
    }
  }
}

function savedFile({ root, name, terms, deals, peers, layout }: KeptFile): SavedFile {
  return {
    root: `${root}`,
    name,
    terms,
    peers: Object.fromEntries([...peers].map(([offer, peer]) => [String(offer), peer])),
    layout: toHex(layout),
    deals: deals.map(({ offer, shard, length, root, ended }) => {
      const saved = [String(offer), `${shard}`, length, toHex(root)] as const
      return ended === undefined ? saved : [...saved, ended]
    }),
  }
}

interface SavedFile {
  readonly root: string
  readonly name: string
  readonly terms: DealTerms
  readonly peers: Readonly<Record<string, string>>
  readonly layout: string
  /** offer, shard, bytes, root of its tree, how its deal ended */
  readonly deals: readonly (readonly [string, string, number, string, DealEnd?])[]
}

function nameOf({ role, chainId, contract, account }: DealReader): string {
  return [role, chainId, contract, account].join(' ').toLowerCase()
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new StorageError('STORAGE_CORRUPT', `${path} is damaged`, { path }, { cause })
  }
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await makeFolder(folder, undefined, 0o700)
  await writeWhole(join(folder, name), `${JSON.stringify(value, undefined, 1)}\n`)
}
