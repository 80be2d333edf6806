import { throwIfAborted } from '../cancel.ts'
import type { ConnectableEndpoint } from '../relayer/connect.ts'
import type { LocalChain } from './chain.ts'

/** A relayer's view of a local chain. Every submission ends a block. */
export function localEndpoint(chain: LocalChain, options: { blockSeconds?: number } = {}): ConnectableEndpoint {
  const seconds = options.blockSeconds ?? 1
  const latestHeight = () => {
    const next = chain.height()
    if (next.revisionHeight === 1n) return chain.commit(seconds)
    return { ...next, revisionHeight: next.revisionHeight - 1n }
  }
  return {
    chainId: chain.chainId,
    async latest() {
      const height = latestHeight()
      return { height, time: chain.header(height).header.time }
    },
    events: async (from, to) => chain.events.filter(({ height }) => height >= from && height <= to),
    has: async (key) => chain.tree.get(key) !== undefined,
    prove: async (key, height) => chain.prove(key, height),
    updates: async (target, trusted) =>
      trusted.revisionHeight >= target.revisionHeight ? [] : [chain.update(target, trusted)],
    clientHeight: async (clientId) => chain.host.clientHeight(clientId),
    async submit(messages, signal) {
      throwIfAborted(signal, 'submission')
      const results = messages.map((message) => chain.deliver(message))
      chain.commit(seconds)
      return results
    },
    async clientStates() {
      latestHeight()
      return chain.clientStates()
    },
  }
}
