import { expect, it } from 'vitest'
import { createExpansion, createMemoryExpansionStore, createZoneHub } from '../../src/expansion/index.ts'
import { bankDenom, createAssetRegistry, createHub, type Hub } from '../../src/index.ts'
import { createLocalChain, type LocalChain, localEndpoint } from '../../src/local/index.ts'
import { createMemoryCursors, createRelayer, type Relayer } from '../../src/relayer/index.ts'

it('a zone that is started is attached to the hub: a transfer arrives there, and the hub’s books have it', async () => {
  let books: Hub | undefined
  const hub = createLocalChain({
    chainId: 'zoshub-1',
    policy: ({ store, bank, now }) => {
      books = createHub({
        store,
        bank,
        assets: createAssetRegistry(store, {
          factory: new Uint8Array(20),
          codeHash: new Uint8Array(32),
          deploy: () => {},
        }),
        now,
      })
      return books.policy
    },
  })
  const zones = new Map<string, LocalChain>()
  const relayers: Relayer[] = []
  let registrations = 0
  let clock = 0
  const route = (channel: string) => ({ port: 'transfer', channel })
  const expansion = await createExpansion({
    zones: [{ name: 'zone-1', limit: 100, address: 'elsewhere' }],
    newZone: { limit: 100, name: (number) => `zone-${number}` },
    launcher: {
      start: async (name) => {
        zones.set(name, createLocalChain({ chainId: name }))
        return { address: name }
      },
      stop: async (name) => {
        zones.delete(name)
      },
    },
    hub: createZoneHub({
      hub: localEndpoint(hub),
      zone: async ({ address }) => localEndpoint(zones.get(address)!),
      signer: 'relayer',
      onAttached: async ({ address }, { hubClient, zoneClient }) => {
        if (++registrations === 1) throw new Error('governance is slow')
        books!.setLimit(route(hubClient), 'uzos', 'out', { capacity: 50n, refillPerSecond: 1n })
        relayers.push(
          createRelayer({
            a: { endpoint: localEndpoint(hub), clientId: hubClient },
            b: { endpoint: localEndpoint(zones.get(address)!), clientId: zoneClient },
            cursors: createMemoryCursors(),
            signer: 'relayer',
          }),
        )
      },
      empty: async (_, hubClient) =>
        books!.ledger.holdings(route(hubClient), 'uzos') + books!.ledger.inFlight(route(hubClient), 'uzos') === 0n,
    }),
    loadOf: async ({ name }) => (name === 'zone-1' ? 90 : 0),
    clock: { now: () => (clock += 60_000), sleep: async () => {} },
    store: createMemoryExpansionStore(),
    forecast: { intervalMs: 60_000, seasonsMs: [] },
  })
  for (let i = 0; i < 20 && expansion.zones()[1]?.phase !== 'open'; i++) {
    await expansion.step()
    // What goes on between steps is all promises.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { attachment, phase } = expansion.zones()[1]!
  expect(phase).toBe('open')
  // The path of the first attempt was kept: one client, not two.
  expect([registrations, attachment!.hubClient]).toEqual([2, '07-tendermint-0'])

  const zone = zones.get('zone-2')!
  hub.run(() => hub.bank.mint('alice', 'uzos', 100n))
  const send = (amount: bigint) =>
    hub.run(() =>
      hub.transfer.sendV2(
        attachment!.hubClient!,
        { denom: 'uzos', amount, sender: 'alice', receiver: 'bob' },
        hub.now() / 1_000_000_000n + 600n,
      ),
    )
  expect(() => send(51n)).toThrow(expect.objectContaining({ code: 'HUB_RATE_LIMITED' }))
  send(40n)
  hub.commit()
  zone.commit()
  while (await relayers[0]!.step());
  const voucher = bankDenom({ base: 'uzos', trace: [route(attachment!.zoneClient!)] })
  expect(zone.bank.balance('bob', voucher)).toBe(40n)
  expect(books!.ledger.holdings(route(attachment!.hubClient!), 'uzos')).toBe(40n)
})
