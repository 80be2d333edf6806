import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { MAX_AHEAD_MS } from '../../src/ledger/unit-time.ts'
import { createNode } from '../../src/node.ts'
import type { ZosNode } from '../../src/node-api.ts'

const HOUR_MS = 3_600_000

const nodes: ZosNode[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

/** The machine's clock, until somebody sets it. */
function settableClock(): Clock & { jump(ms: number): void } {
  let offset = 0
  return {
    ...systemClock,
    now: () => Date.now() + offset,
    jump(ms) {
      offset += ms
    },
  }
}

interface UnitAnswer {
  author: string
  timestampMs: string
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 6_000; !holds(); left--) {
    if (left === 0) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function network(validators: number) {
  const { genesis: devnet, validatorKeys } = devnetGenesis({ validators, timestampMs: 1_700_000_000_000 })
  const genesis = { ...devnet, validators: devnet.validators.map(({ isogenyKey: _, ...validator }) => validator) }
  const clocks = validatorKeys.map(() => settableClock())
  for (const [index, { privateKey }] of validatorKeys.entries()) {
    const node = await createNode({
      genesis,
      validatorKey: privateKey,
      roundIntervalMs: 20,
      ticketHashes: 0,
      clock: clocks[index]!,
    })
    nodes.push(node)
  }
  for (const node of nodes) node.addPeers(nodes.flatMap((other) => other.addresses()))
  return clocks
}

async function blockTimes(node: ZosNode, from: number, to: number): Promise<number[]> {
  const times: number[] = []
  for (let number = from; number <= to; number++) {
    const block = (await node.request('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as {
      timestamp: string
    }
    times.push(Number(block.timestamp) * 1_000)
  }
  return times
}

describe('a network', () => {
  test.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('goes on when the clocks of all validators jump an hour %s, and its time never goes back', async (_, jump) => {
    const [clock] = await network(1)
    const [node] = nodes
    await until(() => node!.status().block >= 3, 'the first blocks')
    const before = node!.status().block
    clock!.jump(jump)
    await until(() => node!.status().block >= before + 5, 'blocks after the jump')
    const times = await blockTimes(node!, before, before + 5)
    for (const [index, time] of times.entries()) {
      const last = times[index - 1] ?? time
      expect(time).toBeGreaterThanOrEqual(last)
      // Two rounds a block, each within its bound.
      expect(time - last).toBeLessThanOrEqual(2 * MAX_AHEAD_MS + 1_000)
    }
  })

  test.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('keeps the real time when the clock of one validator of four jumps an hour %s', async (_, jump) => {
    const clocks = await network(4)
    const [honest] = nodes
    await until(() => honest!.status().block >= 2, 'the first blocks')
    clocks[3]!.jump(jump)
    const from = honest!.status().block
    await until(() => nodes.every((node) => node.status().block >= from + 6), 'all validators to go on')
    for (const time of await blockTimes(honest!, from, from + 6)) {
      expect(Math.abs(Date.now() - time)).toBeLessThan(120_000)
    }
    // The one with the wrong clock goes on making units that the others take.
    expect(nodes.map((node) => node.status().droppedMessages)).toEqual([0, 0, 0, 0])
    const { validator, round } = nodes[3]!.status()
    const units = (await honest!.request('zos_getUnits', [{ fromRound: round - 12, toRound: round }])) as UnitAnswer[]
    const own = units.filter(({ author }) => author === validator)
    expect(own.length).toBeGreaterThan(0)
    for (const { timestampMs } of own)
      expect(Math.abs(Date.now() - Number(timestampMs))).toBeLessThan(MAX_AHEAD_MS + 120_000)
  })
})
