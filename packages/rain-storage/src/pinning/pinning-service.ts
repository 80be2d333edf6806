/**
 * The IPFS pinning service API 1.0 (github.com/ipfs/pinning-services-api-spec): `ipfs pin remote` and others hand over CIDs, this side fetches and keeps what they
 * reach. A handler from `Request` to `Response`; pins outlive a stop in an index.
 */

import { toHex } from '../content/bytes.ts'
import { parseCid } from '../content/cid.ts'
import { formatTime } from '../content/time.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import type { ObjectIndex } from '../s3/object-index.ts'
import { isWanted, MAX_PIN_BODY_BYTES, type Pin, type PinRecord, parseFilter, parsePin } from './pin-record.ts'
import type { PinTarget } from './pin-target.ts'

/** Pins that are fetched at a time. */
const MAX_RUNNING = 4
/** A pin that is not whole after this time has failed. */
export const PIN_DEADLINE_MS = 3_600_000

/** What {@link createPinningService} needs. */
export interface PinningOptions {
  /** what fetches and keeps the content */
  readonly target: PinTarget
  /** where pins are written down */
  readonly index: ObjectIndex
  /** the account of a bearer token: letters, digits and dashes; `undefined` for a token that is not known */
  readonly account: (token: string) => string | undefined | Promise<string | undefined>
  /** multiaddrs of this side that clients should connect to, at least one */
  readonly delegates: () => readonly string[]
  /** tries to connect to a client's addresses before fetching; failures do not matter */
  readonly connect?: (origin: string) => Promise<void>
  /** milliseconds after which a pin that is not whole has failed; default an hour */
  readonly deadlineMs?: number
  /** milliseconds since 1970 */
  readonly nowMs: () => number
  /** default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
}

/** A running service. */
export interface PinningService {
  readonly handler: (request: Request) => Promise<Response>
  /** Resolves when no pin is queued or being fetched. */
  idle(): Promise<void>
  /** Stops fetching; what was not finished begins again at the next start. */
  close(): Promise<void>
}

/** Starts the service; pins that a stop interrupted are queued again. */
export async function createPinningService(options: PinningOptions): Promise<PinningService> {
  const { target, index } = options
  const crypto = options.crypto ?? defaultCrypto()
  const { nowMs } = options
  const closing = new AbortController()
  const running = new Map<string, { stop: AbortController; done: Promise<void> }>()
  const queue: { account: string; requestid: string }[] = []
  let lastMs = 0
  /** One change of the index after another: reading and writing belong together. */
  let turn: Promise<unknown> = Promise.resolve()
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work)
    turn = next.catch(() => undefined)
    return next
  }

  const keyOf = (account: string, requestid: string) => `pin/${account}/${requestid}`
  const rootKey = (cid: string) => `root/${parseCid(cid).toV1()}/`
  const encode = (record: PinRecord) => new TextEncoder().encode(JSON.stringify(record))
  const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as PinRecord
  const find = async (account: string, requestid: string): Promise<PinRecord | undefined> => {
    const bytes = await index.get(keyOf(account, requestid))
    return bytes && decode(bytes)
  }

  function add(account: string, pin: Pin): Promise<PinRecord> {
    return exclusive(async () => {
      lastMs = Math.max(lastMs + 1, nowMs())
      // Ordered by time, newest last; the rest cannot be guessed.
      const requestid = `${lastMs.toString(36).padStart(9, '0')}-${toHex(crypto.randomBytes(12))}`
      const record: PinRecord = { requestid, status: 'queued', createdMs: lastMs, pin }
      await index.write([
        [keyOf(account, requestid), encode(record)],
        [`${rootKey(pin.cid)}${requestid}`, new TextEncoder().encode(account)],
      ])
      queue.push({ account, requestid })
      start()
      return record
    })
  }

  async function remove(account: string, record: PinRecord): Promise<void> {
    const { requestid, pin } = record
    const work = running.get(requestid)
    work?.stop.abort()
    await work?.done
    await exclusive(async () => {
      const own = rootKey(pin.cid)
      await index.write([
        [keyOf(account, requestid), undefined],
        [`${own}${requestid}`, undefined],
      ])
      for await (const _ of index.list(own, `${own}\uffff`)) return // another pin keeps it
      await target.unpin(parseCid(pin.cid))
    })
  }

  function start(): void {
    while (running.size < MAX_RUNNING && queue.length > 0 && !closing.signal.aborted) {
      const { account, requestid } = queue.shift()!
      const stop = new AbortController()
      const done = run(account, requestid, stop.signal).finally(() => {
        running.delete(requestid)
        start()
      })
      running.set(requestid, { stop, done })
    }
  }

  /** Fetches one pin; never rejects. */
  async function run(account: string, requestid: string, stopped: AbortSignal): Promise<void> {
    const change = (to: Pick<PinRecord, 'status'> & { info?: Record<string, string> }) =>
      exclusive(async () => {
        const now = await find(account, requestid)
        if (now !== undefined) await index.write([[keyOf(account, requestid), encode({ ...now, ...to })]])
      })
    const deadline = AbortSignal.timeout(options.deadlineMs ?? PIN_DEADLINE_MS)
    const signal = AbortSignal.any([stopped, closing.signal, deadline])
    try {
      const record = await find(account, requestid)
      if (record === undefined) return
      await change({ status: 'pinning' })
      await Promise.allSettled((record.pin.origins ?? []).map((origin) => options.connect?.(origin)))
      const bytes = await target.pin(parseCid(record.pin.cid), { signal })
      await change({ status: 'pinned', info: { dag_size: String(bytes) } })
    } catch (error) {
      if (stopped.aborted || closing.signal.aborted) return
      await change({
        status: 'failed',
        info: { status_details: deadline.aborted ? 'not fetched in time' : String((error as Error).message) },
      }).catch(() => undefined) // the index is gone: the pin begins again at the next start
    }
  }

  const publicForm = ({ requestid, status, createdMs, pin, info }: PinRecord) => ({
    requestid,
    status,
    created: formatTime(createdMs),
    pin,
    delegates: options.delegates(),
    ...(info === undefined ? {} : { info }),
  })

  async function list(account: string, query: URLSearchParams): Promise<Response> {
    const filter = parseFilter(query)
    const found: PinRecord[] = []
    for await (const [, bytes] of index.list(`pin/${account}/`, `pin/${account}/\uffff`)) {
      const record = decode(bytes)
      if (isWanted(record, filter)) found.push(record)
    }
    const results = found.reverse().slice(0, filter.limit).map(publicForm)
    return json(200, { count: found.length, results })
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    const account = token === undefined ? undefined : await options.account(token)
    if (account === undefined) return failure(401, 'UNAUTHORIZED', 'Access token is missing or invalid')
    const match = /^\/pins(?:\/([^/]+))?\/?$/.exec(url.pathname)
    if (match === null) return failure(404, 'NOT_FOUND', 'There are /pins and /pins/{requestid}')
    const requestid = match[1]
    const { method } = request
    if (requestid === undefined) {
      if (method === 'GET') return list(account, url.searchParams)
      if (method === 'POST') return json(202, publicForm(await add(account, parsePin(await bodyOf(request)))))
      return failure(405, 'METHOD_NOT_ALLOWED', 'GET and POST')
    }
    const record = await find(account, requestid)
    if (record === undefined) return failure(404, 'NOT_FOUND', 'There is no such pin')
    if (method === 'GET') return json(200, publicForm(record))
    if (method === 'POST') {
      // The new one first: blocks of both are never without a pin.
      const next = await add(account, parsePin(await bodyOf(request)))
      await remove(account, record)
      return json(202, publicForm(next))
    }
    if (method === 'DELETE') {
      await remove(account, record)
      return new Response(null, { status: 202 })
    }
    return failure(405, 'METHOD_NOT_ALLOWED', 'GET, POST and DELETE')
  }

  for await (const [key, bytes] of index.list('pin/', 'pin/\uffff')) {
    const record = decode(bytes)
    lastMs = Math.max(lastMs, record.createdMs)
    if (record.status === 'queued' || record.status === 'pinning')
      queue.push({ account: key.split('/')[1]!, requestid: record.requestid })
  }
  start()

  return {
    async handler(request) {
      try {
        return await answer(request)
      } catch (error) {
        if (isStorageError(error, 'STORAGE_INVALID_ARGUMENT')) return failure(400, 'BAD_REQUEST', error.message)
        if (isStorageError(error, 'STORAGE_LIMIT')) return failure(400, 'BAD_REQUEST', error.message)
        return failure(500, 'INTERNAL_SERVER_ERROR', isStorageError(error) ? error.code : 'The service failed')
      }
    },
    async idle() {
      await turn
      while (!closing.signal.aborted && (running.size > 0 || queue.length > 0)) {
        await Promise.all([...running.values()].map(({ done }) => done))
        await turn
      }
    },
    async close() {
      closing.abort()
      await Promise.all([...running.values()].map(({ done }) => done))
      await turn
    },
  }
}

async function bodyOf(request: Request): Promise<unknown> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body ?? []) {
    length += part.length
    if (length > MAX_PIN_BODY_BYTES)
      throw new StorageError('STORAGE_LIMIT', `A request has at most ${MAX_PIN_BODY_BYTES} bytes`, { length })
    parts.push(part)
  }
  try {
    return JSON.parse(await new Blob(parts as Uint8Array<ArrayBuffer>[]).text())
  } catch {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The body is not JSON')
  }
}

function json(status: number, value: unknown): Response {
  return Response.json(value, { status })
}

function failure(status: number, reason: string, details: string): Response {
  return json(status, { error: { reason, details } })
}
