import type { LightStatus } from '../light/index.ts'
import type { NodeStatus } from '../node-api.ts'
import { rpcCall } from './rpc-call.ts'

export async function runStatus({ rpc, json }: { rpc: string; json: boolean }): Promise<void> {
  const status = await rpcCall<NodeStatus | LightStatus>(rpc, 'zos_status')
  if (json) console.log(JSON.stringify(status))
  else console.log('phase' in status ? describeLightStatus(status) : describeStatus(status))
}

export function describeStatus(status: NodeStatus): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  return table([
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
  ])
}

/** Of a worker, which is a light node. */
export function describeLightStatus({
  phase,
  head,
  finalized,
  epoch,
  trustedUntilMs,
  sources,
  error,
}: LightStatus): string {
  const answering = sources.filter(({ state }) => state === 'good').length
  return table([
    ['Phase', error ? `${phase}: ${error.message}` : phase],
    ['Block', head ? `${head.number} (${head.hash})` : 'none is verified yet'],
    ['Finalized', finalized ? `${finalized.number} (${finalized.hash})` : 'none'],
    ['Epoch', epoch],
    ['Trusted until', new Date(trustedUntilMs).toISOString()],
    ['Sources', `${answering} of ${sources.length} answer`],
  ])
}

function table(rows: readonly (readonly [name: string, value: unknown])[]): string {
  return rows.map(([name, value]) => `${name.padEnd(18)}${value}`).join('\n')
}
