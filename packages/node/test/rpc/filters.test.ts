/** Polling filters: what clients that do not poll can make a node keep. */
import { describe, expect, test } from 'vitest'
import type { RpcContext } from '../../src/rpc/context.ts'
import { createFilterMethods } from '../../src/rpc/methods/filters.ts'
import { logFilterParam } from '../../src/rpc/params.ts'
import { PreparedJson } from '../../src/rpc/prepared-json.ts'

const HASH = `0x${'ab'.repeat(32)}`

function createClient() {
  const methods = createFilterMethods(new PreparedJson())
  const listeners = new Set<(executed: unknown) => void>()
  const clock = { ms: 0 }
  const context = {
    now: () => clock.ms,
    chain: {
      onBlock(listener: (executed: unknown) => void) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    onPending: () => () => {},
  } as unknown as RpcContext
  /** A block with so many logs of so many bytes. */
  const block = (count: number, bytes = 0) => {
    const log = { address: `0x${'cc'.repeat(20)}`, topics: [], data: new Uint8Array(bytes) }
    const transactions = [{ hash: HASH, index: 0, receipt: { logs: Array(count).fill(log) } }]
    for (const listener of listeners)
      listener({ block: { hash: HASH, header: { number: 1, timestamp: 1 } }, transactions })
  }
  const ask = (method: string, ...params: unknown[]) => methods[method]!(params, context) as never
  return { ask, block, clock, listeners }
}

describe('filters that nobody polls', () => {
  test('are dropped when all together hold too much, the one first that was not polled for the longest time', () => {
    const { ask, block, clock, listeners } = createClient()
    const ids: string[] = []
    for (let i = 0; i < 36; i++) {
      clock.ms++
      ids.push(ask('eth_newFilter', {}))
    }
    clock.ms++
    expect(ask('eth_getFilterChanges', ids[0])).toEqual([])
    // A thousand characters a log without data: 33 filters have room for a thousand logs.
    block(1_000)
    expect(listeners.size).toBe(33)
    expect(() => ask('eth_getFilterChanges', ids[1])).toThrow('filter not found')
    for (const id of [ids[0], ids[35]]) expect(ask('eth_getFilterChanges', id)).toHaveLength(1_000)
    // What was taken makes room.
    block(10, 100)
    expect(ask('eth_getFilterChanges', ids[35])).toHaveLength(10)
    expect(listeners.size).toBe(33)
  })

  test('hold the newest of what they missed', () => {
    const { ask, block } = createClient()
    const id = ask('eth_newFilter', {})
    for (let round = 0; round < 12; round++) block(1_000)
    expect(ask('eth_getFilterChanges', id)).toHaveLength(10_000)
    block(1)
    expect(ask('eth_getFilterChanges', id)).toHaveLength(1)
    expect(ask('eth_uninstallFilter', id)).toBe(true)
    expect(ask('eth_uninstallFilter', id)).toBe(false)
  })
})

test('a filter lists no more topics than it is quick to look for', () => {
  const topics = Array.from({ length: 1_000 }, () => HASH)
  expect(logFilterParam({ topics: [null, topics] }).topics[1]).toHaveLength(1_000)
  expect(() => logFilterParam({ topics: [null, [...topics, HASH]] })).toThrow('at most 1000 topics')
})
