/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { HubError } from '../errors.ts'
import { type ConnectableEndpoint, connectV1, connectV2 } from '../relayer/connect.ts'
import type { RelayEndpoint } from '../relayer/endpoint.ts'
import { type ChainConfig, parseConfig } from './config.ts'
import { loadEndpoint } from './run.ts'

function connectable(endpoint: RelayEndpoint, { module }: ChainConfig): ConnectableEndpoint {
  if (!('clientStates' in endpoint))
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      `the endpoint of ${module} has no clientStates, so no client of it can be made`,
      {
        module,
      },
    )
  return endpoint as ConnectableEndpoint
}

/** What belongs into a chain's part of the configuration once its path is open. */
export interface OpenedEnd {
  readonly clientId: string
  readonly channels?: readonly { readonly port: string; readonly channel: string }[]
}

/**
 * Opens the path named `path` of a configuration: a pair of clients for IBC v2, or with `port` for v1 also a connection and an unordered transfer channel between that
 * port on both chains. Clients that the file names already are not used.
 */
export async function connect(options: {
  config: string
  path: string
  port?: string
}): Promise<{ readonly a: OpenedEnd; readonly b: OpenedEnd }> {
  const { paths, signer } = parseConfig(readFileSync(options.config, 'utf8'), { connected: false })
  const path = paths.find(({ name }) => name === options.path)
  if (!path)
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      `no path "${options.path}" in ${options.config}; there are ${paths.map(({ name }) => name).join(', ')}`,
      { path: options.path },
    )
  const base = dirname(resolve(options.config))
  const a = connectable(await loadEndpoint(path.a, base), path.a)
  const b = connectable(await loadEndpoint(path.b, base), path.b)
  const { port } = options
  if (port === undefined) {
    const { clientA, clientB } = await connectV2(a, b, signer)
    return { a: { clientId: clientA }, b: { clientId: clientB } }
  }
  const { clientA, clientB, channelA, channelB } = await connectV1(a, b, signer, { portA: port, portB: port })
  return {
    a: { clientId: clientA, channels: [{ port, channel: channelA }] },
    b: { clientId: clientB, channels: [{ port, channel: channelB }] },
  }
}
