/// <reference types="node" />
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import type { PathMemory } from '../dial/path-memory.ts'
import { CdnError } from '../errors.ts'
import type { Fetch } from '../platform/system-fetch.ts'
import { dialTcp } from './dial-tcp.ts'

/** Flow-control window of a stream and of a connection: what is under way at 100 Mbit/s and a round trip of 300 ms fits in. */
const WINDOW_BYTES = 4 << 20
const DIAL_DEADLINE_MS = 10_000

/** Options of {@link createHttp2Fetch}. */
export interface Http2FetchOptions {
  /** Certificate authorities in PEM, in place of the system's. */
  ca?: string | Uint8Array
  /** Remembers addresses that were slow or dead; see `dial`. */
  memory?: PathMemory
}

/** A `fetch` over HTTP/2 with one connection a server. */
export interface Http2Fetch {
  readonly fetch: Fetch
  /** Ends all connections; requests under way fail. */
  close(): void
}

/**
 * GET over HTTP/2 for `httpSource({ fetch })`: all requests to a server share one connection (RFC 9113), dialled IPv6 first by Happy Eyeballs.
 * `https:` needs a server that offers `h2`; `http:` is HTTP/2 with prior knowledge. A connection that breaks is dialled anew by the next request.
 *
 * @throws CdnError `CDN_DIAL_FAILED` when no connection is made or the server does not speak HTTP/2, `CDN_SOURCE_FAILED` when it breaks; the signal's reason.
 */
export function createHttp2Fetch(options: Http2FetchOptions = {}): Http2Fetch {
  const sessions = new Map<string, Promise<ClientHttp2Session>>()
  const sessionOf = (origin: URL): Promise<ClientHttp2Session> => {
    const key = origin.origin
    let session = sessions.get(key)
    if (!session) {
      session = openSession(origin, options)
      sessions.set(key, session)
      const forget = () => {
        if (sessions.get(key) === session) sessions.delete(key)
      }
      session.then((opened) => opened.once('close', forget).once('goaway', forget), forget)
    }
    return session
  }
  return {
    async fetch(url, { headers, signal }) {
      signal?.throwIfAborted()
      const place = new URL(url)
      const session = await sessionOf(place)
      signal?.throwIfAborted()
      const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH } = constants
      const stream = session.request(
        { [HTTP2_HEADER_METHOD]: 'GET', [HTTP2_HEADER_PATH]: place.pathname + place.search, ...headers },
        { endStream: true },
      )
      return await answerOf(stream, place, signal)
    },
    close() {
      for (const session of sessions.values()) session.then((opened) => opened.destroy()).catch(() => {})
      sessions.clear()
    },
  }
}

function answerOf(stream: ClientHttp2Stream, place: URL, signal: AbortSignal | undefined): Promise<Response> {
  return new Promise((resolve, reject) => {
    const failed = (what: string, cause?: unknown) =>
      new CdnError('CDN_SOURCE_FAILED', `${place.origin}: ${what}`, { url: place.href }, { cause })
    let failure: unknown
    const onAbort = () => {
      failure ??= signal!.reason
      stream.close(constants.NGHTTP2_CANCEL)
      reject(failure)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    stream.once('aborted', () => {
      failure ??= failed('the connection broke')
    })
    stream.once('error', (cause) => {
      failure ??= failed(cause.message, cause)
    })
    stream.once('close', () => {
      signal?.removeEventListener('abort', onAbort)
      reject(failure ?? failed('no answer'))
    })
    stream.once('response', (received) => {
      const status = Number(received[constants.HTTP2_HEADER_STATUS])
      const headers = new Headers()
      for (const [name, value] of Object.entries(received)) {
        if (!name.startsWith(':') && value !== undefined) headers.set(name, String(value))
      }
      const empty = status === 204 || status === 304
      resolve(
        new Response(empty ? null : bodyOf(stream, headers.get('content-length'), () => failure), { status, headers }),
      )
    })
  })
}

/**
 * Node takes a stream whose connection went away for one that ended. Here what is shorter than announced is an error, as RFC 9113 §8.1.1 has it.
 */
function bodyOf(
  stream: ClientHttp2Stream,
  contentLength: string | null,
  failure: () => unknown,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let over = false
  let received = 0
  return new ReadableStream({
    start(controller) {
      stream.on('data', (chunk: Buffer<ArrayBuffer>) => {
        if (over) return
        received += chunk.length
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
        if ((controller.desiredSize ?? 0) <= 0) stream.pause()
      })
      stream.once('close', () => {
        if (over) return
        over = true
        const short = contentLength !== null && received !== Number(contentLength)
        const reason =
          failure() ??
          (short && new CdnError('CDN_SOURCE_FAILED', `${received} of ${contentLength} bytes came`, { received }))
        if (reason) controller.error(reason)
        else controller.close()
      })
    },
    pull() {
      stream.resume()
    },
    cancel() {
      over = true
      stream.close(constants.NGHTTP2_CANCEL)
    },
  })
}

async function openSession(origin: URL, { ca, memory }: Http2FetchOptions): Promise<ClientHttp2Session> {
  const secure = origin.protocol === 'https:'
  if (!secure && origin.protocol !== 'http:')
    throw new CdnError('CDN_INVALID_ARGUMENT', `${origin.protocol} is not HTTP`, { url: origin.href })
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const { connection: socket } = await dialTcp(host, Number(origin.port || (secure ? 443 : 80)), {
    signal: AbortSignal.timeout(DIAL_DEADLINE_MS),
    ...(memory ? { memory } : {}),
  })
  const failed = (message: string, cause?: unknown) =>
    new CdnError('CDN_DIAL_FAILED', `${origin.origin}: ${message}`, { host }, { cause })
  const session = connect(origin.origin, {
    createConnection: () =>
      secure
        ? connectTls({
            socket,
            servername: host,
            ALPNProtocols: ['h2'],
            ...(ca ? { ca: typeof ca === 'string' ? ca : Buffer.from(ca) } : {}),
          })
        : socket,
    settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
  })
  return await new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(DIAL_DEADLINE_MS)
    const onLate = () => session.destroy(failed(`no HTTP/2 within ${DIAL_DEADLINE_MS} ms`))
    deadline.addEventListener('abort', onLate, { once: true })
    // Errors after this are told to the requests that they break.
    session.on('error', (error) => reject(error instanceof CdnError ? error : failed(error.message, error)))
    session.once('close', () => reject(failed('the server does not speak HTTP/2')))
    session.once('remoteSettings', () => {
      deadline.removeEventListener('abort', onLate)
      session.setLocalWindowSize(WINDOW_BYTES)
      resolve(session)
    })
  })
}
