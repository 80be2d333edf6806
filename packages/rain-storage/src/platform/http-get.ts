/// <reference types="node" />
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { Agent, get } from 'node:https'
import type { GetBytesPort } from '../blocks/gateway-source.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { type ConnectionRequest, type HttpConnection, openConnection } from './http-connection.ts'

/** Connections to one host. */
const MAX_SOCKETS = 16

/** GETs over kept-alive connections, the body read into one buffer of its announced length. `https:` goes through `node:https`. */
export function createHttpGet(): GetBytesPort {
  const pools = new Map<string, ConnectionPool>()
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  return (url, { headers, maxBytes, signal, into }) => {
    const { protocol, hostname, host, port, pathname, search } = new URL(url)
    if (protocol === 'https:') return secureGet(url, headers, maxBytes, signal, agent)
    const pool = pools.get(host) ?? createPool(hostname.replace(/^\[|\]$/g, ''), port === '' ? 80 : Number(port))
    pools.set(host, pool)
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    return pool.get({ path: pathname + search, headers: { host, ...headers }, maxBytes, signal, into })
  }
}

interface ConnectionPool {
  get(request: ConnectionRequest): Promise<{ status: number; bytes: Uint8Array }>
}

/** At most {@link MAX_SOCKETS} connections; further requests wait. */
function createPool(host: string, port: number): ConnectionPool {
  const idle: HttpConnection[] = []
  const waiting: (() => void)[] = []
  let open = 0
  return {
    async get(request) {
      if (open < MAX_SOCKETS) open++
      else await new Promise<void>((resolve) => waiting.push(resolve)) // takes over the place of one that ends
      try {
        for (;;) {
          request.signal.throwIfAborted()
          let kept = idle.pop()
          while (kept !== undefined && !kept.usable) kept = idle.pop()
          const connection = kept ?? openConnection(host, port)
          try {
            const answer = await connection.get(request)
            if (connection.usable) idle.push(connection)
            return answer
          } catch (error) {
            // A server may close a kept connection just when it is used again; a GET can be repeated.
            if (kept === undefined || !isStorageError(error, 'STORAGE_UNAVAILABLE') || !error.context.unanswered)
              throw error
          }
        }
      } finally {
        const next = waiting.shift()
        if (next === undefined) open--
        else next()
      }
    },
  }
}

function secureGet(
  url: string,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
  signal: AbortSignal,
  agent: Agent,
): ReturnType<GetBytesPort> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, signal, agent }, (response) => {
      const announced = Number(response.headers['content-length'] ?? Number.NaN)
      const tooMuch = (length: number) => {
        response.destroy()
        reject(new StorageError('STORAGE_LIMIT', `${url} gives ${length} bytes`, { url, length, maxBytes }))
      }
      if (announced > maxBytes) return tooMuch(announced)
      const whole = Number.isNaN(announced) ? undefined : Buffer.allocUnsafeSlow(announced)
      const parts: Buffer[] = []
      let have = 0
      response.on('data', (part: Buffer) => {
        if (whole === undefined) parts.push(part)
        else if (have + part.length <= announced) part.copy(whole, have)
        have += part.length
        if (have > maxBytes) tooMuch(have)
      })
      response.on('error', reject)
      response.on('end', () => {
        const body = whole ?? Buffer.concat(parts)
        if (whole !== undefined && have !== announced)
          reject(new StorageError('STORAGE_UNAVAILABLE', `${url} ended early`, { url }))
        else
          resolve({
            status: response.statusCode ?? 0,
            bytes: new Uint8Array(body.buffer, body.byteOffset, body.byteLength),
          })
      })
    })
    request.on('error', reject)
  })
}
