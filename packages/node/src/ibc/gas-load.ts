/** How much of a network's gas its blocks use, for the expansion controller of `@zos/hub-ibc`. */
import type { CancelSignal } from '@zos/hub-ibc'
import { createRpcClient, type RpcClient } from './rpc-client.ts'

/** What one call of `eth_feeHistory` answers at most. */
const MAX_BLOCKS = 1024
/** Blocks that the first measurement of a network looks back over. */
const FIRST_BLOCKS = 30

interface Block {
  readonly number: `0x${string}`
  readonly timestamp: `0x${string}`
  readonly gasLimit: `0x${string}`
}

/**
 * A measure of networks by the JSON-RPC at their `address`: gas a second in the blocks since it was last asked, by the blocks' own time. Undefined where no
 * time has passed in the chain; a chain that stands still is not idle. Asked seldom, it looks at the newest 1,024 blocks. What waits outside
 * of blocks is not in it. Rejects with `HUB_RELAY` when the node does not answer.
 */
export function createGasLoad(): (
  zone: { readonly address: string },
  options?: { readonly signal?: CancelSignal },
) => Promise<number | undefined> {
  const seen = new Map<string, { rpc: RpcClient; number?: number }>()
  return async ({ address }, { signal } = {}) => {
    const network: { rpc: RpcClient; number?: number } = seen.get(address) ?? { rpc: createRpcClient(address) }
    seen.set(address, network)
    const { rpc } = network
    const newest = await rpc<Block>('eth_getBlockByNumber', ['latest', false], signal)
    const number = Number(newest.number)
    const from = Math.max(0, number - MAX_BLOCKS, network.number ?? number - FIRST_BLOCKS)
    if (number <= from) return undefined
    const before = await rpc<Block>('eth_getBlockByNumber', [`0x${from.toString(16)}`, false], signal)
    const seconds = Number(newest.timestamp) - Number(before.timestamp)
    // The blocks' time is in whole seconds: what is too short to measure is measured with what follows.
    if (seconds <= 0) return undefined
    const count = `0x${(number - from).toString(16)}`
    const { gasUsedRatio } = await rpc<{ gasUsedRatio: number[] }>('eth_feeHistory', [count, newest.number, []], signal)
    network.number = number
    return (gasUsedRatio.reduce((sum, ratio) => sum + ratio, 0) * Number(newest.gasLimit)) / seconds
  }
}
