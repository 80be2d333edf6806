/// <reference types="node" />
/** Serving a `Request` → `Response` handler with `node:http`: the gateway, S3 and WebDAV. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Options of {@link serveHttp}. */
export interface HttpServerOptions {
  /** answers requests, such as that of `createGateway` */
  readonly handler: (request: Request) => Promise<Response>
  /** 0 = any */
  readonly port: number
  /** interface to listen on; default 127.0.0.1 */
  readonly host?: string
  /** also answer as an HTTP proxy: whole URLs as request targets, and `CONNECT` as a tunnel to this very server. Default false */
  readonly proxy?: boolean
}

/** A running server. */
export interface HttpServer {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Milliseconds in which a client must have sent its headers. */
const HEADERS_TIMEOUT_MS = 20_000

const addresses = new WeakMap<Request, string>()

/** The address of the client that sent a request to {@link serveHttp}: behind a proxy, that of the proxy. */
export function remoteAddressOf(request: Request): string | undefined {
  return addresses.get(request)
}

/** Starts serving; resolves when it listens. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const host = options.host ?? '127.0.0.1'
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0, keepAliveTimeout: 5000 },
    (incoming, outgoing) => {
      answer(options, incoming, outgoing).catch(() => outgoing.destroy())
    },
  )
  // "100 Continue" is sent when the handler begins to read the body: a request that is refused need not send it. Other expectations are no reason to refuse.
  for (const event of ['checkContinue', 'checkExpectation'] as const) {
    server.on(event, (incoming: IncomingMessage, outgoing: ServerResponse) => {
      answer(options, incoming, outgoing, event === 'checkContinue').catch(() => outgoing.destroy())
    })
  }
  if (options.proxy) {
    server.on('connect', (_, socket, head: Buffer) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      if (head.length > 0) socket.unshift(head)
      server.emit('connection', socket)
    })
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  { handler, proxy }: HttpServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  expectsContinue = false,
): Promise<void> {
  const abort = new AbortController()
  outgoing.on('close', () => abort.abort())
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const whole = proxy && /^http:\/\//i.test(incoming.url ?? '')
  // "OPTIONS *" asks of the server as a whole
  const target = incoming.url === '*' ? '/' : (incoming.url ?? '/')
  const url = whole ? target : `http://${incoming.headers.host ?? 'localhost'}${target}`
  let response: Response
  let waiting = expectsContinue
  const goOn = () => {
    waiting = false
    outgoing.writeContinue()
  }
  try {
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal: abort.signal }
    if (hasBody) {
      init.body = bodyOf(incoming, expectsContinue ? goOn : undefined)
      init.duplex = 'half'
    }
    const request = new Request(url, init)
    const { remoteAddress } = incoming.socket
    if (remoteAddress !== undefined) addresses.set(request, remoteAddress)
    response = await handler(request)
  } catch (error) {
    if (!abort.signal.aborted) outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('internal error\n')
    else throw error
    return
  }
  // a client that was not told to go on sends its body, or does not: what follows cannot be told apart
  if (waiting) outgoing.setHeader('connection', 'close')
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null || method === 'HEAD') {
    await response.body?.cancel()
    outgoing.end()
  } else {
    await pipeline(Readable.fromWeb(response.body as never), outgoing)
  }
  incoming.resume() // a body that the handler left
}

/** The body as a stream; `onFirstRead` runs before its first bytes are asked for. */
function bodyOf(incoming: IncomingMessage, onFirstRead?: () => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>
  if (onFirstRead === undefined) return body
  const reader = body.getReader()
  let first = true
  return new ReadableStream(
    {
      async pull(controller) {
        if (first) onFirstRead()
        first = false
        const next = await reader.read()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
