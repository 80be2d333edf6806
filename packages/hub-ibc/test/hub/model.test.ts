/**
 * The books against a model. Three zones, two assets, up to five packets, each delivered, refused, timed out, replayed or answered by a
 * zone that lies: every reachable state is visited, and in each the invariant holds and every packet has at most one end.
 */
import { expect, it } from 'vitest'
import { createJournal, journaled } from '../../src/core/journal.ts'
import { createLedger } from '../../src/hub/ledger.ts'
import { createMapStore } from '../../src/local/chain.ts'
import { createRandom } from '../random.ts'

const ZONES = [0, 1, 2].map((i) => ({ port: 'transfer', channel: `channel-${i}` }))
const ASSETS = ['uzos', 'erc20/0x00']
const AMOUNTS = [1n, 2n]

type PacketState = 'pending' | 'acknowledged' | 'failed'
interface World {
  packets: { zone: number; asset: number; amount: bigint; state: PacketState }[]
  /** What each zone has taken out by returns; honest or not. */
  returned: bigint[][]
}

function replay(actions: readonly string[]) {
  const journal = createJournal()
  const ledger = createLedger(journaled(createMapStore(), journal))
  const world: World = { packets: [], returned: ZONES.map(() => ASSETS.map(() => 0n)) }
  for (const action of actions) {
    const [kind, ...args] = action.split(' ').map((part, i) => (i === 0 ? part : Number(part))) as [string, ...number[]]
    try {
      journal.attempt(() => {
        if (kind === 'send') {
          const [zone, asset, amount] = args as [number, number, number]
          ledger.depart(ZONES[zone]!, ASSETS[asset]!, BigInt(amount))
          world.packets.push({ zone, asset, amount: BigInt(amount), state: 'pending' })
        } else if (kind === 'return') {
          const [zone, asset, amount] = args as [number, number, number]
          ledger.returned(ZONES[zone]!, ASSETS[asset]!, BigInt(amount))
          world.returned[zone]![asset]! += BigInt(amount)
        } else {
          const packet = world.packets[args[0]!]!
          // Replay protection is core's; here it is the precondition.
          if (packet.state !== 'pending') return
          if (kind === 'ack') ledger.arrive(ZONES[packet.zone]!, ASSETS[packet.asset]!, packet.amount)
          else ledger.failed(ZONES[packet.zone]!, ASSETS[packet.asset]!, packet.amount)
          packet.state = kind === 'ack' ? 'acknowledged' : 'failed'
        }
      })
    } catch (error) {
      if ((error as { code?: string }).code !== 'HUB_INSUFFICIENT') throw error
    }
  }
  return { ledger, world }
}

function check({ ledger, world }: ReturnType<typeof replay>): string {
  const state: string[] = []
  ASSETS.forEach((asset, a) => {
    let sum = 0n
    ZONES.forEach((zone, z) => {
      const [held, flying] = [ledger.holdings(zone, asset), ledger.inFlight(zone, asset)]
      if (held < 0n || flying < 0n) throw new Error('a negative entry')
      sum += held + flying
      const mine = world.packets.filter((p) => p.zone === z && p.asset === a)
      const got = mine.filter((p) => p.state !== 'failed').reduce((x, p) => x + p.amount, 0n)
      // A zone never has more out than was sent to it and not given back.
      if (held + flying !== got - world.returned[z]![a]!) throw new Error('a zone’s entry is not what moved')
      state.push(`${held},${flying}`)
    })
    if (sum !== ledger.escrow(asset)) throw new Error('escrow is not the sum')
  })
  return state.join(';') + world.packets.map((p) => `${p.zone}${p.asset}${p.amount}${p.state[0]}`).join('')
}

/** 1.4 million transitions with `ZOS_LONG`: a few minutes on an idle core. */
const MODEL_MS = process.env.ZOS_LONG ? 3_600_000 : 600_000

it('every state reachable with three zones, two assets and five packets is sound', { timeout: MODEL_MS }, () => {
  // By symmetry the first packet goes to zone 0 in asset 0; further ones may differ in either.
  const targets = [
    [0, 0],
    [0, 1],
    [1, 0],
    [2, 1],
  ] as const
  const seen = new Set<string>()
  let frontier: string[][] = [[]]
  let visited = 0
  const depth = process.env.ZOS_LONG ? 9 : 7
  for (let level = 0; level < depth; level++) {
    const next: string[][] = []
    for (const actions of frontier) {
      const sent = actions.filter((a) => a.startsWith('send')).length
      const options: string[] = []
      if (sent < 5)
        for (const [z, a] of sent === 0 ? [targets[0]] : targets) options.push(`send ${z} ${a} ${AMOUNTS[sent % 2]}`)
      for (let p = 0; p < sent; p++) options.push(`ack ${p}`, `fail ${p}`)
      for (const [z, a] of targets.slice(0, 3)) options.push(`return ${z} ${a} 1`)
      for (const option of options) {
        const path = [...actions, option]
        const key = check(replay(path))
        visited++
        if (seen.has(key)) continue
        seen.add(key)
        next.push(path)
      }
    }
    frontier = next
  }
  console.log(`${visited} transitions, ${seen.size} states`)
  expect(seen.size).toBeGreaterThan(1000)
})

it('random operations by the ten thousand keep the books (a million with ZOS_LONG)', () => {
  const random = createRandom()
  const store = createMapStore()
  const ledger = createLedger(store)
  const out: { zone: number; asset: number; amount: bigint }[] = []
  const operations = process.env.ZOS_LONG ? 1_000_000 : 50_000
  for (let i = 0; i < operations; i++) {
    const zone = random.below(3)
    const asset = random.below(2)
    const amount = BigInt(1 + random.below(1000))
    const [z, a] = [ZONES[zone]!, ASSETS[asset]!]
    try {
      switch (random.below(4)) {
        case 0:
          ledger.depart(z, a, amount)
          out.push({ zone, asset, amount })
          break
        case 1:
          ledger.returned(z, a, amount)
          break
        default: {
          if (out.length === 0) break
          const [packet] = out.splice(random.below(out.length), 1)
          const target = [ZONES[packet!.zone]!, ASSETS[packet!.asset]!, packet!.amount] as const
          if (random.below(2) === 0) ledger.arrive(...target)
          else ledger.failed(...target)
        }
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'HUB_INSUFFICIENT' })
    }
    if (i % 997 === 0) {
      for (const name of ASSETS) {
        const sum = ZONES.reduce((total, r) => total + ledger.holdings(r, name) + ledger.inFlight(r, name), 0n)
        expect(sum).toBe(ledger.escrow(name))
      }
    }
  }
}, 600_000)
