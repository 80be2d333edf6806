import { bytesToHex } from '@ethereumjs/util'
import { afterEach, expect, test } from 'vitest'
import { privateKeyHex } from '../../src/genesis/accounts.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createEndpoint } from '../../src/ibc/endpoint.ts'
import { createNode } from '../../src/node.ts'
import type { NodeOptions, ZosNode } from '../../src/node-api.ts'

const nodes: ZosNode[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 20_000; !holds(); left--) {
    if (left === 0) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Epochs of two seconds: a snapshot has to be certified before the next but one begins. */
const { genesis, accounts, validatorKeys } = devnetGenesis({
  validators: 1,
  timestampMs: 1_700_000_000_000,
  epochRounds: 100,
  ibc: 'zone-1',
})

async function start(options: Partial<NodeOptions>): Promise<ZosNode> {
  const node = await createNode({
    genesis,
    roundIntervalMs: 20,
    ticketHashes: 0,
    pruning: { keepEpochs: 1 },
    ...options,
  })
  nodes.push(node)
  return node
}

/** The key of a client's state in the provable store. */
const clientKey = (id: string) => bytesToHex(new TextEncoder().encode(`clients/${id}/clientState`))

test('a node whose peers no longer have the beginning joins from their snapshot and follows, IBC and all', async () => {
  const [{ privateKey, isogenyKey }] = validatorKeys as [(typeof validatorKeys)[0]]
  const validator = await start({ validatorKey: privateKey, isogenyKey, rpc: { port: 0 } })
  const endpoint = await createEndpoint({ url: validator.rpcUrl!, privateKey: privateKeyHex(accounts[0]!) })
  const createClient = async () => {
    const states = await endpoint.clientStates()
    const typeUrl = '/ibc.core.client.v1.MsgCreateClient' as const
    return (await endpoint.submit([{ typeUrl, ...states, signer: 'anyone' }]))[0]
  }
  expect(await createClient()).toMatchObject({ status: 'done', result: '07-tendermint-0' })
  await until(() => validator.status().firstEpoch >= 2, 'the first epochs to be pruned')
  await until(() => (validator.status().checkpoint ?? 0) >= 2, 'a checkpoint')
  const joiner = await start({ p2p: { peers: validator.addresses() } })
  // It begins where the snapshot was taken, not at the genesis.
  expect(joiner.status().firstEpoch).toBeGreaterThanOrEqual(2)
  expect(await joiner.request('zos_ibcGet', [clientKey('07-tendermint-0')])).toBe(
    await validator.request('zos_ibcGet', [clientKey('07-tendermint-0')]),
  )
  expect(await createClient()).toMatchObject({ status: 'done', result: '07-tendermint-1' })
  const { block } = validator.status()
  await until(() => joiner.status().block >= block, 'the joiner to have the second client')
  for (const client of ['07-tendermint-0', '07-tendermint-1']) {
    const proofs = [joiner, validator].map((node) => node.request('zos_ibcProof', [clientKey(client), block]))
    expect(await proofs[0]).toBe(await proofs[1])
  }
  // Roots of the state are equal, or the joiner would have stopped; it also follows who signs.
  expect(await joiner.request('zos_ibcVoters', [block])).toMatchObject({
    hash: ((await validator.request('zos_ibcVoters', [block])) as { hash: string }).hash,
  })
  await until(
    () => joiner.status().epoch >= validator.status().epoch && joiner.status().checkpoint !== null,
    'a checkpoint of its own',
  )
}, 300_000)
