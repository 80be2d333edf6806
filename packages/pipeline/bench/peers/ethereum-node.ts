// What the Ethereum peers are asked to do: the same kind of signed transactions as the TPU gets, over JSON-RPC in batches of 100, mined
// on demand (their fastest way). The nonces of all senders are read back and must account for every transaction.
import { type ChildProcess, spawn } from 'node:child_process'
import { makeKeys, type Plan, signEvm } from '../generator.ts'
import { slotOf, TOKEN, TOKEN_CODE, transferCall } from '../token-bank.ts'
import { cpuSeconds, hex, type PeerResult, plansInTurn } from './peer.ts'

export type Work = 'transfers' | 'erc20'

/** How a node is started, and what its privileged methods begin with. */
export interface EthereumNode {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Finds the port in what the node prints. */
  readonly listening: RegExp
  readonly prefix: 'anvil' | 'hardhat'
}

const SENDERS = 100
const PER_CALL = 100
const PER_BLOCK = 1000

/** Sends `count` transactions to a fresh node. Throws when one of them is not mined. */
export async function runEthereumNode(node: EthereumNode, work: Work, count: number): Promise<PeerResult> {
  const keys = makeKeys(SENDERS, 987_654_321n)
  const plans = plansInTurn(keys, count)
  const raws =
    work === 'transfers'
      ? signEvm(plans, 123_456_789n, 21_000n)
      : signEvm(plans, 123_456_789n, 100_000n, (plan: Plan) => transferCall(plan.to, plan.amount), TOKEN)
  const child = spawn(node.command, node.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(node.cwd ? { cwd: node.cwd } : {}),
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
  })
  try {
    const url = `http://127.0.0.1:${await portOf(child, node.listening)}`
    const set = (method: string, ...params: unknown[]) => ({ method: `${node.prefix}_${method}`, params })
    await call(
      url,
      keys.map((key) => set('setBalance', hex(key.address), '0xffffffffffffffffff')),
    )
    if (work === 'erc20') await installToken(url, set, keys)
    const calls = raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [hex(raw)] }))
    const cpuBefore = cpuSeconds(child.pid!)
    const start = performance.now()
    for (let at = 0; at < calls.length; at += PER_BLOCK) {
      const block = calls.slice(at, at + PER_BLOCK)
      for (let i = 0; i < block.length; i += PER_CALL) await call(url, block.slice(i, i + PER_CALL))
      await call(url, [{ method: 'evm_mine', params: [] }])
    }
    const seconds = (performance.now() - start) / 1000
    const cpu = cpuSeconds(child.pid!) - cpuBefore
    const nonces = await call(
      url,
      keys.map((key) => ({ method: 'eth_getTransactionCount', params: [hex(key.address), 'latest'] })),
    )
    const mined = nonces.reduce<number>((sum, nonce) => sum + Number(nonce), 0)
    if (mined !== count) throw new Error(`${node.command} mined ${mined} of ${count}`)
    return { tps: count / seconds, cpuMicrosPerTx: (cpu / count) * 1e6 }
  } finally {
    child.kill('SIGKILL')
  }
}

interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

/** The token of the ERC-20 bench, with a balance for each sender. */
async function installToken(
  url: string,
  set: (method: string, ...params: unknown[]) => Call,
  keys: readonly { address: Uint8Array }[],
): Promise<void> {
  await call(url, [set('setCode', hex(TOKEN), hex(TOKEN_CODE))])
  const balance = `0x${(10n ** 24n).toString(16).padStart(64, '0')}`
  await call(
    url,
    keys.map((key) => set('setStorageAt', hex(TOKEN), hex(slotOf(key.address)), balance)),
  )
}

async function call(url: string, calls: readonly Call[]): Promise<unknown[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls.map((one, id) => ({ jsonrpc: '2.0', id, ...one }))),
  })
  const answers = (await response.json()) as { result?: unknown; error?: { message: string } }[]
  for (const { error } of answers) if (error) throw new Error(error.message)
  return answers.map(({ result }) => result)
}

function portOf(child: ChildProcess, listening: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk) => {
      if (text.length > 1e5) return
      text += chunk
      const found = listening.exec(text)
      if (found) resolve(found[1]!)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code}`)))
  })
}
