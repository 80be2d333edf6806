/** One validator of a local network, in a process of its own: it gets its configuration from the supervisor and ends with it. */
import { writeFileSync } from 'node:fs'
import { hexToBytes } from '@ethereumjs/util'
import { isNodeError } from '../errors.ts'
import { keepHeapSmall } from '../heap.ts'
import { createLogger } from '../log/logger.ts'
import { createNode } from '../node.ts'
import type { ZosNode } from '../node-api.ts'
import { type DevLinks, refused } from './dev-control.ts'
import type { ConfigAccount, FromValidator, ToValidator, ValidatorConfig } from './messages.ts'

keepHeapSmall()
let node: ZosNode | undefined
let stopping = false

const send = (message: FromValidator) => process.send?.(message)

async function start(config: ValidatorConfig): Promise<void> {
  const logger = createLogger({ name: config.name, level: process.env.ZOS_LOG ?? 'info', file: config.logFile })
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
      ticketHashes: config.ticketHashes,
      pruning: config.pruning,
      rpc: config.rpc,
      logger,
      ...(config.index === undefined ? {} : { index: config.index }),
      ...(config.metrics ? { metrics: { port: 0 } } : {}),
      dev: { accounts: config.accounts.map(derived), faucet: derived(config.faucet), setLinks: askForLinks },
      onFault: fail,
    })
    if (config.link) node.setLink(config.link)
    send({
      type: 'ready',
      rpcUrl: node.rpcUrl!,
      metricsPort: node.metricsPort,
      peerId: node.peerId,
      addresses: node.addresses(),
    })
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

const derived = ({ address, privateKey, path }: ConfigAccount) => ({
  address,
  path,
  privateKey: hexToBytes(privateKey),
})

let asked = 0
const linkWaiters = new Map<number, (fault: string | undefined) => void>()

/** The supervisor alone reaches every validator. */
function askForLinks(links: DevLinks): Promise<void> {
  const id = ++asked
  return new Promise((resolve, reject) => {
    linkWaiters.set(id, (fault) => (fault === undefined ? resolve() : reject(refused(fault))))
    send({ type: 'links', id, links })
  })
}

async function dump(id: number, file: string): Promise<void> {
  try {
    writeFileSync(file, `${JSON.stringify({ accounts: await node?.dumpState() })}\n`)
    send({ type: 'dumped', id })
  } catch (error) {
    send({ type: 'dumped', id, fault: (error as Error).message })
  }
}

process.on('message', (message: ToValidator) => {
  if (message.type === 'start') void start(message.config)
  else if (message.type === 'peers') node?.addPeers(message.addresses)
  else if (message.type === 'status' && node) send({ type: 'status', id: message.id, status: node.status() })
  else if (message.type === 'link') node?.setLink(message.conditions)
  else if (message.type === 'dump') void dump(message.id, message.file)
  else if (message.type === 'linked') {
    linkWaiters.get(message.id)?.(message.fault)
    linkWaiters.delete(message.id)
  } else if (message.type === 'stop') void stop(0)
})
// Ctrl-C goes to the whole group; the supervisor decides. If it is gone, so is the reason to run.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => void stop(0))
process.on('disconnect', () => void stop(0))
