/// <reference types="node" />
import { lookup, Resolver } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import type { Family } from '../dial/address.ts'
import { type Dialled, dial } from '../dial/happy-eyeballs.ts'
import type { PathMemory } from '../dial/path-memory.ts'

/** The addresses of a host in one family: of `/etc/hosts` and the system first, else straight from DNS. */
export async function resolveHost(host: string, family: Family): Promise<readonly string[]> {
  const literal = isIP(host)
  if (literal) return literal === family ? [host] : []
  try {
    const found = await lookup(host, { all: true, family })
    return found.map(({ address }) => address)
  } catch {
    const resolver = new Resolver()
    return family === 6 ? resolver.resolve6(host) : resolver.resolve4(host)
  }
}

/** A TCP connection to a host by {@link dial}: IPv6 first, without waiting for what is broken. */
export function dialTcp(
  host: string,
  port: number,
  options: { signal?: AbortSignal; memory?: PathMemory; resolve?: typeof resolveHost } = {},
): Promise<Dialled<Socket>> {
  const { resolve = resolveHost, ...rest } = options
  return dial<Socket>({
    ...rest,
    host,
    resolve,
    connect: ({ ip, family }, { signal }) =>
      new Promise((won, lost) => {
        const socket = connect({ host: ip, port, family })
        const onAbort = () => {
          socket.destroy()
          lost(signal.reason)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        socket.once('error', (error) => {
          signal.removeEventListener('abort', onAbort)
          lost(error)
        })
        socket.once('connect', () => {
          signal.removeEventListener('abort', onAbort)
          socket.removeAllListeners('error')
          won(socket)
        })
      }),
    close: (socket) => socket.destroy(),
  })
}
