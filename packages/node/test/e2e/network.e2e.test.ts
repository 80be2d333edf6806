/** Whole nodes in one process over real sockets: a network that is cut in two, has a slow member, loses its boot node, or is large. */
import { bytesToHex } from '@ethereumjs/util'
import { createNode, devnetGenesis, type ZosNode } from '@zos/node'
import { Wallet } from 'ethers'
import { afterEach, expect, test } from 'vitest'
import { eventually } from './wait.ts'

const TIMEOUT_MS = process.env.ZOS_LONG ? 1_200_000 : 240_000
const GOOD = { latencyMs: 0, loss: 0, blocked: [] }
const open: ZosNode[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.stop()))
}, 60_000)

/** `count` validators who need one signature only: what is tested here is the network. */
async function start(count: number, options: { roundIntervalMs?: number; boot?: ZosNode } = {}) {
  const { genesis, accounts, validatorKeys } = networkOf(count)
  const nodes: ZosNode[] = []
  for (const { privateKey } of validatorKeys) {
    const known = options.boot ? [options.boot] : nodes
    const node = await createNode({
      genesis,
      validatorKey: privateKey,
      roundIntervalMs: options.roundIntervalMs ?? 100,
      ticketHashes: 0,
      p2p: { peers: known.flatMap((other) => other.addresses()) },
    })
    open.push(node)
    nodes.push(node)
  }
  return { nodes, accounts, genesis }
}

let made: ReturnType<typeof devnetGenesis> | undefined
function networkOf(count: number) {
  if (made?.genesis.validators.length !== count) {
    made = devnetGenesis({ validators: count, timestampMs: Date.now() })
    made.genesis.validators = made.genesis.validators.map(({ isogenyKey: _, ...validator }) => validator)
  }
  return made
}

const reach = (nodes: readonly ZosNode[], block: number) =>
  eventually(async () => nodes.every((node) => node.status().block >= block), `block ${block}`, TIMEOUT_MS)

const hashes = (node: ZosNode, to: number) =>
  Promise.all(
    Array.from({ length: to }, async (_, index) => {
      const block = await node.request('eth_getBlockByNumber', [`0x${(index + 1).toString(16)}`, false])
      return (block as { hash: string }).hash
    }),
  )

/** All of `nodes` have the same blocks up to the lowest head. */
async function agree(nodes: readonly ZosNode[]): Promise<void> {
  const to = Math.min(...nodes.map((node) => node.status().block))
  const chains = await Promise.all(nodes.map((node) => hashes(node, to)))
  for (const chain of chains) expect(chain).toEqual(chains[0])
}

async function pay(node: ZosNode, privateKey: Uint8Array, chainId: number): Promise<string> {
  const raw = await new Wallet(bytesToHex(privateKey)).signTransaction({
    chainId,
    nonce: 0,
    gasLimit: 21_000,
    maxFeePerGas: 10_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    to: `0x${'00'.repeat(19)}99`,
    value: 1n,
    type: 2,
  })
  return (await node.request('eth_sendRawTransaction', [raw])) as string
}

test(
  'halves of a network make nothing final while they are apart; then their units meet and finality goes on',
  async () => {
    const { nodes, accounts, genesis } = await start(4)
    await reach(nodes, 3)
    const halves = [nodes.slice(0, 2), nodes.slice(2)]
    for (const [index, half] of halves.entries())
      for (const node of half) node.setLink({ ...GOOD, blocked: halves[1 - index]!.map(({ peerId }) => peerId) })
    await eventually(async () => nodes.every((node) => node.status().peers === 1), 'the cut')
    const before = Math.max(...nodes.map((node) => node.status().block))
    // Each half takes a transaction into units that the other does not see.
    const sent = await Promise.all(
      halves.map(([node], index) => pay(node!, accounts[index]!.privateKey, genesis.chainId)),
    )
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    // What was on its way may still have become final: three rounds of a decision.
    for (const node of nodes) expect(node.status().block).toBeLessThanOrEqual(before + 2)
    for (const node of nodes) node.setLink(GOOD)
    await reach(nodes, before + 5)
    for (const node of nodes)
      for (const hash of sent)
        await eventually(async () => node.request('eth_getTransactionReceipt', [hash]), 'both transactions', TIMEOUT_MS)
    await agree(nodes)
  },
  TIMEOUT_MS,
)

test(
  'a quorum goes on without the one that is cut off, which catches up afterwards',
  async () => {
    const { nodes } = await start(4)
    const [lonely, ...others] = nodes
    await reach(nodes, 2)
    lonely!.setLink({ ...GOOD, blocked: others.map(({ peerId }) => peerId) })
    await eventually(async () => lonely!.status().peers === 0, 'the cut')
    const { block } = lonely!.status()
    await reach(others, block + 6)
    expect(lonely!.status().block).toBeLessThanOrEqual(block + 2)
    lonely!.setLink(GOOD)
    await reach(nodes, block + 9)
    await agree(nodes)
  },
  TIMEOUT_MS,
)

test(
  'a validator on a slow line is waited for by nobody and banned by nobody',
  async () => {
    const { nodes } = await start(4)
    await reach(nodes, 2)
    nodes[3]!.setLink({ latencyMs: 700, loss: 0.1, blocked: [] })
    const { block } = nodes[0]!.status()
    await reach(nodes.slice(0, 3), block + 12)
    for (const node of nodes) expect(node.status()).toMatchObject({ bannedPeers: 0, droppedMessages: 0, peers: 3 })
    await reach(nodes, block + 12)
    await agree(nodes)
  },
  TIMEOUT_MS,
)

test(
  'validators that know a boot node alone find each other, and the chain goes on when it has left',
  async () => {
    const boot = await createNode({ genesis: networkOf(4).genesis })
    open.push(boot)
    const { nodes } = await start(4, { boot })
    await eventually(async () => nodes.every((node) => node.status().peers === 4), 'all to be connected', TIMEOUT_MS)
    await reach(nodes, 2)
    await boot.stop()
    await eventually(async () => nodes.every((node) => node.status().peers === 3), 'the boot node to be gone')
    const { block } = nodes[0]!.status()
    await reach(nodes, block + 4)
    await agree(nodes)
  },
  TIMEOUT_MS,
)

/** What a node has got by gossip since it started, in the mean. */
function trafficOf(nodes: readonly ZosNode[], seconds: number) {
  const all = nodes.map((node) => node.status())
  const sum = (pick: (status: (typeof all)[number]) => number) => all.reduce((total, status) => total + pick(status), 0)
  const messages = sum(({ gossipMessages }) => gossipMessages)
  const copies = sum(({ gossipCopies }) => gossipCopies)
  const bytes = sum(({ gossipBytes }) => gossipBytes)
  return {
    messagesEachRound: Math.round(messages / sum(({ round }) => round)),
    copiesEach: Math.round((copies / messages) * 100) / 100,
    bytesEach: Math.round(bytes / (messages + copies)),
    bytesPerSecond: Math.round(bytes / nodes.length / seconds),
  }
}

/** More than ten have one address here: gossipsub by itself would take nothing from them. */
const SIZE = process.env.ZOS_LONG ? 30 : 12
/** Thirty nodes in one process check nine hundred units a round on one core: it takes them seconds. */
const SIZE_ROUND_MS = process.env.ZOS_LONG ? 3_000 : 500

test(
  `${SIZE} validators make blocks final, and all have the same`,
  async () => {
    const began = performance.now()
    const { nodes, accounts, genesis } = await start(SIZE, { roundIntervalMs: SIZE_ROUND_MS })
    const started = performance.now()
    const sent = await pay(nodes.at(-1)!, accounts[0]!.privateKey, genesis.chainId)
    await reach(nodes, 4)
    for (const node of nodes)
      await eventually(async () => node.request('eth_getTransactionReceipt', [sent]), 'the transaction', TIMEOUT_MS)
    await agree(nodes)
    for (const node of nodes) expect(node.status()).toMatchObject({ bannedPeers: 0, droppedMessages: 0 })
    const traffic = trafficOf(nodes, (performance.now() - began) / 1_000)
    // The units of the others, of which not every peer sends every one.
    expect(traffic.messagesEachRound).toBeGreaterThan(SIZE / 2)
    expect(traffic.copiesEach).toBeLessThan(SIZE - 2)
    const { block, round, epoch } = nodes[0]!.status()
    console.log(
      JSON.stringify({
        validators: SIZE,
        traffic,
        startSeconds: Math.round((started - began) / 1_000),
        seconds: Math.round((performance.now() - started) / 1_000),
        block,
        round,
        epoch,
        peers: nodes.map((node) => node.status().peers),
        slowAnswers: nodes.reduce((sum, node) => sum + node.status().slowAnswers, 0),
        rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
      }),
    )
  },
  TIMEOUT_MS,
)
