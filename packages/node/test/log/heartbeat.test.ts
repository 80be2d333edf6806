import { afterEach, expect, test, vi } from 'vitest'
import type { BlockEvent, Chain } from '../../src/chain/chain.ts'
import { startHeartbeat } from '../../src/log/heartbeat.ts'

afterEach(() => void vi.useRealTimers())

test('a line a minute says what was executed since the last one, until it is ended', () => {
  vi.useFakeTimers()
  const listeners = new Set<(event: BlockEvent) => void>()
  const chain = {
    head: { header: { number: 0 } },
    onBlock(listener: (event: BlockEvent) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const execute = (transactions: number) => {
    chain.head.header.number++
    for (const listener of listeners)
      listener({ transactions: Array.from({ length: transactions }) } as unknown as BlockEvent)
  }
  const info = vi.fn()
  const logger = { debug() {}, info, warn() {}, error() {} }
  const end = startHeartbeat({ logger, chain: chain as unknown as Chain, epoch: () => 3, peers: () => 4 })
  execute(2)
  execute(5)
  vi.advanceTimersByTime(60_000)
  expect(info).toHaveBeenLastCalledWith('running', { block: 2, epoch: 3, peers: 4, blocks: 2, transactions: 7 })
  execute(1)
  vi.advanceTimersByTime(60_000)
  expect(info).toHaveBeenLastCalledWith('running', { block: 3, epoch: 3, peers: 4, blocks: 1, transactions: 1 })
  end()
  vi.advanceTimersByTime(600_000)
  expect(info).toHaveBeenCalledTimes(2)
  expect(listeners.size).toBe(0)
})
