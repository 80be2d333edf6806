/** A network nears its limit, and the expansion controller starts another one beside it: real processes, real proofs, a transfer at the end. */
import { createExpansion, createMemoryExpansionStore, createZoneHub, type ExpansionEvent } from '@zos/hub-ibc/expansion'
import { createMemoryCursors, createRelayer, type Relayer } from '@zos/hub-ibc/relayer'
import { privateKeyHex } from '@zos/node'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { createEndpoint, createGasLoad, GATEWAY_ABI, IBC_GATEWAY_ADDRESS } from '@zos/node/ibc'
import { Contract, JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { afterAll, expect, test } from 'vitest'
import { eventually } from './wait.ts'

const networks = new Map<string, Devnet>()
const stopping = new AbortController()
let running: Promise<void> | undefined

afterAll(async () => {
  stopping.abort()
  await running?.catch(() => {})
  await Promise.all([...networks.values()].map((network) => network.stop()))
})

/** Gas a second: one plain transfer takes 21,000. */
const LIMIT = 60_000

async function start(name: string, chainId: number): Promise<Devnet> {
  const known = networks.get(name)
  if (known) return known
  const network = await startDevnet({ validators: 1, port: 0, roundIntervalMs: 50, chainId, ibc: name, restart: false })
  networks.set(name, network)
  return network
}

function userOf({ rpcUrl, accounts }: Devnet) {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 100 })
  return new NonceManager(new Wallet(privateKeyHex(accounts[0]!), provider))
}

test('a second zone is started because the first nears its limit, is attached to the hub, and a transfer arrives on it', async () => {
  const [hub, first] = await Promise.all([start('zoshub-1', 7_101), start('zone-1', 7_102)])
  const privateKey = privateKeyHex(hub.accounts[1]!)
  const relayers: Relayer[] = []
  const events: ExpansionEvent[] = []
  const hubEnd = await createEndpoint({ url: hub.rpcUrl, privateKey })
  const expansion = await createExpansion({
    zones: [{ name: 'zone-1', limit: LIMIT, address: first.rpcUrl }],
    newZone: { limit: LIMIT, name: (number) => `zone-${number}` },
    launcher: {
      start: async (name) => ({ address: (await start(name, 7_101 + networks.size)).rpcUrl }),
      stop: async (name) => networks.get(name)?.stop(),
    },
    hub: createZoneHub({
      hub: hubEnd,
      zone: ({ address }) => createEndpoint({ url: address, privateKey }),
      signer: 'relayer',
      onAttached: async ({ address }, { hubClient, zoneClient }) => {
        const endpoint = await createEndpoint({ url: address, privateKey })
        relayers.push(
          createRelayer({
            a: { endpoint: hubEnd, clientId: hubClient },
            b: { endpoint, clientId: zoneClient },
            cursors: createMemoryCursors(),
            signer: 'relayer',
            batchSize: 20,
          }),
        )
      },
    }),
    loadOf: createGasLoad(),
    clock: {
      now: () => Date.now(),
      sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    store: createMemoryExpansionStore(),
    rules: { maxZones: 2 },
    forecast: { intervalMs: 2_000, horizonMs: 10_000, seasonsMs: [] },
    onEvent: (event) => events.push(event),
  })

  // Quiet at first: nothing happens.
  for (let i = 0; i < 2; i++) {
    await expansion.step()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
  }
  expect(events.filter(({ type }) => type === 'decision')).toEqual([])
  running = expansion.run({ signal: stopping.signal, pollMs: 250 })

  // Twenty transfers a second are 420,000 gas.
  const user = userOf(first)
  let busy = true
  const load = (async () => {
    while (busy) {
      const sent = Array.from({ length: 10 }, () => user.sendTransaction({ to: hub.accounts[3]!.address, value: 1n }))
      await Promise.all(sent)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  const opened = await eventually(
    async () => events.find((event) => event.type === 'attached'),
    'the second zone to be attached',
    60_000,
  ).finally(() => {
    busy = false
  })
  await load
  const decision = events.find((event) => event.type === 'decision' && event.decision.action === 'start')
  expect(decision).toMatchObject({ zone: 'zone-2', decision: { reason: 'fleet-forecast' } })
  expect(expansion.zones().map(({ name, phase }) => [name, phase])).toEqual([
    ['zone-1', 'open'],
    ['zone-2', 'open'],
  ])

  const { hubClient } = opened.attachment
  const sender = userOf(hub)
  const { timestamp } = (await sender.provider!.getBlock('latest'))!
  const receiver = hub.accounts[5]!.address
  const gateway = new Contract(IBC_GATEWAY_ADDRESS, GATEWAY_ABI, sender)
  await (await gateway.getFunction('sendCoin')(hubClient, receiver, timestamp + 600, '', { value: 1_234n })).wait()
  await eventually(
    async () => {
      while (await relayers[0]!.step());
      return relayers[0]!.progress.acknowledged === 1
    },
    'the transfer to be acknowledged',
    60_000,
  )
  const there = userOf(networks.get('zone-2')!)
  const [deployed] = await new Contract(IBC_GATEWAY_ADDRESS, GATEWAY_ABI, there).queryFilter('Deployed')
  const token = (deployed as unknown as { args: { token: string } }).args.token
  const coin = new Contract(token, ['function balanceOf(address) view returns (uint256)'], there)
  expect(await coin.getFunction('balanceOf')(receiver)).toBe(1_234n)
}, 120_000)
