import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NodeError } from '../errors.ts'
import type { Registry } from './registry.ts'

/** Serves `registry` at `/metrics`. Errors: `NODE_PORT_TAKEN`. */
export async function serveMetrics(
  registry: Registry,
  { host = '127.0.0.1', port }: { host?: string; port: number },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(registry.text())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new NodeError(
          error.code === 'EADDRINUSE' ? 'NODE_PORT_TAKEN' : 'NODE_INVALID_ARGUMENT',
          `cannot serve metrics on ${host}:${port}: ${error.message}`,
          { host, port },
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
