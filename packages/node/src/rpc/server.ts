import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { NodeError } from '../errors.ts'
import { explorerBody, explorerHeaders } from '../explorer/page.ts'
import type { RpcContext } from './context.ts'
import type { Health } from './health.ts'
import type { RpcRouter } from './router.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createGathering } from './turns.ts'

/** A batch of 1,000 transactions of 2 KiB, in hex. */
const MAX_BODY_BYTES = 5 * 1024 * 1024
/** What may wait for a client that does not read its WebSocket; beyond it the connection is closed. */
const MAX_WEBSOCKET_BACKLOG = 16 * 1024 * 1024
/** What a running call has to finish when the server closes. */
const CLOSE_GRACE_MS = 1_000

/** Longer than clients keep idle connections: one that the server closes first is a request lost. */
const KEEP_ALIVE_MS = 75_000

export interface RpcServer {
  url: string
  port: number
  /** Stops accepting, lets running calls finish, closes every connection. */
  close(): Promise<void>
}

export interface RpcServerOptions {
  host: string
  /** 0 lets the system choose. */
  port: number
  health: () => Health
  onError: (error: unknown, method: string) => void
}

/** JSON-RPC over HTTP and WebSocket on one port, the explorer's page at `/`, and `/health` for supervisors. Errors: `NODE_PORT_TAKEN`. */
export async function startRpcServer(
  context: RpcContext,
  router: RpcRouter,
  options: RpcServerOptions,
): Promise<RpcServer> {
  const gathering = createGathering()
  const server = createServer((request, response) => {
    serve(router, options, request, response, gathering).catch((error) => {
      options.onError(error, 'http')
      if (!response.headersSent) end(response, 500, '')
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const sockets = serveWebSockets(server, router, context, options)
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        const { clients } = sockets
        for (const socket of clients) socket.close(1001, 'the node is stopping')
        setTimeout(() => {
          for (const socket of clients) socket.terminate()
          server.closeAllConnections()
        }, CLOSE_GRACE_MS).unref()
      }),
  }
}

function listen(server: Server, { host, port }: RpcServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new NodeError('NODE_PORT_TAKEN', `port ${port} on ${host} is taken; choose another with --port`, {
              host,
              port,
            })
          : new NodeError(
              'NODE_INVALID_ARGUMENT',
              `cannot listen on ${host}:${port}: ${error.message}`,
              { host, port },
              { cause: error },
            ),
      ),
    )
    server.listen(port, host, resolve)
  })
}

async function serve(
  router: RpcRouter,
  { health }: RpcServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  gathering: () => Promise<void>,
): Promise<void> {
  if (request.method === 'OPTIONS') {
    const allowed = ['access-control-allow-methods', 'POST', 'access-control-allow-headers', 'content-type']
    return end(response, 204, '', allowed)
  }
  if (request.method === 'GET' && request.url === '/health') {
    const answer = health()
    return end(response, answer.healthy ? 200 : 503, JSON.stringify(answer))
  }
  if (request.method === 'GET') return servePage(request, response)
  if (request.method !== 'POST') return end(response, 405, 'JSON-RPC 2.0 over POST\n')
  const body = await readBody(request)
  if (body === undefined) {
    return end(
      response,
      413,
      JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'request body too large' } }),
      ['connection', 'close'],
    )
  }
  await gathering()
  const answer = await router.handle(body)
  end(response, answer === undefined ? 204 : 200, answer ?? '')
}

function servePage(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.split('?')[0] === '/') response.writeHead(200, explorerHeaders).end(explorerBody)
  else end(response, 404, '')
}

/** Head and body in one write; the head as a list of names and values, which Node takes as it is. */
function end(response: ServerResponse, status: number, body: string, more: readonly string[] = []): void {
  const length = Buffer.byteLength(body)
  // RFC 9110 §8.6: no content has no length either.
  const about = status === 204 ? [] : ['content-type', 'application/json', 'content-length', String(length)]
  response.writeHead(status, ['access-control-allow-origin', '*', ...about, ...more])
  // Of as many bytes as characters: nothing to encode.
  response.end(body, length === body.length ? 'latin1' : 'utf8')
}

/** The body as text; undefined when it is larger than allowed. By events: an iterator costs a small call more than answering it. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) {
        request.pause()
        resolve(undefined)
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8')))
    request.on('error', reject)
  })
}

function serveWebSockets(
  server: Server,
  router: RpcRouter,
  context: RpcContext,
  { onError }: RpcServerOptions,
): WebSocketServer {
  const sockets = new WebSocketServer({ server, maxPayload: MAX_BODY_BYTES })
  sockets.on('error', () => {}) // the HTTP server reports its own
  sockets.on('connection', (socket) => {
    const send = (text: string) => {
      if (socket.bufferedAmount > MAX_WEBSOCKET_BACKLOG) socket.terminate()
      else socket.send(text)
    }
    const subscriptions = createSubscriptions(context, send)
    socket.on('message', (data) => {
      router.handle(data.toString(), subscriptions.intercept).then(
        (answer) => answer !== undefined && socket.readyState === socket.OPEN && send(answer),
        (error) => onError(error, 'websocket'),
      )
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => subscriptions.close())
  })
  server.on('close', () => sockets.close())
  return sockets
}
