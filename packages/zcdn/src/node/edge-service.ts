/// <reference types="node" />
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CID } from 'multiformats/cid'
import type { Clock } from '../clock.ts'
import { EDGE_HEADERS, fromHex, toBase64Url } from '../edge/result/headers.ts'
import { encodeSignedResult, type SignedResult } from '../edge/result/record.ts'
import { RUN_LIMITS } from '../edge/run/limits.ts'
import type { EdgePool, EdgeRunOptions } from '../edge/run/pool.ts'
import { CdnError, type CdnErrorCode, isCdnError } from '../errors.ts'
import type { Metric } from '../metrics.ts'
import { systemClock } from '../platform/system-clock.ts'

/** Options of {@link createEdgeService}. */
export interface EdgeServiceOptions {
  /** Where functions run. */
  readonly pool: EdgePool
  /** Fuel limit of a request that names none. Default 1e9. */
  readonly defaultFuel?: number
  /** Largest fuel limit of a request. Default 1e10. */
  readonly maxFuel?: number
  /** Fuel that one client (an IPv4 address, an IPv6 /64) may use a second in the mean. Default 1e9. */
  readonly fuelPerSecond?: number
  /** Fuel that it may save up. Default 1e10. */
  readonly burstFuel?: number
  /** Requests of one client at once. Default 8. */
  readonly maxPerClient?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/** Answers `POST /edge/<cid>`; see `CdnServerOptions.edge`. */
export interface EdgeService {
  handle(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<void>
  metrics(): Metric[]
}

/** Clients that quotas are kept for; the one seen longest ago is forgotten, which gives it a full quota again. */
const MAX_CLIENTS = 10_000

const STATUS: Partial<Record<CdnErrorCode, number>> = {
  CDN_INVALID_ARGUMENT: 400,
  CDN_EDGE_MALFORMED: 422,
  CDN_EDGE_REFUSED: 422,
  CDN_EDGE_TRAPPED: 422,
  CDN_EDGE_OUT_OF_FUEL: 422,
  CDN_EDGE_STACK: 422,
  CDN_EDGE_CONTENT_MISSING: 404,
  CDN_EDGE_BUSY: 503,
  CDN_EDGE_DEADLINE: 504,
}

const CLIENTS_FAULT: readonly CdnErrorCode[] = ['CDN_EDGE_DEADLINE', 'CDN_EDGE_MALFORMED', 'CDN_EDGE_REFUSED']

interface Client {
  fuel: number
  at: number
  running: number
}

/** Edge functions over HTTP: each request pays fuel from its client's quota, and answers carry the signed result in `zos-result`. */
export function createEdgeService(options: EdgeServiceOptions): EdgeService {
  const {
    pool,
    defaultFuel = 1e9,
    maxFuel = 1e10,
    fuelPerSecond = 1e9,
    burstFuel = 1e10,
    maxPerClient = 8,
    clock = systemClock,
  } = options
  const clients = new Map<string, Client>()
  let overQuota = 0

  /** The client with its fuel as of now. */
  const clientOf = (address: string): Client => {
    const key = address.startsWith('::ffff:') ? address.slice(7) : address.includes(':') ? prefix64(address) : address
    const now = clock.now()
    const client = clients.get(key) ?? { fuel: burstFuel, at: now, running: 0 }
    client.fuel = Math.min(burstFuel, client.fuel + ((now - client.at) / 1000) * fuelPerSecond)
    client.at = now
    clients.delete(key)
    clients.set(key, client)
    if (clients.size > MAX_CLIENTS) clients.delete(clients.keys().next().value!)
    return client
  }

  async function handle(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<void> {
    const reply = (status: number, body: string | Uint8Array, more: Record<string, string> = {}) => {
      if (response.destroyed) return
      response.writeHead(status, {
        ...headers,
        'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...more,
      })
      response.end(body)
    }
    if (request.method !== 'POST') return reply(405, 'POST /edge/<cid>\n', { allow: 'POST' })
    const gone = new AbortController()
    response.once('close', () => gone.abort(new CdnError('CDN_ABORTED', 'the client left')))
    const client = clientOf(request.socket.remoteAddress ?? '')
    let reserved = 0
    let used = 0
    client.running++
    try {
      const code = parseCid(path.slice('/edge/'.length))
      const run = { fuel: defaultFuel, ...readOptions(request), signal: gone.signal }
      if (run.fuel > maxFuel)
        return reply(400, `a fuel limit of ${run.fuel}, ${maxFuel} are allowed\n`, {
          [EDGE_HEADERS.fuelLimit]: `${maxFuel}`,
        })
      if (client.running > maxPerClient || client.fuel < run.fuel) {
        overQuota++
        const seconds = Math.max(1, Math.ceil((run.fuel - client.fuel) / fuelPerSecond))
        return reply(429, 'over the quota\n', { 'retry-after': `${seconds}` })
      }
      reserved = run.fuel
      client.fuel -= reserved
      const input = await readBody(request)
      // What is still on its way is not read; in HTTP/1 that ends the connection.
      const close: Record<string, string> = request.httpVersionMajor === 1 ? { connection: 'close' } : {}
      if (!input) return reply(413, `more than ${RUN_LIMITS.inputBytes} bytes\n`, close)
      const limits = { [EDGE_HEADERS.fuelLimit]: `${run.fuel}` }
      const result = await pool.run(code, input, run)
      used = result.fuel
      reply(result.exitCode === 0 ? 200 : 422, result.output, {
        ...limits,
        [EDGE_HEADERS.fuel]: `${used}`,
        [EDGE_HEADERS.status]: 'done',
        [EDGE_HEADERS.exitCode]: `${result.exitCode}`,
        ...signedHeader(result.signed),
      })
    } catch (error) {
      if (!isCdnError(error)) throw error
      const { fuel, signed } = error.context as { fuel?: number; signed?: SignedResult }
      // What this runner could not do itself is not the client's to pay; what a deadline ended is, and a module that is none.
      used = fuel ?? (CLIENTS_FAULT.includes(error.code) ? reserved : 0)
      reply(STATUS[error.code] ?? 500, `${error.code}: ${error.message}\n`, {
        ...(fuel !== undefined && { [EDGE_HEADERS.fuel]: `${fuel}` }),
        ...(signed && { [EDGE_HEADERS.status]: signed.record.status }),
        ...signedHeader(signed),
        ...(error.code === 'CDN_EDGE_BUSY' && { 'retry-after': '1' }),
      })
    } finally {
      client.running--
      client.fuel += reserved - used
    }
  }
  return {
    handle,
    metrics: () => [
      ...pool.metrics(),
      {
        name: 'zcdn_edge_over_quota_total',
        help: 'Requests refused because their client had used its quota.',
        type: 'counter',
        values: [{ value: overQuota }],
      },
    ],
  }
}

const signedHeader = (signed: SignedResult | undefined): Record<string, string> =>
  signed ? { [EDGE_HEADERS.result]: toBase64Url(encodeSignedResult(signed)) } : {}

function parseCid(text: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new CdnError('CDN_INVALID_ARGUMENT', 'POST /edge/<cid>', {}, { cause })
  }
}

function readOptions({ headers }: IncomingMessage): EdgeRunOptions {
  const number = (name: string): number | undefined => {
    const text = headers[name]
    if (text === undefined) return undefined
    if (typeof text !== 'string' || !/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
      throw new CdnError('CDN_INVALID_ARGUMENT', `${name} must be a number`, { [name]: text })
    return Number(text)
  }
  const fuel = number(EDGE_HEADERS.fuelLimit)
  const deadlineMs = number(EDGE_HEADERS.deadlineMs)
  const nowMs = number(EDGE_HEADERS.nowMs)
  const seedText = headers[EDGE_HEADERS.seed]
  const seed = typeof seedText === 'string' ? fromHex(seedText) : undefined
  if (seedText !== undefined && seed?.length !== 32)
    throw new CdnError('CDN_INVALID_ARGUMENT', `${EDGE_HEADERS.seed} must be 64 hexadecimal digits`)
  const reads = headers[EDGE_HEADERS.reads]
  return {
    ...(fuel !== undefined && { fuel }),
    ...(deadlineMs !== undefined && { deadlineMs: Math.max(1, deadlineMs) }),
    ...(nowMs !== undefined && { nowMs }),
    ...(seed && { seed }),
    ...(typeof reads === 'string' && {
      reads: reads.split(',', RUN_LIMITS.contents + 1).map((text) => parseCid(text.trim())),
    }),
  }
}

/** `undefined` when it is too long. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > RUN_LIMITS.inputBytes) return undefined
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > RUN_LIMITS.inputBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The first half of an IPv6 address, of which one client has all. */
function prefix64(address: string): string {
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const middle = tail === undefined ? [] : new Array(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...middle, ...right].slice(0, 4).join(':')
}
