/// <reference types="node" />
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Dialled } from '../dial/happy-eyeballs.ts'
import type { PathMemory } from '../dial/path-memory.ts'
import { CdnError } from '../errors.ts'
import { dialTcp, type resolveHost } from './dial-tcp.ts'

/** What this module needs of a WebSocket of the package `ws`. */
interface Openable {
  once(event: 'open', run: () => void): unknown
  once(event: 'error', run: (error: Error) => void): unknown
  terminate(): void
}
/** The class `WebSocket` of the package `ws`: the platform's own cannot be given a connection. */
export type WebSocketClass<W extends Openable> = new (
  url: string,
  protocols: string[],
  options: { createConnection: () => Socket },
) => W

/**
 * A WebSocket over a connection that Happy Eyeballs made (RFC 8305): IPv6 first, never waiting for what is broken. Browsers do this by themselves.
 *
 * @throws CdnError `CDN_DIAL_FAILED` when no address answers or the handshake fails; the signal's reason.
 */
export async function dialWebSocket<W extends Openable>(
  url: string,
  WebSocket: WebSocketClass<W>,
  options: { signal?: AbortSignal; memory?: PathMemory; resolve?: typeof resolveHost; protocols?: string[] } = {},
): Promise<Dialled<W>> {
  const { protocols = [], ...dialling } = options
  const { hostname, port, protocol } = new URL(url)
  const secure = protocol === 'wss:'
  if (!secure && protocol !== 'ws:')
    throw new CdnError('CDN_INVALID_ARGUMENT', `${url} is not a ws: or wss: address`, { url })
  const host = hostname.replace(/^\[|\]$/g, '')
  const { connection, address, attempts } = await dialTcp(host, Number(port || (secure ? 443 : 80)), dialling)
  const socket = new WebSocket(url, protocols, {
    createConnection: () => (secure ? connectTls({ socket: connection, servername: host }) : connection),
  })
  await new Promise<void>((resolve, reject) => {
    const { signal } = options
    const onAbort = () => {
      socket.terminate()
      reject(signal!.reason)
    }
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('open', () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    socket.once('error', (cause) => {
      signal?.removeEventListener('abort', onAbort)
      reject(
        signal?.aborted
          ? signal.reason
          : new CdnError('CDN_DIAL_FAILED', `${url}: ${cause.message}`, { host }, { cause }),
      )
    })
  })
  return { connection: socket, address, attempts }
}
