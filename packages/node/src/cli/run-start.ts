import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gpu, GpuVerifier } from '@zos/pipeline/gpu'
import { NodeError } from '../errors.ts'
import { parseGenesis } from '../genesis/parse-genesis.ts'
import { keepHeapSmall } from '../heap.ts'
import { readIsogenyKey } from '../keys/isogeny-key-file.ts'
import { loadPrivateKey } from '../keys/key-file.ts'
import { askPassword } from '../keys/password.ts'
import { createLogger } from '../log/logger.ts'
import { createNode } from '../node.ts'
import type { Logger } from '../node-api.ts'
import type { StorageService } from '../storage/storage-service.ts'
import { keepingOf, roleOf } from './roles.ts'

export interface StartSettings {
  genesis: string
  'data-dir': string
  role: string | undefined
  sources: readonly string[]
  checkpoint: string | undefined
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
  pruning: string | undefined
  'keep-epochs': number
  'storage-gb': number | undefined
  'storage-listen': readonly string[]
  'storage-peers': readonly string[]
  gpu: boolean
  'round-interval': number
  'log-level': string
  json: boolean
}

/** Runs a node until it is told to stop. */
export async function runStart(settings: StartSettings): Promise<void> {
  keepHeapSmall()
  const role = roleOf(settings)
  const { pruning, index, storageGb } = keepingOf(role, settings)
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
  if (role === 'worker')
    return (await import('./run-worker.ts')).runWorker(readText(settings.genesis), settings, logger)
  const genesis = parseGenesis(readText(settings.genesis), settings.genesis)
  const { host, port } = settings
  const ingestPort = settings['ingest-port']
  const metricsPort = settings['metrics-port']
  const gpu = settings.gpu ? await openGpu() : undefined
  if (gpu) logger.info('signatures on the GPU', { adapter: gpu.adapter })
  const node = await createNode({
    genesis,
    dataDir: settings['data-dir'],
    roundIntervalMs: settings['round-interval'],
    rpc: { host, port },
    pruning: { mode: pruning, keepEpochs: settings['keep-epochs'] },
    p2p: { listen: [...settings.listen], peers: [...settings.peers] },
    logger,
    onFault: () => void node.stop().finally(() => process.exit(1)),
    ...(ingestPort === undefined ? {} : { ingest: { host, port: ingestPort } }),
    ...(metricsPort === undefined ? {} : { metrics: { port: metricsPort } }),
    ...(index === undefined ? {} : { index }),
    ...(gpu ? { gpu } : {}),
    ...(validatorKey ? { validatorKey } : {}),
    ...(isogenyKey ? { isogenyKey } : {}),
  })
  for (const address of node.addresses()) logger.info('listening', { address })
  if (node.metricsPort !== undefined) logger.info('metrics', { port: node.metricsPort })
  const storage = storageGb > 0 ? await openStorage(settings, storageGb, logger) : undefined
  const stop = () => void Promise.all([node.stop(), storage?.stop()]).then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

/** By the npm package `webgpu`, which brings Dawn as a native addon of 130 MB: whoever has a GPU installs it. */
async function openGpu(): Promise<GpuVerifier> {
  const name = 'webgpu'
  const { create } = (await import(name).catch((cause) => {
    throw new NodeError(
      'NODE_INVALID_ARGUMENT',
      '--gpu needs the npm package webgpu: npm install webgpu',
      {},
      { cause },
    )
  })) as { create(flags: string[]): Gpu }
  const { createGpuVerifier } = await import('@zos/pipeline/gpu')
  return createGpuVerifier({ gpu: create([]) })
}

async function openStorage(settings: StartSettings, gigabytes: number, logger: Logger): Promise<StorageService> {
  const { startStorage } = await import('../storage/storage-service.ts')
  const storage = await startStorage({
    folder: join(settings['data-dir'], 'storage'),
    listen: settings['storage-listen'],
    bootstrap: settings['storage-peers'],
    capacityBytes: gigabytes * 1e9,
    logger,
  })
  for (const address of storage.addresses) logger.info('storage', { address })
  return storage
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `cannot read ${path}: ${(error as Error).message}`, { path })
  }
}
