/** Counters of `market provide` in the text format of Prometheus. */

import type { ProviderEvent } from '../../market/provider-agent.ts'
import { serveHttp } from '../../platform/http-server.ts'

const EVENTS: readonly ProviderEvent['type'][] = ['accepted', 'refused', 'proved', 'shard-lost', 'over', 'failed']

/** What a provider counts. */
export interface ProviderMetrics {
  count(event: ProviderEvent): void
  /** A pass is over. */
  passed(nowMs: number): void
  text(): string
}

/** Makes counters at zero. @param held blocks and bytes of the store now */
export function createProviderMetrics(
  held: () => { readonly blocks: number; readonly bytes: number },
): ProviderMetrics {
  const counts = new Map(EVENTS.map((type) => [type, 0]))
  let lastPass = 0
  return {
    count: ({ type }) => void counts.set(type, (counts.get(type) ?? 0) + 1),
    passed: (nowMs) => {
      lastPass = nowMs / 1000
    },
    text() {
      const { blocks, bytes } = held()
      const lines = [
        '# HELP zos_store_market_events_total What the agent did or met, by kind.',
        '# TYPE zos_store_market_events_total counter',
        ...[...counts].map(([type, count]) => `zos_store_market_events_total{type="${type}"} ${count}`),
        '# HELP zos_store_market_last_pass_timestamp_seconds When the agent last looked at all deals.',
        '# TYPE zos_store_market_last_pass_timestamp_seconds gauge',
        `zos_store_market_last_pass_timestamp_seconds ${lastPass}`,
        '# HELP zos_store_blocks Blocks in the store.',
        '# TYPE zos_store_blocks gauge',
        `zos_store_blocks ${blocks}`,
        '# HELP zos_store_bytes Bytes of the blocks in the store.',
        '# TYPE zos_store_bytes gauge',
        `zos_store_bytes ${bytes}`,
      ]
      return `${lines.join('\n')}\n`
    },
  }
}

/** Serves them at `/metrics` of loopback. */
export function serveMetrics(metrics: ProviderMetrics, port: number) {
  const headers = { 'content-type': 'text/plain; version=0.0.4' }
  return serveHttp({
    port,
    handler: async (request) =>
      new URL(request.url).pathname === '/metrics'
        ? new Response(metrics.text(), { headers })
        : new Response('only /metrics\n', { status: 404 }),
  })
}
