import { describe, expect, it } from 'vitest'
import { createJournal } from '../../src/core/journal.ts'
import { type AssetMetadata, createAssetRegistry, safeMetadata } from '../../src/hub/assets.ts'
import { putBack, refill, take } from '../../src/hub/bucket.ts'
import { createHub, type Hub } from '../../src/hub/hub.ts'
import { createLocalChain, createMapStore, type LocalChain } from '../../src/local/chain.ts'
import { localEndpoint } from '../../src/local/endpoint.ts'
import { connectV1, connectV2 } from '../../src/relayer/connect.ts'
import { createMemoryCursors } from '../../src/relayer/endpoint.ts'
import { createRelayer } from '../../src/relayer/relayer.ts'
import { createMemoryBank } from '../../src/transfer/bank.ts'
import { bankDenom } from '../../src/transfer/denom.ts'

const MINUTE = 60_000_000_000n

/** A hub and its zones, each connected by a v1 channel. */
async function star(zoneIds: readonly string[], limit?: Parameters<typeof createHub>[0]['limit']) {
  let hub!: Hub
  const deployed: { address: string; metadata: AssetMetadata }[] = []
  const chain = createLocalChain({
    chainId: 'zoshub-1',
    policy: ({ store, bank, now }) => {
      const assets = createAssetRegistry(store, {
        factory: new Uint8Array(20).fill(1),
        codeHash: new Uint8Array(32).fill(2),
        deploy: (address, _salt, metadata) => deployed.push({ address, metadata }),
      })
      hub = createHub({ store, bank, assets, now, ...(limit ? { limit } : {}) })
      return hub.policy
    },
  })
  const zones: {
    chain: LocalChain
    hubRoute: { port: string; channel: string }
    zoneRoute: { port: string; channel: string }
    relay: () => Promise<void>
  }[] = []
  for (const id of zoneIds) {
    const zone = createLocalChain({ chainId: id })
    const [eh, ez] = [localEndpoint(chain), localEndpoint(zone)]
    // Clocks run together, or headers would come from the future.
    while (zone.now() < chain.now()) zone.commit(Number(chain.now() - zone.now()) / 1e9)
    const path = await connectV1(eh, ez, 'relayer')
    const relayer = createRelayer({
      a: { endpoint: eh, clientId: path.clientA, channels: [{ port: 'transfer', channel: path.channelA }] },
      b: { endpoint: ez, clientId: path.clientB, channels: [{ port: 'transfer', channel: path.channelB }] },
      cursors: createMemoryCursors(),
      signer: 'relayer',
      onRejected: (id, message, reason) => console.log('rejected', id, message.typeUrl, reason),
    })
    const relay = async () => {
      for (let i = 0; i < 8; i++) {
        const late = chain.now() > zone.now() ? zone : chain
        const gap = Number(chain.now() > zone.now() ? chain.now() - zone.now() : zone.now() - chain.now()) / 1e9
        late.commit(gap + 0.001)
        chain.commit(0.01)
        zone.commit(0.01)
        if (!(await relayer.step())) break
      }
    }
    zones.push({
      chain: zone,
      hubRoute: { port: 'transfer', channel: path.channelA },
      zoneRoute: { port: 'transfer', channel: path.channelB },
      relay,
    })
  }
  return { chain, hub, zones, deployed }
}

const send = (
  chain: LocalChain,
  route: { port: string; channel: string },
  denom: string,
  amount: bigint,
  sender: string,
  receiver: string,
  memo = '',
  timeout = 60n * MINUTE,
) =>
  chain.run(() =>
    chain.transfer.send(route, { denom, amount, sender, receiver, memo }, { timestamp: chain.now() + timeout }),
  )

describe('the hub’s books', () => {
  it('follow tokens out and home, and balance at every moment', async () => {
    const { chain, hub, zones } = await star(['zone-1'])
    const zone = zones[0]!
    chain.run(() => chain.bank.mint('alice', 'uzos', 100n))
    send(chain, zone.hubRoute, 'uzos', 60n, 'alice', 'bob')
    expect([
      hub.ledger.holdings(zone.hubRoute, 'uzos'),
      hub.ledger.inFlight(zone.hubRoute, 'uzos'),
      hub.ledger.escrow('uzos'),
    ]).toEqual([0n, 60n, 60n])
    await zone.relay()
    expect([hub.ledger.holdings(zone.hubRoute, 'uzos'), hub.ledger.inFlight(zone.hubRoute, 'uzos')]).toEqual([60n, 0n])
    const voucher = bankDenom({ base: 'uzos', trace: [zone.zoneRoute] })
    send(zone.chain, zone.zoneRoute, voucher, 25n, 'bob', 'alice')
    await zone.relay()
    expect([hub.ledger.holdings(zone.hubRoute, 'uzos'), chain.bank.balance('alice', 'uzos')]).toEqual([35n, 65n])
    expect(hub.audit([zone.hubRoute], ['uzos'])).toEqual([])
  })

  it('a zone that asks for more than it holds is isolated, alone, and gets nothing; refunds still pass', async () => {
    const { chain, hub, zones } = await star(['zone-1', 'zone-2'])
    const [bad, good] = [zones[0]!, zones[1]!]
    chain.run(() => chain.bank.mint('alice', 'uzos', 1000n))
    send(chain, bad.hubRoute, 'uzos', 100n, 'alice', 'mallory')
    send(chain, good.hubRoute, 'uzos', 500n, 'alice', 'bob')
    await bad.relay()
    await good.relay()
    // On its way to the bad zone when it is isolated.
    send(chain, bad.hubRoute, 'uzos', 7n, 'alice', 'mallory', '', 2n * MINUTE)
    const voucher = bankDenom({ base: 'uzos', trace: [bad.zoneRoute] })
    bad.chain.run(() => bad.chain.bank.mint('mallory', voucher, 10n ** 30n))
    send(bad.chain, bad.zoneRoute, voucher, 500n, 'mallory', 'mallory-on-hub')
    await bad.relay()
    expect(chain.bank.balance('mallory-on-hub', 'uzos')).toBe(0n)
    expect(hub.isolationOf(bad.hubRoute)).toContain('uzos')
    expect(() => send(chain, bad.hubRoute, 'uzos', 1n, 'alice', 'x')).toThrow(
      expect.objectContaining({ code: 'HUB_ISOLATED' }),
    )
    // Even what it does hold stays until it is readmitted.
    send(bad.chain, bad.zoneRoute, voucher, 50n, 'mallory', 'mallory-on-hub')
    await bad.relay()
    expect(chain.bank.balance('mallory-on-hub', 'uzos')).toBe(0n)
    // The other zone does not notice.
    send(good.chain, good.zoneRoute, bankDenom({ base: 'uzos', trace: [good.zoneRoute] }), 500n, 'bob', 'alice')
    await good.relay()
    expect(hub.audit([bad.hubRoute, good.hubRoute], ['uzos'])).toEqual([])
    expect(chain.bank.balance('alice', 'uzos')).toBe(1000n - 107n)
    hub.readmit(bad.hubRoute)
    send(bad.chain, bad.zoneRoute, voucher, 107n, 'mallory', 'mallory-on-hub')
    await bad.relay()
    expect(chain.bank.balance('mallory-on-hub', 'uzos')).toBe(107n)
    expect(hub.ledger.escrow('uzos')).toBe(0n)
  })

  it('the other zones get the same through in every round while a zone floods the hub with false claims', async () => {
    const ROUNDS = 4
    const PACKETS = 10
    const traffic = async (flood: number) => {
      const { chain, hub, zones } = await star(['zone-1', 'zone-2', 'zone-3'], () => ({
        capacity: BigInt(ROUNDS * PACKETS),
        refillPerSecond: 1n,
      }))
      const bad = zones[2]!
      const good = zones.slice(0, 2)
      chain.run(() => chain.bank.mint('alice', 'uzos', 1000n))
      send(chain, bad.hubRoute, 'uzos', 5n, 'alice', 'mallory')
      await bad.relay()
      const claim = bankDenom({ base: 'uzos', trace: [bad.zoneRoute] })
      bad.chain.run(() => bad.chain.bank.mint('mallory', claim, 10n ** 30n))
      const through: bigint[][] = []
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < flood; i++)
          send(bad.chain, bad.zoneRoute, claim, 6n + BigInt(i), 'mallory', 'mallory-on-hub')
        for (const zone of good)
          for (let i = 0; i < PACKETS; i++) send(chain, zone.hubRoute, 'uzos', 1n, 'alice', 'bob')
        for (const zone of zones) await zone.relay()
        through.push(
          good.flatMap((zone) => [
            zone.chain.bank.balance('bob', bankDenom({ base: 'uzos', trace: [zone.zoneRoute] })),
            hub.ledger.inFlight(zone.hubRoute, 'uzos'),
          ]),
        )
      }
      expect(chain.bank.balance('mallory-on-hub', 'uzos')).toBe(0n)
      return through
    }
    const quiet = await traffic(0)
    expect(quiet.at(-1)).toEqual([40n, 0n, 40n, 0n])
    expect(await traffic(30)).toEqual(quiet)
  })

  it('limits what moves in a while, and a limit never blocks a refund', async () => {
    const { chain, zones } = await star(['zone-1'], () => ({ capacity: 50n, refillPerSecond: 1n }))
    const zone = zones[0]!
    chain.run(() => chain.bank.mint('alice', 'uzos', 1000n))
    send(chain, zone.hubRoute, 'uzos', 50n, 'alice', 'bob', '', MINUTE)
    expect(() => send(chain, zone.hubRoute, 'uzos', 50n, 'alice', 'bob')).toThrow(
      expect.objectContaining({ code: 'HUB_RATE_LIMITED' }),
    )
    chain.commit(90)
    await zone.relay()
    expect(chain.bank.balance('alice', 'uzos')).toBe(1000n)
  })

  it('the bucket is exact, and independent of how often it is looked at', () => {
    const rule = { capacity: 100n, refillPerSecond: 3n }
    const second = 1_000_000_000n
    let state = take(rule, { used: 0n, at: 0n }, 100n, 0n)
    expect(() => take(rule, state, 1n, second / 4n)).toThrow(expect.objectContaining({ code: 'HUB_RATE_LIMITED' }))
    let often = state
    for (let t = 0n; t <= 10n * second; t += second / 7n) often = refill(rule, often, t)
    expect(refill(rule, often, 10n * second)).toEqual(refill(rule, state, 10n * second))
    state = putBack(rule, state, 1000n, 0n)
    expect(state.used).toBe(0n)
  })
})

describe('assets by origin', () => {
  it('the first transfer deploys at a deterministic address, the second mints, and going home burns', async () => {
    const { chain, hub, zones, deployed } = await star(['zone-1'])
    const zone = zones[0]!
    zone.chain.run(() => zone.chain.bank.mint('bob', 'ugold', 100n))
    send(zone.chain, zone.zoneRoute, 'ugold', 40n, 'bob', 'alice')
    await zone.relay()
    send(zone.chain, zone.zoneRoute, 'ugold', 2n, 'bob', 'alice')
    await zone.relay()
    expect(deployed.length).toBe(1)
    const origin = { zone: hub.assets.zoneAt([zone.hubRoute]), base: 'ugold' }
    const name = hub.assets.nameOf(origin)
    expect(name).toBe(`erc20/${deployed[0]!.address}`)
    expect([chain.bank.balance('alice', name), hub.assets.originOf(name)]).toEqual([42n, origin])
    send(chain, zone.hubRoute, name, 42n, 'alice', 'bob')
    await zone.relay()
    expect([chain.bank.supply(name), zone.chain.bank.balance('bob', 'ugold')]).toEqual([0n, 100n])
  })

  it('the same asset over two ways is one asset of the hub, and each way takes home what came over it', async () => {
    const { chain, hub, zones } = await star(['planet-1', 'satellite-1'])
    const [planet, satellite] = [zones[0]!, zones[1]!]
    // The satellite hangs on the planet too; governance says that both are the one zone.
    const { chain: p } = planet
    const { chain: s } = satellite
    while (s.now() < p.now()) s.commit(Number(p.now() - s.now()) / 1e9 + 0.001)
    while (p.now() < s.now()) p.commit(Number(s.now() - p.now()) / 1e9 + 0.001)
    const ep = localEndpoint(p)
    const es = localEndpoint(s)
    const path = await connectV1(ep, es, 'relayer')
    const relayer = createRelayer({
      a: { endpoint: ep, clientId: path.clientA, channels: [{ port: 'transfer', channel: path.channelA }] },
      b: { endpoint: es, clientId: path.clientB, channels: [{ port: 'transfer', channel: path.channelB }] },
      cursors: createMemoryCursors(),
      signer: 'relayer',
      onRejected: (id, message, reason) => console.log('rejected', id, message.typeUrl, reason),
    })
    const relayMoon = async () => {
      for (let i = 0; i < 6; i++) {
        const gap = Number(p.now() > s.now() ? p.now() - s.now() : s.now() - p.now()) / 1e9
        ;(p.now() > s.now() ? s : p).commit(gap + 0.001)
        p.commit(0.01)
        s.commit(0.01)
        if (!(await relayer.step())) break
      }
    }
    chain.run(() => {
      hub.assets.alias([satellite.hubRoute], 'moon')
      hub.assets.alias([planet.hubRoute, { port: 'transfer', channel: path.channelA }], 'moon')
    })
    s.run(() => s.bank.mint('luna', 'urock', 100n))
    send(s, satellite.zoneRoute, 'urock', 30n, 'luna', 'alice')
    await satellite.relay()
    // Two hops by one instruction: satellite → planet → hub.
    const memo = JSON.stringify({ forward: { receiver: 'alice', port: 'transfer', channel: planet.zoneRoute.channel } })
    send(s, { port: 'transfer', channel: path.channelB }, 'urock', 50n, 'luna', 'anyone', memo)
    await relayMoon()
    await planet.relay()
    await relayMoon()
    const name = hub.assets.nameOf({ zone: 'moon', base: 'urock' })
    expect(chain.bank.balance('alice', name)).toBe(80n)
    // 50 can go home over the planet, not 60; over the direct way there are 30.
    send(chain, planet.hubRoute, name, 50n, 'alice', 'luna-on-planet')
    send(chain, satellite.hubRoute, name, 30n, 'alice', 'luna')
    await satellite.relay()
    await planet.relay()
    expect(s.bank.balance('luna', 'urock')).toBe(50n)
    expect(
      p.bank.balance(
        'luna-on-planet',
        bankDenom({ base: 'urock', trace: [{ port: 'transfer', channel: path.channelA }] }),
      ),
    ).toBe(50n)
    expect(chain.bank.supply(name)).toBe(0n)
  })

  it('more of an asset than came over a client goes out over it all the same, not home', async () => {
    const { chain, hub, zones } = await star(['zone-1'])
    const zone = zones[0]!
    const [eh, ez] = [localEndpoint(chain), localEndpoint(zone.chain)]
    const { clientA, clientB } = await connectV2(eh, ez, 'relayer')
    const relayer = createRelayer({
      a: { endpoint: eh, clientId: clientA },
      b: { endpoint: ez, clientId: clientB },
      cursors: createMemoryCursors(),
      signer: 'relayer',
    })
    const client = { port: 'transfer', channel: clientA }
    chain.run(() => hub.assets.alias([client], hub.assets.zoneAt([zone.hubRoute])))
    zone.chain.run(() => zone.chain.bank.mint('alice', 'utea', 15n))
    send(zone.chain, zone.zoneRoute, 'utea', 5n, 'alice', 'bob')
    await zone.relay()
    const soon = (from: LocalChain) => from.now() / 1_000_000_000n + 600n
    const over = { denom: 'utea', amount: 10n, sender: 'alice', receiver: 'bob' }
    zone.chain.run(() => zone.chain.transfer.sendV2(clientB, over, soon(zone.chain)))
    zone.chain.commit(0.01)
    while (await relayer.step());
    const name = hub.assets.nameOf({ zone: hub.assets.zoneAt([client]), base: 'utea' })
    expect(chain.bank.balance('bob', name)).toBe(15n)
    for (const [amount, backing] of [
      [12n, 10n],
      [3n, 7n],
    ] as const) {
      chain.run(() =>
        chain.transfer.sendV2(clientA, { denom: name, amount, sender: 'bob', receiver: 'alice' }, soon(chain)),
      )
      expect(hub.ledger.backing(`transfer/${clientA}/utea`)).toBe(backing)
    }
    expect(hub.ledger.inFlight(client, name)).toBe(12n)
    expect(hub.audit([client, zone.hubRoute], [name])).toEqual([])
  })

  it('a forward that fails comes all the way back', async () => {
    const { chain, zones } = await star(['zone-1', 'zone-2'])
    const [from, to] = [zones[0]!, zones[1]!]
    from.chain.run(() => from.chain.bank.mint('bob', 'ugold', 10n))
    const memo = JSON.stringify({
      forward: { receiver: 'carol', port: 'transfer', channel: to.hubRoute.channel, timeout: '30s' },
    })
    send(from.chain, from.zoneRoute, 'ugold', 10n, 'bob', 'anyone', memo)
    await from.relay()
    // Nobody relays to the second zone in time.
    chain.commit(60)
    await to.relay()
    await from.relay()
    expect(from.chain.bank.balance('bob', 'ugold')).toBe(10n)
  })

  it('a forward that fails is taken back from what it came out of, also where the asset came over that zone too', async () => {
    const { chain, hub, zones } = await star(['planet-1', 'moon-1'])
    const [planet, moon] = [zones[0]!, zones[1]!]
    const hop = { port: 'transfer', channel: 'channel-9' }
    chain.run(() => {
      hub.assets.alias([moon.hubRoute], 'moon')
      hub.assets.alias([planet.hubRoute, hop], 'moon')
    })
    moon.chain.run(() => moon.chain.bank.mint('luna', 'urock', 30n))
    send(moon.chain, moon.zoneRoute, 'urock', 30n, 'luna', 'alice')
    await moon.relay()
    // What the planet says that it has of the moon.
    planet.chain.run(() => planet.chain.bank.mint('pat', 'transfer/channel-9/urock', 10n))
    send(planet.chain, planet.zoneRoute, 'transfer/channel-9/urock', 10n, 'pat', 'alice')
    await planet.relay()
    const name = hub.assets.nameOf({ zone: 'moon', base: 'urock' })
    // More than came over the planet, so it does not go home there.
    send(chain, planet.hubRoute, name, 12n, 'alice', 'pat')
    await planet.relay()
    const voucher = bankDenom({ base: name, trace: [planet.zoneRoute] })
    const memo = JSON.stringify({
      forward: { receiver: 'luna', port: 'transfer', channel: moon.hubRoute.channel, timeout: '30s' },
    })
    send(planet.chain, planet.zoneRoute, voucher, 4n, 'pat', 'anyone', memo)
    await planet.relay()
    chain.commit(60)
    await moon.relay()
    await planet.relay()
    expect(planet.chain.bank.balance('pat', voucher)).toBe(12n)
    const path = `transfer/${planet.hubRoute.channel}/transfer/channel-9/urock`
    expect([hub.ledger.holdings(planet.hubRoute, name), hub.ledger.backing(path)]).toEqual([12n, 10n])
    send(planet.chain, planet.zoneRoute, voucher, 12n, 'pat', 'alice')
    await planet.relay()
    expect(hub.isolationOf(planet.hubRoute)).toBeUndefined()
    expect([chain.bank.balance('alice', name), chain.bank.supply(name)]).toEqual([40n, 40n])
  })

  it('a zone has no more outstanding than its cap, and cannot pass its coin off as the hub’s', async () => {
    const { chain, hub, zones } = await star(['zone-1'])
    const zone = zones[0]!
    const origin = { zone: hub.assets.zoneAt([zone.hubRoute]), base: 'ugold' }
    hub.setCap(origin, 50n)
    const name = hub.assets.nameOf(origin)
    zone.chain.run(() => {
      zone.chain.bank.mint('bob', 'ugold', 1000n)
      zone.chain.bank.mint('bob', 'uzos', 1000n)
    })
    for (const amount of [50n, 1n]) send(zone.chain, zone.zoneRoute, 'ugold', amount, 'bob', 'alice')
    send(zone.chain, zone.zoneRoute, 'uzos', 5n, 'bob', 'alice')
    await zone.relay()
    expect([chain.bank.balance('alice', name), chain.bank.balance('alice', 'uzos')]).toEqual([50n, 0n])
    zone.chain.run(() => zone.chain.bank.mint('bob', name, 9n))
    send(zone.chain, zone.zoneRoute, name, 9n, 'bob', 'alice')
    await zone.relay()
    expect([chain.bank.balance('alice', name), zone.chain.bank.balance('bob', name)]).toEqual([50n, 9n])
  })

  it('an asset takes eight ways over one route at most', () => {
    const store = createMapStore()
    const assets = createAssetRegistry(store, {
      factory: new Uint8Array(20),
      codeHash: new Uint8Array(32),
      deploy: () => {},
    })
    const hub = createHub({ store, bank: createMemoryBank(createJournal()), assets, now: () => 0n })
    const route = { port: 'transfer', channel: 'channel-0' }
    const arrive = (i: number) => {
      const hop = { port: 'transfer', channel: `channel-${i}` }
      assets.alias([route, hop], 'planet')
      return hub.policy.mint(route, { base: 'ugold', trace: [hop] }, 1n)
    }
    const names = Array.from({ length: 8 }, (_, i) => arrive(i))
    expect(new Set(names).size).toBe(1)
    expect(arrive(3)).toBe(names[0])
    expect(() => arrive(8)).toThrow(expect.objectContaining({ code: 'HUB_APPLICATION' }))
  })

  it('an asset whose name is as long as can be comes and goes home; a longer one is refused', async () => {
    const { chain, zones, deployed } = await star(['zone-1'])
    const zone = zones[0]!
    const name = (length: number) => 'u'.repeat(length)
    for (const length of [1_024, 1_025]) zone.chain.run(() => zone.chain.bank.mint('alice', name(length), 5n))
    send(zone.chain, zone.zoneRoute, name(1_024), 5n, 'alice', 'bob')
    send(zone.chain, zone.zoneRoute, name(1_025), 5n, 'alice', 'bob')
    await zone.relay()
    expect(deployed).toHaveLength(1)
    expect(zone.chain.bank.balance('alice', name(1_025))).toBe(5n)
    send(chain, zone.hubRoute, `erc20/${deployed[0]!.address}`, 5n, 'bob', 'alice')
    await zone.relay()
    expect(zone.chain.bank.balance('alice', name(1_024))).toBe(5n)
  })

  it('hostile metadata is made harmless', () => {
    const origin = { zone: 'z', base: 'factory/x/\u202eevil' }
    expect(
      safeMetadata(origin, { name: '<script>alert(1)</script>\u0000', symbol: '\u202eETH', decimals: 255 }),
    ).toEqual({ name: 'scriptalert(1)/script', symbol: 'ETH', decimals: 0 })
    expect(safeMetadata(origin, { name: 'x'.repeat(10_000), symbol: '', decimals: 36 })).toEqual({
      name: 'x'.repeat(64),
      symbol: 'evil',
      decimals: 36,
    })
    expect(safeMetadata({ zone: 'z', base: '\u200b' }, { decimals: Number.NaN })).toEqual({
      name: 'Token',
      symbol: 'TOKEN',
      decimals: 0,
    })
  })
})
