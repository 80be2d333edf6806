/** Thirty validators in five processes (`ZOS_LONG=1`): no garbage collector and no event loop is shared by all of them, as it is in network.e2e.test.ts. */
import { type ChildProcess, fork } from 'node:child_process'
import { bytesToHex } from '@ethereumjs/util'
import { devnetGenesis } from '@zos/node'
import { Wallet } from 'ethers'
import { afterAll, expect, test } from 'vitest'
import type { FromNodes, ToNodes } from './nodes-process.ts'
import { eventually } from './wait.ts'

const PROCESSES = 5
const EACH = 6
const ROUND_MS = 3_000
const TIMEOUT_MS = 1_800_000

const children: ChildProcess[] = []

afterAll(async () => {
  await Promise.all(
    children.map(async (child) => {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.send({ kind: 'stop' } satisfies ToNodes)
      const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
      await exited
      clearTimeout(timer)
    }),
  )
}, 60_000)

function send(child: ChildProcess, message: ToNodes): void {
  child.send(message)
}

let ids = 0

/** The message of `kind` that answers `id`, or the next of its kind. */
function answer<K extends FromNodes['kind']>(
  child: ChildProcess,
  kind: K,
  id?: number,
): Promise<Extract<FromNodes, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a process with validators ended'))
    const listen = (message: FromNodes) => {
      if (message.kind !== kind || (id !== undefined && 'id' in message && message.id !== id)) return
      child.off('message', listen)
      child.off('exit', ended)
      resolve(message as Extract<FromNodes, { kind: K }>)
    }
    child.on('message', listen)
    child.once('exit', ended)
  })
}

async function ask(child: ChildProcess, node: number, method: string, params: unknown[]): Promise<unknown> {
  const id = ids++
  const result = answer(child, 'answer', id)
  send(child, { kind: 'ask', id, node, method, params })
  return (await result).value
}

async function statuses() {
  const all = await Promise.all(
    children.map((child) => {
      const id = ids++
      const result = answer(child, 'statuses', id)
      send(child, { kind: 'status', id })
      return result
    }),
  )
  return { nodes: all.flatMap(({ value }) => value), rssMb: all.map(({ rssBytes }) => Math.round(rssBytes / 2 ** 20)) }
}

test.runIf(process.env.ZOS_LONG)(
  `${PROCESSES * EACH} validators in ${PROCESSES} processes make blocks final, and all have the same`,
  async () => {
    const began = performance.now()
    const { genesis, accounts, validatorKeys } = devnetGenesis({
      validators: PROCESSES * EACH,
      timestampMs: Date.now(),
    })
    // One signature a checkpoint: what is tested is the network.
    genesis.validators = genesis.validators.map(({ isogenyKey: _, ...validator }) => validator)
    const peers: string[] = []
    for (let index = 0; index < PROCESSES; index++) {
      const child = fork(new URL('nodes-process.ts', import.meta.url), {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      })
      children.push(child)
      const keys = validatorKeys.slice(index * EACH, (index + 1) * EACH)
      const started = answer(child, 'started')
      send(child, {
        kind: 'start',
        genesis,
        keys: keys.map(({ privateKey }) => Buffer.from(privateKey).toString('hex')),
        peers,
        roundIntervalMs: ROUND_MS,
      })
      peers.push(...(await started).addresses)
    }
    const startSeconds = Math.round((performance.now() - began) / 1_000)
    const raw = await new Wallet(bytesToHex(accounts[0]!.privateKey)).signTransaction({
      chainId: genesis.chainId,
      nonce: 0,
      gasLimit: 21_000,
      maxFeePerGas: 10_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      to: accounts[1]!.address,
      value: 1n,
    })
    const sent = await ask(children.at(-1)!, EACH - 1, 'eth_sendRawTransaction', [raw])
    await eventually(
      async () => (await statuses()).nodes.every(({ block }) => block >= 4),
      'four blocks everywhere',
      TIMEOUT_MS,
    )
    const everywhere = children.flatMap((child) => Array.from({ length: EACH }, (_, node) => ({ child, node })))
    for (const { child, node } of everywhere)
      await eventually(() => ask(child, node, 'eth_getTransactionReceipt', [sent]), 'the transaction', TIMEOUT_MS)
    for (let number = 1; number <= 4; number++) {
      const blocks = await Promise.all(
        everywhere.map(({ child, node }) => ask(child, node, 'eth_getBlockByNumber', [`0x${number}`, false])),
      )
      expect(new Set(blocks.map((block) => (block as { hash: string }).hash)).size).toBe(1)
    }
    const { nodes, rssMb } = await statuses()
    for (const node of nodes) expect(node).toMatchObject({ bannedPeers: 0, droppedMessages: 0 })
    const sum = (pick: (status: (typeof nodes)[number]) => number) =>
      nodes.reduce((total, node) => total + pick(node), 0)
    console.log(
      JSON.stringify({
        validators: nodes.length,
        startSeconds,
        seconds: Math.round((performance.now() - began) / 1_000),
        round: nodes[0]!.round,
        block: nodes[0]!.block,
        peers: nodes.map(({ peers }) => peers),
        copiesEach: sum(({ gossipCopies }) => gossipCopies) / sum(({ gossipMessages }) => gossipMessages),
        slowAnswers: sum(({ slowAnswers }) => slowAnswers),
        rssMb,
      }),
    )
  },
  TIMEOUT_MS,
)
