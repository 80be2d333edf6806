/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
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

async function load(chain: ChainConfig, base: string): Promise<RelayEndpoint> {
  const target = locate(chain.module, base)
  const module = (await import(target)) as {
    createEndpoint?: (options: unknown) => RelayEndpoint | Promise<RelayEndpoint>
  }
  if (!module.createEndpoint)
    throw new HubError('HUB_INVALID_ARGUMENT', `${chain.module} exports no createEndpoint`, { module: chain.module })
  return module.createEndpoint(chain.options ?? {})
}

const METRICS: readonly (keyof RelayProgress)[] = [
  'received',
  'acknowledged',
  'timedOut',
  'pending',
  'clientUpdates',
  'rejected',
]

/** Relays until SIGINT or SIGTERM, or with `once` until nothing is left. Each path runs by itself; one that fails does not hold up others. */
export async function relay(options: { config: string; once: boolean; metricsPort?: number }): Promise<void> {
  const config = parseConfig(readFileSync(options.config, 'utf8'))
  const base = dirname(resolve(options.config))
  const cursors = createFileCursors(resolve(base, config.cursorFile))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const progress = new Map<string, RelayProgress>()
  const server =
    options.metricsPort === undefined
      ? undefined
      : createServer((_request, response) => {
          response.setHeader('content-type', 'text/plain; version=0.0.4')
          response.end(
            [...progress]
              .map(([path, p]) => METRICS.map((name) => `zos_relay_${name}{path="${path}"} ${p[name]}\n`).join(''))
              .join(''),
          )
        }).listen(options.metricsPort, '127.0.0.1')

  const one = async (path: (typeof config.paths)[number]) => {
    const [a, b] = [await load(path.a, base), await load(path.b, base)]
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
