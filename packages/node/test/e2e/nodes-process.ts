/** A process with some validators of one network, for tests that need more cores, or more memory, than one process has. Speaks by IPC. */
import { createNode, type Genesis, type NodeStatus, type ZosNode } from '@zos/node'

export type ToNodes =
  | { kind: 'start'; genesis: Genesis; keys: readonly string[]; peers: readonly string[]; roundIntervalMs: number }
  | { kind: 'ask'; id: number; node: number; method: string; params: readonly unknown[] }
  | { kind: 'status'; id: number }
  | { kind: 'stop' }

export type FromNodes =
  | { kind: 'started'; addresses: readonly string[] }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'statuses'; id: number; value: readonly NodeStatus[]; rssBytes: number }

const nodes: ZosNode[] = []
const tell = (message: FromNodes) => process.send!(message)

process.on('message', async (message: ToNodes) => {
  if (message.kind === 'start') {
    for (const key of message.keys)
      nodes.push(
        await createNode({
          genesis: message.genesis,
          validatorKey: Buffer.from(key, 'hex'),
          roundIntervalMs: message.roundIntervalMs,
          ticketHashes: 0,
          p2p: { peers: [...message.peers, ...nodes.flatMap((node) => node.addresses())] },
        }),
      )
    tell({ kind: 'started', addresses: nodes.flatMap((node) => node.addresses()) })
  } else if (message.kind === 'ask') {
    const value = await nodes[message.node]!.request(message.method, [...message.params]).catch(() => null)
    tell({ kind: 'answer', id: message.id, value })
  } else if (message.kind === 'status') {
    const value = nodes.map((node) => node.status())
    tell({ kind: 'statuses', id: message.id, value, rssBytes: process.memoryUsage().rss })
  } else {
    await Promise.all(nodes.map((node) => node.stop()))
    process.disconnect()
  }
})
