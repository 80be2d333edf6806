/** Every metric of a node, in one place. Names follow Prometheus' rules: `zos_`, the thing, its unit. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { NodeStatus } from '../node-api.ts'
import { Registry } from './registry.ts'

/** Seconds; finality is some tenths at fast rounds and a few seconds at a round a second. */
const FINALITY_BOUNDS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 60]
const EXECUTION_BOUNDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
/** A status is some work: several metrics of one scrape share it. */
const STATUS_MS = 200

export interface NodeMetricsSource {
  status: () => NodeStatus
  now: () => number
}

export interface NodeMetrics {
  registry: Registry
  /** A block was executed and is durable. `timesMs`: when its units were made. */
  onBlock(block: { transactions: number; gasUsed: bigint; skipped: number; unitTimesMs: readonly number[] }): void
  close(): void
}

export function createNodeMetrics({ status, now }: NodeMetricsSource): NodeMetrics {
  const registry = new Registry()
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()
  let cached: { at: number; status: NodeStatus } | undefined
  const current = (): NodeStatus => {
    if (!cached || Math.abs(now() - cached.at) > STATUS_MS) cached = { at: now(), status: status() }
    return cached.status
  }
  const of = (name: keyof NodeStatus) => () => current()[name] as number
  let transactions = 0
  let skipped = 0
  let gas = 0n

  registry.gauge('zos_heap_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed)
  registry.gauge(
    'zos_heap_limit_bytes',
    'What the JavaScript heap may grow to.',
    () => getHeapStatistics().heap_size_limit,
  )
  registry.gauge('zos_resident_bytes', 'Memory of the process.', () => process.memoryUsage().rss)
  registry.gauge(
    'zos_event_loop_lag_p99_seconds',
    'How late timers ran since the last scrape, 99th percentile.',
    () => {
      const seconds = lag.percentile(99) / 1e9
      lag.reset()
      return seconds
    },
  )
  registry.counter('zos_cpu_seconds_total', 'Processor time of the process.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  registry.gauge('zos_round', 'Highest round of any unit seen.', of('round'))
  registry.gauge('zos_epoch', 'Epoch that is running.', of('epoch'))
  registry.gauge('zos_main_chain_index', 'Main-chain index of the last committed leader.', of('mci'))
  registry.gauge('zos_block', 'Number of the newest executed block.', of('block'))
  registry.gauge('zos_units', 'Units in the DAG.', of('units'))
  registry.gauge('zos_waiting_units', 'Units whose parents are not here yet.', of('waitingUnits'))
  registry.gauge('zos_executor_backlog_blocks', 'Committed leaders that wait for execution.', of('backlog'))
  registry.gauge('zos_pool_transactions', 'Transactions that no block holds yet.', of('pool'))
  registry.gauge('zos_peers', 'Connected peers.', of('peers'))
  registry.counter('zos_dropped_messages_total', 'Malformed or invalid messages of peers.', of('droppedMessages'))
  registry.counter('zos_flooded_messages_total', 'Messages of peers beyond their share.', of('floodedMessages'))
  registry.counter('zos_slow_answers_total', 'Requests that a peer did not answer in time.', of('slowAnswers'))
  registry.counter('zos_gossip_messages_total', 'Messages that came by gossip and were new.', of('gossipMessages'))
  registry.counter('zos_gossip_copies_total', 'Messages that came by gossip again.', of('gossipCopies'))
  registry.counter('zos_gossip_bytes_total', 'Bytes that came by gossip, copies too.', of('gossipBytes'))
  registry.gauge('zos_banned_peers', 'Peers that are refused for what they did.', of('bannedPeers'))
  registry.gauge('zos_peer_score_lowest', 'The lowest score of a connected peer; 0 is the best.', of('lowestPeerScore'))
  registry.gauge('zos_producing', '1 while this validator makes units.', () => (current().producing ? 1 : 0))
  registry.counter('zos_transactions_total', 'Transactions in executed blocks since the start.', () => transactions)
  registry.counter('zos_transactions_skipped_total', 'Transactions that could not run at their turn.', () => skipped)
  registry.counter('zos_gas_total', 'Gas of executed blocks since the start.', () => Number(gas))
  const finality = registry.histogram(
    'zos_finality_seconds',
    'From making a unit to its executed block.',
    FINALITY_BOUNDS,
  )
  const interval = registry.histogram(
    'zos_block_interval_seconds',
    'Between two executed blocks.',
    EXECUTION_BOUNDS.concat(10),
  )
  let lastBlockAt: number | undefined
  return {
    registry,
    onBlock(block) {
      transactions += block.transactions
      skipped += block.skipped
      gas += block.gasUsed
      const at = now()
      for (const made of block.unitTimesMs) finality.observe(Math.max(0, at - made) / 1_000)
      if (lastBlockAt !== undefined) interval.observe((at - lastBlockAt) / 1_000)
      lastBlockAt = at
    },
    close: () => lag.disable(),
  }
}
