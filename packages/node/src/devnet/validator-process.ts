/** One validator of a local network, in a process of its own: it gets its configuration from the supervisor and ends with it. */
import { hexToBytes } from '@ethereumjs/util'
import { pino } from 'pino'
import { isNodeError } from '../errors.ts'
import { createNode } from '../node.ts'
import type { Logger, ZosNode } from '../node-api.ts'
import type { FromValidator, ToValidator, ValidatorConfig } from './messages.ts'

let node: ZosNode | undefined
let stopping = false

const send = (message: FromValidator) => process.send?.(message)

async function start(config: ValidatorConfig): Promise<void> {
  const log = pino(
    { name: config.name, level: process.env.ZOS_LOG ?? 'info' },
    pino.destination({ dest: config.logFile, sync: false }),
  )
  const at =
    (level: keyof Logger) =>
    (message: string, context: Record<string, unknown> = {}) =>
      log[level](context, message)
  const fail = (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    send({ type: 'failed', code: isNodeError(error) ? error.code : undefined, message })
    void stop(1)
  }
  try {
    node = await createNode({
      genesis: config.genesis,
      dataDir: config.dataDir,
      validatorKey: hexToBytes(config.validatorKey),
      ...(config.isogenyKey ? { isogenyKey: hexToBytes(config.isogenyKey) } : {}),
      roundIntervalMs: config.roundIntervalMs,
      pruning: config.pruning,
      rpc: config.rpc,
      logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
      onFault: fail,
    })
    send({ type: 'ready', rpcUrl: node.rpcUrl!, addresses: node.addresses() })
  } catch (error) {
    fail(error)
  }
}

async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  await node?.stop().catch(() => {})
  process.exit(code)
}

process.on('message', (message: ToValidator) => {
  if (message.type === 'start') void start(message.config)
  else if (message.type === 'peers') node?.addPeers(message.addresses)
  else if (message.type === 'status' && node) send({ type: 'status', id: message.id, status: node.status() })
  else if (message.type === 'stop') void stop(0)
})
// Ctrl-C goes to the whole group; the supervisor decides. If it is gone, so is the reason to run.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => void stop(0))
process.on('disconnect', () => void stop(0))
