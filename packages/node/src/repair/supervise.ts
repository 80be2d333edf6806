/**
 * A node that goes on by itself after faults that it can recover from: damage in its database, and a network that has dropped what comes
 * next here. It is opened again, mends its database or joins from a snapshot, and is the same node to whoever holds it.
 */
import type { CheckpointRecord } from '../checkpoint/record.ts'
import { isNodeError } from '../errors.ts'
import type { NodeOptions, NodeStatus, ZosNode } from '../node-api.ts'
import type { LinkConditions } from '../p2p/link.ts'
import { checkPeerAddress } from '../p2p/peer-address.ts'

/** Recoveries within {@link WINDOW_MS}; one more is a fault: whatever damages the node goes on. */
const MAX_RECOVERIES = 3
const WINDOW_MS = 60 * 60_000

export interface OpenContext {
  /** Check and mend the database first. */
  readonly repair: boolean
}

type Open = (options: NodeOptions, context: OpenContext) => Promise<ZosNode>

export async function superviseNode(options: NodeOptions, open: Open): Promise<ZosNode> {
  const elapsed = options.clock?.elapsed ?? (() => performance.now())
  const listeners = new Map<(record: CheckpointRecord) => void, () => void>()
  const recoveries: number[] = []
  let link: LinkConditions | undefined
  /** While it is opened again. */
  let lastStatus: NodeStatus | undefined
  let stopping = false
  let recovering: Promise<void> | undefined
  let pinned = options

  const openWith = async (context: OpenContext): Promise<ZosNode> => {
    let early: unknown
    let opened = false
    const begin = (fault: unknown) => {
      recovering ??= recover(fault).finally(() => {
        recovering = undefined
        lastStatus = undefined
      })
    }
    const onFault = (fault: unknown) => {
      if (opened) begin(fault)
      else early = fault
    }
    const node = await open({ ...pinned, onFault }, context)
    opened = true
    // The caller takes the node over first.
    if (early !== undefined) setImmediate(() => begin(early))
    return node
  }

  let current: ZosNode
  try {
    current = await openWith({ repair: false })
  } catch (error) {
    if (!options.dataDir || !isNodeError(error, 'NODE_STORE_CORRUPT')) throw error
    recoveries.push(elapsed())
    current = await openWith({ repair: true })
  }
  pinned = pin(options, current)

  async function recover(fault: unknown): Promise<void> {
    const now = elapsed()
    while (recoveries.length > 0 && now - recoveries[0]! > WINDOW_MS) recoveries.shift()
    if (stopping || !isRecoverable(fault, options) || recoveries.length >= MAX_RECOVERIES)
      return options.onFault?.(fault)
    recoveries.push(now)
    options.logger?.warn('the node starts anew by itself', { reason: String(fault) })
    try {
      lastStatus = { ...current.status(), producing: false, peers: 0 }
      await current.stop().catch(() => {})
      if (stopping) return
      current = await openWith({ repair: isNodeError(fault, 'NODE_STORE_CORRUPT') })
      if (link) current.setLink(link)
      for (const listener of listeners.keys()) listeners.set(listener, current.onCheckpoint(listener))
      if (stopping) await current.stop()
    } catch (error) {
      options.onFault?.(error)
    }
  }

  return {
    get rpcUrl() {
      return current.rpcUrl
    },
    get ingestPort() {
      return current.ingestPort
    },
    get metricsPort() {
      return current.metricsPort
    },
    get peerId() {
      return current.peerId
    },
    addresses: () => current.addresses(),
    addPeers(addresses) {
      for (const address of addresses) checkPeerAddress(address)
      const { p2p } = pinned
      const peers = [...new Set([...(p2p?.peers ?? []), ...addresses])].slice(-MAX_PEERS)
      pinned = { ...pinned, p2p: { ...p2p, peers } }
      current.addPeers(addresses)
    },
    status: () => lastStatus ?? current.status(),
    checkpoint: (epoch) => (lastStatus ? undefined : current.checkpoint(epoch)),
    onCheckpoint(listener) {
      listeners.set(listener, current.onCheckpoint(listener))
      return () => {
        listeners.get(listener)?.()
        listeners.delete(listener)
      }
    },
    setLink(conditions) {
      link = conditions
      current.setLink(conditions)
    },
    async dumpState() {
      await recovering
      return current.dumpState()
    },
    async request(method, params) {
      await recovering
      return current.request(method, params)
    },
    async stop() {
      stopping = true
      await recovering
      await current.stop()
    },
  }
}

/** Addresses that a node is told of while it runs. */
const MAX_PEERS = 64

function isRecoverable(fault: unknown, { dataDir, validatorKey }: NodeOptions): boolean {
  if (isNodeError(fault, 'NODE_STORE_CORRUPT')) return dataDir !== undefined
  // A validator whose journal is in memory would forget what it has signed.
  return isNodeError(fault, 'NODE_HISTORY_PRUNED') && (dataDir !== undefined || validatorKey === undefined)
}

/** The same ports again: others know them. */
function pin(options: NodeOptions, node: ZosNode): NodeOptions {
  const { rpc, ingest, metrics, p2p } = options
  const listen = p2p?.listen ?? ['/ip4/127.0.0.1/tcp/0']
  const isFree = listen.some((address) => address.endsWith('/tcp/0'))
  return {
    ...options,
    ...(rpc && node.rpcUrl ? { rpc: { ...rpc, port: Number(new URL(node.rpcUrl).port) } } : {}),
    ...(ingest && node.ingestPort !== undefined ? { ingest: { ...ingest, port: node.ingestPort } } : {}),
    ...(metrics && node.metricsPort !== undefined ? { metrics: { ...metrics, port: node.metricsPort } } : {}),
    p2p: { ...p2p, listen: isFree ? node.addresses().map((address) => address.split('/p2p/')[0]!) : listen },
  }
}
