/** Pin objects of the IPFS pinning service API 1.0 (github.com/ipfs/pinning-services-api-spec), as they come in and as they are kept. */
import { parseCid } from '../content/cid.ts'
import { parseTime } from '../content/time.ts'
import { StorageError } from '../errors.ts'

/** States of a pin. */
export const PIN_STATUSES = ['queued', 'pinning', 'pinned', 'failed'] as const
/**
 * Where a pin stands: `queued`, then `pinning` while its content is fetched, then `pinned`, or `failed`, with the
 * reason in `info.status_details`.
 */
export type PinStatus = (typeof PIN_STATUSES)[number]

/** Limits of the specification. */
export const PIN_LIMITS = { name: 255, origins: 20, meta: 1000, cids: 10, results: 1000, defaultResults: 10 } as const
/** Largest body of a request. */
export const MAX_PIN_BODY_BYTES = 256 * 1024

/** What a client asks to be pinned. */
export interface Pin {
  readonly cid: string
  readonly name?: string
  readonly origins?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
}

/** A pin as it is kept. */
export interface PinRecord {
  readonly requestid: string
  readonly status: PinStatus
  /** milliseconds since 1970; no two pins of an account have the same */
  readonly createdMs: number
  readonly pin: Pin
  readonly info?: Readonly<Record<string, string>>
}

/** Checks a pin from outside. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function parsePin(value: unknown): Pin {
  const { cid, name, origins, meta } = isObject(value) ? value : {}
  if (typeof cid !== 'string') throw invalid('cid is missing')
  parseCid(cid)
  if (name !== undefined && (typeof name !== 'string' || [...name].length > PIN_LIMITS.name))
    throw invalid(`name is text of at most ${PIN_LIMITS.name} characters`)
  if (
    origins !== undefined &&
    !(Array.isArray(origins) && origins.length <= PIN_LIMITS.origins && origins.every(isText))
  )
    throw invalid(`origins are at most ${PIN_LIMITS.origins} multiaddrs`)
  if (meta !== undefined && !isMeta(meta)) throw invalid(`meta has at most ${PIN_LIMITS.meta} texts`)
  return {
    cid,
    ...(name === undefined ? {} : { name }),
    ...(origins === undefined ? {} : { origins: origins as string[] }),
    ...(meta === undefined ? {} : { meta }),
  }
}

/** Which pins a client wants to see. */
export interface PinFilter {
  readonly cids: readonly string[]
  readonly name: string | undefined
  readonly match: 'exact' | 'iexact' | 'partial' | 'ipartial'
  readonly statuses: readonly PinStatus[]
  readonly beforeMs: number
  readonly afterMs: number
  readonly limit: number
  readonly meta: Readonly<Record<string, string>>
}

/** Reads the query of a listing. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function parseFilter(query: URLSearchParams): PinFilter {
  const list = (name: string) => query.get(name)?.split(',') ?? []
  const cids = list('cid')
  if (cids.length > PIN_LIMITS.cids || new Set(cids).size !== cids.length)
    throw invalid(`cid names at most ${PIN_LIMITS.cids} different CIDs`)
  const statuses = list('status')
  if (!statuses.every((status) => (PIN_STATUSES as readonly string[]).includes(status)))
    throw invalid(`status is of ${PIN_STATUSES.join(', ')}`)
  const match = query.get('match') ?? 'exact'
  if (match !== 'exact' && match !== 'iexact' && match !== 'partial' && match !== 'ipartial')
    throw invalid('match is exact, iexact, partial or ipartial')
  const limit = Number(query.get('limit') ?? PIN_LIMITS.defaultResults)
  if (!Number.isInteger(limit) || limit < 1 || limit > PIN_LIMITS.results)
    throw invalid(`limit is 1 … ${PIN_LIMITS.results}`)
  const name = query.get('name') ?? undefined
  if (name !== undefined && [...name].length > PIN_LIMITS.name) throw invalid('name is too long')
  const time = (parameter: string, absent: number) => {
    const text = query.get(parameter)
    const value = text === null ? absent : parseTime(text)
    if (Number.isNaN(value)) throw invalid(`${parameter} is not a time`)
    return value
  }
  let meta: unknown = {}
  try {
    meta = JSON.parse(query.get('meta') ?? '{}')
  } catch {
    throw invalid('meta is not JSON')
  }
  if (!isMeta(meta)) throw invalid('meta is an object of texts')
  return {
    cids: cids.map((cid) => String(parseCid(cid).toV1())),
    name,
    match,
    statuses: statuses.length === 0 ? ['pinned'] : (statuses as PinStatus[]),
    beforeMs: time('before', Number.POSITIVE_INFINITY),
    afterMs: time('after', Number.NEGATIVE_INFINITY),
    limit,
    meta,
  }
}

/** True when `record` is asked for. One CID in two versions or bases is one CID. */
export function isWanted({ pin, status, createdMs }: PinRecord, filter: PinFilter): boolean {
  if (!filter.statuses.includes(status) || createdMs >= filter.beforeMs || createdMs <= filter.afterMs) return false
  if (filter.cids.length > 0 && !filter.cids.includes(String(parseCid(pin.cid).toV1()))) return false
  if (!Object.entries(filter.meta).every(([key, value]) => pin.meta?.[key] === value)) return false
  if (filter.name === undefined) return true
  const fold = (text: string) => (filter.match.startsWith('i') ? text.toLowerCase() : text)
  const [name, wanted] = [fold(pin.name ?? ''), fold(filter.name)]
  return filter.match.endsWith('partial') ? name.includes(wanted) : name === wanted
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMeta(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.keys(value).length <= PIN_LIMITS.meta && Object.values(value).every(isText)
}

function invalid(what: string): StorageError {
  return new StorageError('STORAGE_INVALID_ARGUMENT', what)
}
