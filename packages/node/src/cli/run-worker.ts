import { NodeError } from '../errors.ts'
import { createLightNode, type LightChain } from '../light/index.ts'
import { fileStorage } from '../light-server/file-storage.ts'
import { serveLightNode } from '../light-server/light-server.ts'
import type { Logger } from '../node-api.ts'
import { parseCheckpoint } from './checkpoint-name.ts'

export interface WorkerSettings {
  /** Name of the file that the network is described in. */
  readonly genesis: string
  readonly 'data-dir': string
  readonly sources: readonly string[]
  readonly checkpoint: string | undefined
  readonly host: string
  readonly port: number
}

/** A light node with JSON-RPC, until it is told to stop. `text`: a genesis file, or what `zos devnet --config-out` wrote. Errors: `NODE_INVALID_ARGUMENT`, a `LightError`. */
export async function runWorker(text: string, settings: WorkerSettings, logger: Logger): Promise<void> {
  const node = await createLightNode({
    chain: chainOf(text, settings.genesis),
    sources: settings.sources,
    storage: fileStorage(settings['data-dir']),
    evm: () => import('../light/evm.ts'),
    ...(settings.checkpoint === undefined ? {} : { checkpoint: parseCheckpoint(settings.checkpoint) }),
  })
  const server = await serveLightNode(node, { host: settings.host, port: settings.port })
  const stop = () => void Promise.all([server.close(), node.close()]).then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  logger.info('serving what is proved', { url: server.url })
  node.ready({ timeoutMs: 2 ** 31 - 1 }).then(
    () => logger.info('ready', { block: node.status.head?.number, epoch: node.status.epoch }),
    (error) => logger.error('not ready', { message: (error as Error).message }),
  )
}

/** Less than a genesis will do: balances are not needed. The light node checks the fields. */
function chainOf(text: string, file: string): LightChain {
  try {
    const value = JSON.parse(text)
    return value?.chain ?? value
  } catch (cause) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `${file} is not JSON`, { file }, { cause })
  }
}
