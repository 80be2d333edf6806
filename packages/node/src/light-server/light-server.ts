/** JSON-RPC over HTTP whose every answer a light node has proved: what wallets and scripts that know nothing of light nodes are pointed at. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NodeError } from '../errors.ts'
import type { LightNode } from '../light/light-node.ts'

const MAX_BODY_BYTES = 5 * 1024 * 1024
const MAX_BATCH = 100
const PARSE_ERROR = { code: -32_700, message: 'parse error' }
const INVALID_REQUEST = { code: -32_600, message: 'invalid request' }

/** A running JSON-RPC server over a light node, made by {@link serveLightNode}. */
export interface LightServer {
  /** Where it listens: `http://127.0.0.1:8545`. */
  readonly url: string
  /** Takes no more requests and closes every connection. The light node goes on. */
  close(): Promise<void>
}

/**
 * Serves `node` at `host` and `port` (0: a free one): single calls and batches of up to 100 over POST, `/health` for supervisors (503 while no
 * block is verified). What cannot be proved is refused, never passed on. Errors: `NODE_PORT_TAKEN`.
 */
export async function serveLightNode(
  node: LightNode,
  { host = '127.0.0.1', port }: { host?: string; port: number },
): Promise<LightServer> {
  const server = createServer((request, response) => {
    serve(node, request, response).catch(() => {
      if (!response.headersSent) end(response, 500, '')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new NodeError(
          error.code === 'EADDRINUSE' ? 'NODE_PORT_TAKEN' : 'NODE_INVALID_ARGUMENT',
          error.code === 'EADDRINUSE'
            ? `port ${port} on ${host} is taken; choose another with --port`
            : `cannot listen on ${host}:${port}: ${error.message}`,
          { host, port },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  const taken = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}

async function serve(node: LightNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('access-control-allow-origin', '*')
  if (request.method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'POST')
    response.setHeader('access-control-allow-headers', 'content-type')
    return end(response, 204, '')
  }
  if (request.method === 'GET' && request.url === '/health')
    return end(response, node.status.phase === 'ready' ? 200 : 503, JSON.stringify(node.status))
  if (request.method !== 'POST') return end(response, 405, 'JSON-RPC 2.0 over POST\n')
  const body = await readBody(request)
  if (body === undefined) {
    response.setHeader('connection', 'close')
    return end(response, 413, JSON.stringify({ jsonrpc: '2.0', id: null, error: INVALID_REQUEST }))
  }
  const answer = await handle(node, body)
  end(response, answer === undefined ? 204 : 200, answer === undefined ? '' : JSON.stringify(answer))
}

async function handle(node: LightNode, body: string): Promise<unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { jsonrpc: '2.0', id: null, error: PARSE_ERROR }
  }
  if (!Array.isArray(parsed)) return answer(node, parsed)
  if (parsed.length === 0 || parsed.length > MAX_BATCH) {
    const message = `a batch has 1 to ${MAX_BATCH} calls`
    return { jsonrpc: '2.0', id: null, error: { ...INVALID_REQUEST, message } }
  }
  const answers = (await Promise.all(parsed.map((one) => answer(node, one)))).filter((one) => one !== undefined)
  return answers.length > 0 ? answers : undefined
}

/** Undefined for a notification. */
async function answer(node: LightNode, call: unknown): Promise<unknown> {
  const { id, method, params } = (call ?? {}) as { id?: unknown; method?: unknown; params?: unknown }
  const named = typeof id === 'string' || typeof id === 'number' || id === null
  if (typeof method !== 'string' || (id !== undefined && !named) || (params !== undefined && !Array.isArray(params)))
    return { jsonrpc: '2.0', id: named ? id : null, error: INVALID_REQUEST }
  try {
    // Of itself it tells what it knows; all else it proves.
    const result =
      method === 'zos_status'
        ? node.status
        : await node.provider.request({ method, params: (params ?? []) as unknown[] })
    return id === undefined ? undefined : { jsonrpc: '2.0', id, result }
  } catch (error) {
    const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown }
    const told = {
      code: typeof code === 'number' ? code : -32_603,
      message: String(message),
      ...(data ? { data } : {}),
    }
    return id === undefined ? undefined : { jsonrpc: '2.0', id, error: told }
  }
}

/** Undefined when it is larger than allowed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
