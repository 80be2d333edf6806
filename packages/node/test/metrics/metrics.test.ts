import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createNodeMetrics } from '../../src/metrics/node-metrics.ts'
import { Registry } from '../../src/metrics/registry.ts'
import { serveMetrics } from '../../src/metrics/server.ts'
import type { NodeStatus } from '../../src/node-api.ts'

const dashboards = new URL('../../dashboards/', import.meta.url)

function nodeMetrics() {
  let now = 1_000
  const metrics = createNodeMetrics({
    now: () => now,
    status: () => ({ round: 7, block: 3, producing: true, droppedMessages: 2 }) as unknown as NodeStatus,
  })
  metrics.close()
  return {
    ...metrics,
    pass(ms: number) {
      now += ms
    },
  }
}

test('every metric that a dashboard names is declared, and every one that is declared is on a dashboard', () => {
  const declared = new Map(nodeMetrics().registry.metrics.map(({ name, kind }) => [name, kind]))
  const named = new Set<string>()
  for (const file of readdirSync(dashboards)) {
    const text = readFileSync(new URL(file, dashboards), 'utf8')
    for (const panel of JSON.parse(text).panels)
      for (const { expr } of panel.targets ?? []) for (const [name] of expr.matchAll(/zos_[a-z0-9_]+/g)) named.add(name)
  }
  const known = (name: string) => {
    const base = name.replace(/_(bucket|sum|count)$/, '')
    return declared.has(name) || (declared.get(base) === 'histogram' && base !== name)
  }
  expect([...named].filter((name) => !known(name))).toEqual([])
  const shown = new Set(
    [...named].map((name) => (declared.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''))),
  )
  expect([...declared.keys()].filter((name) => !shown.has(name))).toEqual([])
})

test('the text is what Prometheus reads: help, type, values, cumulative buckets', () => {
  const metrics = nodeMetrics()
  metrics.pass(2_500)
  metrics.onBlock({ transactions: 5, skipped: 1, gasUsed: 105_000n, unitTimesMs: [1_000, 3_400] })
  metrics.pass(2_000)
  metrics.onBlock({ transactions: 1, skipped: 0, gasUsed: 21_000n, unitTimesMs: [] })
  const lines = metrics.registry.text().split('\n')
  expect(lines).toContain('# TYPE zos_round gauge')
  expect(lines).toContain('zos_round 7')
  expect(lines).toContain('zos_dropped_messages_total 2')
  expect(lines).toContain('zos_transactions_total 6')
  expect(lines).toContain('zos_gas_total 126000')
  expect(lines).toContain('zos_finality_seconds_bucket{le="0.1"} 1')
  expect(lines).toContain('zos_finality_seconds_bucket{le="3"} 2')
  expect(lines).toContain('zos_finality_seconds_bucket{le="+Inf"} 2')
  expect(lines).toContain('zos_finality_seconds_count 2')
  expect(lines).toContain('zos_block_interval_seconds_count 1')
  expect(
    lines.filter(
      (line) => line !== '' && !/^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{le="[^"]+"\})? -?[0-9.e+-]+)$/.test(line),
    ),
  ).toEqual([])
})

test('a metric is declared once and named as Prometheus wants', () => {
  const registry = new Registry()
  registry.gauge('zos_a', 'A.', () => 1)
  expect(() => registry.counter('zos_a', 'A.', () => 1)).toThrow('declared twice')
  expect(() => registry.gauge('zos-a', 'A.', () => 1)).toThrow('not a metric')
})

test('they are served at /metrics alone', async () => {
  const registry = new Registry()
  registry.gauge('zos_a', 'A.', () => 1)
  const server = await serveMetrics(registry, { port: 0 })
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toBe('# HELP zos_a A.\n# TYPE zos_a gauge\nzos_a 1\n')
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404)
  await expect(serveMetrics(registry, { port: server.port })).rejects.toMatchObject({ code: 'NODE_PORT_TAKEN' })
  await server.close()
})
