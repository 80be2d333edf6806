import type { NodeStatus } from '../node-api.ts'
import { rpcCall } from './rpc-call.ts'

export async function runStatus({ rpc, json }: { rpc: string; json: boolean }): Promise<void> {
  const status = await rpcCall<NodeStatus>(rpc, 'zos_status')
  if (json) console.log(JSON.stringify(status))
  else console.log(describeStatus(status))
}

export function describeStatus(status: NodeStatus): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  return [
    ['Chain id', status.chainId],
    ['Validator', status.validator ?? 'no: it follows'],
    ['Round', status.round],
    ['Block', `${status.block} (${status.blockHash})`],
    ['Main-chain index', status.mci],
    ['Epoch', status.epoch],
    ['Units', status.units],
    ['Peers', status.peers],
    ['Pool', `${status.pool} transactions`],
    ['Backlog', `${status.backlog} blocks wait for execution`],
    ['Memory', `${megabytes(status.rssBytes)} resident, ${megabytes(status.heapBytes)} of it heap`],
    ['Event loop', `${status.lagP99Ms} ms late (99th percentile)`],
  ]
    .map(([name, value]) => `${String(name).padEnd(18)}${value}`)
    .join('\n')
}
