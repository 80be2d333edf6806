import { readFileSync } from 'node:fs'
import { NodeError } from '../errors.ts'
import { parseGenesis } from '../genesis/genesis.ts'
import { keepHeapSmall } from '../heap.ts'
import { readIsogenyKey } from '../keys/isogeny-key-file.ts'
import { loadPrivateKey } from '../keys/key-file.ts'
import { askPassword } from '../keys/password.ts'
import { createLogger } from '../log/logger.ts'
import { createNode } from '../node.ts'

export interface StartSettings {
  genesis: string
  'data-dir': string
  'validator-key': string | undefined
  'isogeny-key': string | undefined
  'password-file': string | undefined
  peers: readonly string[]
  listen: readonly string[]
  port: number
  host: string
  'ingest-port': number | undefined
  'metrics-port': number | undefined
  index: string | undefined
  pruning: string
  'keep-epochs': number
  'round-interval': number
  'log-level': string
  json: boolean
}

/** Runs a node until it is told to stop. */
export async function runStart(settings: StartSettings): Promise<void> {
  keepHeapSmall()
  const genesis = parseGenesis(readText(settings.genesis))
  const keyFile = settings['validator-key']
  const validatorKey = keyFile
    ? await loadPrivateKey(keyFile, () => askPassword(`Password of ${keyFile}: `, settings['password-file']))
    : undefined
  const isogenyKey = settings['isogeny-key'] ? readIsogenyKey(settings['isogeny-key']) : undefined
  const logger = createLogger({
    name: 'zos',
    level: settings['log-level'],
    pretty: !settings.json && process.stdout.isTTY === true,
  })
  const { host, port, index } = settings
  const ingestPort = settings['ingest-port']
  const metricsPort = settings['metrics-port']
  const node = await createNode({
    genesis,
    dataDir: settings['data-dir'],
    roundIntervalMs: settings['round-interval'],
    rpc: { host, port },
    pruning: { mode: pruningMode(settings.pruning), keepEpochs: settings['keep-epochs'] },
    p2p: { listen: [...settings.listen], peers: [...settings.peers] },
    logger,
    onFault: () => void node.stop().finally(() => process.exit(1)),
    ...(ingestPort === undefined ? {} : { ingest: { host, port: ingestPort } }),
    ...(metricsPort === undefined ? {} : { metrics: { port: metricsPort } }),
    ...(index === undefined ? {} : { index }),
    ...(validatorKey ? { validatorKey } : {}),
    ...(isogenyKey ? { isogenyKey } : {}),
  })
  for (const address of node.addresses()) logger.info('listening', { address })
  if (node.metricsPort !== undefined) logger.info('metrics', { port: node.metricsPort })
  const stop = () => void node.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

function pruningMode(text: string): 'full' | 'archive' {
  if (text === 'full' || text === 'archive') return text
  throw new NodeError('NODE_INVALID_ARGUMENT', `--pruning must be full or archive, not ${text}`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `cannot read ${path}: ${(error as Error).message}`, { path })
  }
}
