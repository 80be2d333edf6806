import { readFileSync } from 'node:fs'
import { hexToBytes } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import { parseGenesis } from '../genesis/genesis.ts'
import { loadPrivateKey, readKeyFile } from '../keys/key-file.ts'
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

const ISOGENY_SECRET_KEY_BYTES = 270

/** Runs a node until it is told to stop. */
export async function runStart(settings: StartSettings): Promise<void> {
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

function readIsogenyKey(path: string): Uint8Array {
  const text = readKeyFile(path).trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]+$/.test(text) || text.length !== 2 * ISOGENY_SECRET_KEY_BYTES)
    throw new NodeError(
      'NODE_KEYSTORE',
      `${path} does not hold a private key of ${ISOGENY_SECRET_KEY_BYTES} bytes in hex`,
    )
  return hexToBytes(`0x${text}`)
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
