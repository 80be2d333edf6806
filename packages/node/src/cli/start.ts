import { readFileSync } from 'node:fs'
import { hexToBytes } from '@ethereumjs/util'
import { defineCommand } from 'citty'
import { fail, refuseUnknown, wholeNumber } from './fail.ts'

const ISOGENY_SECRET_KEY_BYTES = 270

const args = {
  genesis: { type: 'string', required: true, description: 'Genesis file of the network', valueHint: 'FILE' },
  'data-dir': { type: 'string', required: true, description: 'Where the node keeps everything', valueHint: 'DIR' },
  'validator-key': {
    type: 'string',
    description: 'File with the hex private key of a validator; without it the node follows',
    valueHint: 'FILE',
  },
  'isogeny-key': {
    type: 'string',
    description:
      'File with the hex SQIsign secret key of that validator, in a network that signs checkpoints with both',
    valueHint: 'FILE',
  },
  peers: { type: 'string', description: 'Multiaddrs of other nodes, with commas between', valueHint: 'ADDRS' },
  listen: {
    type: 'string',
    default: '/ip4/0.0.0.0/tcp/30333,/ip6/::/tcp/30333',
    description: 'Multiaddrs to listen on, with commas between',
    valueHint: 'ADDRS',
  },
  port: { type: 'string', default: '8545', description: 'JSON-RPC port, HTTP and WebSocket', valueHint: 'PORT' },
  host: { type: 'string', default: '127.0.0.1', description: 'Address to serve JSON-RPC on', valueHint: 'HOST' },
  'ingest-port': {
    type: 'string',
    description: 'Port for raw transactions in length frames, for bulk senders',
    valueHint: 'PORT',
  },
  pruning: {
    type: 'string',
    default: 'full',
    description: 'full: keep the last epochs; archive: keep everything',
    valueHint: 'MODE',
  },
  'keep-epochs': {
    type: 'string',
    default: '24',
    description: 'Epochs that a full node keeps beside the running one',
    valueHint: 'N',
  },
  'round-interval': {
    type: 'string',
    default: '1000',
    description: 'Milliseconds between two units of this validator',
    valueHint: 'MS',
  },
} as const

export const startCommand = defineCommand({
  meta: { name: 'start', description: 'Start one node of a network' },
  args,
  async run({ args: flags }) {
    refuseUnknown(flags, Object.keys(args))
    const [{ createNode }, { parseGenesis }, { pino }] = await Promise.all([
      import('../node.ts'),
      import('../genesis/genesis.ts'),
      import('pino'),
    ])
    const log = pino({ level: process.env.ZOS_LOG ?? 'info' })
    const at =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, context: Record<string, unknown> = {}) =>
        log[level](context, message)
    const list = (text: string | undefined) => (text ? text.split(',').map((part) => part.trim()) : [])
    try {
      const node = await createNode({
        genesis: parseGenesis(readText(flags.genesis)),
        dataDir: flags['data-dir'],
        roundIntervalMs: wholeNumber('round-interval', flags['round-interval']),
        rpc: { host: flags.host, port: wholeNumber('port', flags.port) },
        pruning: { mode: pruningMode(flags.pruning), keepEpochs: wholeNumber('keep-epochs', flags['keep-epochs']) },
        p2p: { listen: list(flags.listen), peers: list(flags.peers) },
        logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
        onFault: () => void node.stop().finally(() => process.exit(1)),
        ...(flags['ingest-port']
          ? { ingest: { host: flags.host, port: wholeNumber('ingest-port', flags['ingest-port']) } }
          : {}),
        ...(flags['validator-key'] ? { validatorKey: readKey(flags['validator-key'], 32) } : {}),
        ...(flags['isogeny-key'] ? { isogenyKey: readKey(flags['isogeny-key'], ISOGENY_SECRET_KEY_BYTES) } : {}),
      })
      for (const address of node.addresses()) log.info({ address }, 'listening')
      const stop = () => void node.stop().then(() => process.exit(0))
      process.once('SIGINT', stop)
      process.once('SIGTERM', stop)
    } catch (error) {
      fail(error)
    }
  },
})

function pruningMode(text: string): 'full' | 'archive' {
  if (text !== 'full' && text !== 'archive') fail(new Error(`--pruning must be full or archive, not ${text}`))
  return text as 'full' | 'archive'
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return fail(new Error(`cannot read ${path}: ${(error as Error).message}`))
  }
}

function readKey(path: string, bytes: number): Uint8Array {
  const text = readText(path).trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]+$/.test(text) || text.length !== 2 * bytes)
    fail(new Error(`${path} does not hold a private key of ${bytes} bytes in hex`))
  return hexToBytes(`0x${text}`)
}
