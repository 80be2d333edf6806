/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { HubError, isHubError } from '../errors.ts'
import type { RelayEndpoint } from '../relayer/endpoint.ts'
import { createRelayer, type RelayProgress } from '../relayer/relayer.ts'
import { type ChainConfig, parseConfig } from './config.ts'
import { createFileCursors } from './file-cursors.ts'

const DEFAULT_IDLE_MS = 1000
/** A chain that does not answer is asked again after this much longer each time, up to a minute. */
const MAX_BACKOFF_MS = 60_000

/** Where a module is: files by the configuration's folder, packages as seen from there, URLs as they are. */
function locate(name: string, base: string): string {
  if (name.startsWith('file:')) return name
  if (name.startsWith('.')) return pathToFileURL(resolve(base, name)).href
  try {
    return pathToFileURL(createRequire(resolve(base, 'relay.json')).resolve(name)).href
  } catch (cause) {
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      `cannot find the module ${name} from ${base}`,
      { module: name },
      { cause },
    )
  }
}

/** The endpoint that a chain's module makes. Throws `HUB_INVALID_ARGUMENT` where there is none. */
export async function loadEndpoint(chain: ChainConfig, base: string): Promise<RelayEndpoint> {
  const target = locate(chain.module, base)
  const module = await (
    import(target) as Promise<{ createEndpoint?: (options: unknown) => RelayEndpoint | Promise<RelayEndpoint> }>
  ).catch((cause) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      `cannot load ${chain.module}: ${reason}`,
      { module: chain.module },
      { cause },
    )
  })
  if (!module.createEndpoint)
    throw new HubError('HUB_INVALID_ARGUMENT', `${chain.module} exports no createEndpoint`, { module: chain.module })
  return module.createEndpoint(chain.options ?? {})
}

const METRICS: readonly (readonly [
  name: string,
  kind: 'counter' | 'gauge',
  field: keyof RelayProgress,
  help: string,
])[] = [
  ['received_total', 'counter', 'received', 'Packets delivered to their destination'],
  ['acknowledged_total', 'counter', 'acknowledged', 'Acknowledgements delivered to their source'],
  ['timed_out_total', 'counter', 'timedOut', 'Packets timed out at their source'],
  ['pending', 'gauge', 'pending', 'Packets whose life is not over'],
  ['client_updates_total', 'counter', 'clientUpdates', 'Headers delivered to light clients'],
  ['rejected_total', 'counter', 'rejected', 'Messages that a chain refused'],
]

/** The counters of every path in Prometheus' text format. */
function metricsText(progress: ReadonlyMap<string, RelayProgress>): string {
  return METRICS.map(([name, kind, field, help]) => {
    const lines = [...progress].map(([path, p]) => `zos_relay_${name}{path=${JSON.stringify(path)}} ${p[field]}\n`)
    return `# HELP zos_relay_${name} ${help}\n# TYPE zos_relay_${name} ${kind}\n${lines.join('')}`
  }).join('')
}

/** Serves the counters until it is closed. Throws `HUB_INVALID_ARGUMENT` for a port that is taken. */
async function serveMetrics(port: number, progress: ReadonlyMap<string, RelayProgress>): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(metricsText(progress))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (cause) =>
      reject(
        new HubError(
          'HUB_INVALID_ARGUMENT',
          `cannot serve metrics on port ${port}: ${cause.message}`,
          { port },
          { cause },
        ),
      ),
    )
    server.listen(port, '127.0.0.1')
  })
  return server
}

/** Relays until SIGINT or SIGTERM, or with `once` until nothing is left. Each path runs by itself; one that fails does not hold up others. */
export async function relay(options: { config: string; once: boolean; metricsPort?: number }): Promise<void> {
  const config = parseConfig(readFileSync(options.config, 'utf8'))
  const base = dirname(resolve(options.config))
  const cursors = createFileCursors(resolve(base, config.cursorFile))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const progress = new Map<string, RelayProgress>()
  const server = options.metricsPort === undefined ? undefined : await serveMetrics(options.metricsPort, progress)

  const one = async (path: (typeof config.paths)[number]) => {
    const [a, b] = [await loadEndpoint(path.a, base), await loadEndpoint(path.b, base)]
    const end = (endpoint: RelayEndpoint, { clientId, channels, startHeight }: ChainConfig) => ({
      endpoint,
      clientId,
      ...(channels ? { channels } : {}),
      ...(startHeight === undefined ? {} : { startHeight: BigInt(startHeight) }),
    })
    const relayer = createRelayer({
      a: end(a, path.a),
      b: end(b, path.b),
      cursors,
      signer: config.signer,
      ...(config.batchSize ? { batchSize: config.batchSize } : {}),
      onProgress: (p) => {
        progress.set(path.name, p)
        console.log(
          `${path.name}: received ${p.received}, acknowledged ${p.acknowledged}, timed out ${p.timedOut}, pending ${p.pending}`,
        )
      },
      onRejected: (chain, message, reason) =>
        console.error(`${path.name}: ${chain} refused ${message.typeUrl}: ${reason}`),
    })
    progress.set(path.name, relayer.progress)
    let wait = config.idleMs ?? DEFAULT_IDLE_MS
    while (!stop.signal.aborted) {
      try {
        const did = await relayer.step({ signal: stop.signal })
        wait = config.idleMs ?? DEFAULT_IDLE_MS
        if (did) continue
        if (options.once) return
      } catch (error) {
        if (isHubError(error, 'HUB_ABORTED')) return
        if (options.once) throw error
        wait = Math.min(wait * 2, MAX_BACKOFF_MS)
        console.error(`${path.name}: ${error instanceof Error ? error.message : String(error)}; next try in ${wait} ms`)
      }
      await sleep(wait, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  try {
    await Promise.all(config.paths.map(one))
  } finally {
    server?.close()
  }
}
