/**
 * Plain transfers a second through JSON-RPC, from many senders, until every receipt is there: a ZOS network of four validators beside
 * `anvil` and `hardhat node`, one after the other on the same machine, with the same signed transactions.
 * Each peer runs a part of the transactions first, so that none is measured cold (JavaScript compiles what is hot, native peers have that done).
 * Every sender keeps to one JSON-RPC endpoint; a ZOS network has one at each validator, the peers have one in all.
 * `single`: one call a request, 32 at a time. `batched`: a hundred calls a request, eight requests at a time. Every balance is checked at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { DEVNET_CHAIN_ID, deriveAccounts, TEST_MNEMONIC } from '@zos/node'
import { startDevnet } from '@zos/node/devnet'
import { Transaction, Wallet } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const SENDERS = 200
const SINGLE = quick ? 1_000 : 10_000
const BATCHED = quick ? 5_000 : 40_000
/** Not measured, before each measurement. */
const WARM_UP = quick ? 1_000 : 4_000
const BATCH = 100
const PARALLEL = 32
/** Connections that send batches; divides the number of senders. */
const LANES = 8
/** Short rounds for the short run, where waiting for finality would be most of the time. */
const ROUND_INTERVAL_MS = quick ? 100 : 250
const RECIPIENT = `0x${'b'.repeat(40)}`
const TIMEOUT_MS = quick ? 30_000 : 180_000

interface Peer {
  name: string
  url: string
  /** All JSON-RPC endpoints: every sender keeps to one of them. A ZOS network has one a validator. */
  urls: readonly string[]
  stop: () => Promise<void>
  /** Makes a block of what waits, where the peer does not by itself. */
  mine?: () => Promise<unknown>
}

type Mode = 'single' | 'batched'

const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL })

function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

async function rpc<T = string>(url: string, method: string, params: unknown[] = []): Promise<T> {
  const { result, error } = JSON.parse(await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })))
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

/** Transactions in the order in which they are sent: nonce by nonce, sender by sender. */
async function sign(count: number): Promise<string[]> {
  const wallets = deriveAccounts(TEST_MNEMONIC, SENDERS).map(
    ({ privateKey }) => new Wallet(`0x${Buffer.from(privateKey).toString('hex')}`),
  )
  const signed: string[] = []
  for (let index = 0; index < count; index++) {
    const wallet = wallets[index % SENDERS]!
    const transaction = Transaction.from({
      type: 2,
      chainId: DEVNET_CHAIN_ID,
      nonce: Math.floor(index / SENDERS),
      to: RECIPIENT,
      value: 1n,
      gasLimit: 21_000n,
      maxFeePerGas: 100_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
    })
    transaction.signature = wallet.signingKey.sign(transaction.unsignedHash)
    signed.push(transaction.serialized)
  }
  return signed
}

const call = (id: number, raw: string) => ({ jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [raw] })

async function sendSingle({ urls }: Peer, signed: readonly string[]): Promise<void> {
  let sender = 0
  const worker = async () => {
    for (let mine = sender++; mine < SENDERS; mine = sender++) {
      const url = urls[mine % urls.length]!
      for (let index = mine; index < signed.length; index += SENDERS) {
        const { error } = JSON.parse(await post(url, JSON.stringify(call(index, signed[index]!))))
        if (error) throw new Error(`transaction ${index}: ${error.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
}

/** Several connections, each with senders of its own, so that every sender's transactions arrive in order. */
async function sendBatched({ urls }: Peer, signed: readonly string[]): Promise<void> {
  const lane = async (mine: number) => {
    const own = signed.filter((_, index) => index % LANES === mine)
    const url = urls[mine % urls.length]!
    for (let from = 0; from < own.length; from += BATCH) {
      const calls = own.slice(from, from + BATCH).map((raw, index) => call(from + index, raw))
      for (const { error } of JSON.parse(await post(url, JSON.stringify(calls))))
        if (error) throw new Error(`transaction near ${from} of lane ${mine}: ${error.message}`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, (_, mine) => lane(mine)))
}

/** Transfers a second from the first request until the recipient has all of them. Throws if they do not arrive. */
async function measure(
  peer: Peer,
  signed: readonly string[],
  send: (peer: Peer, signed: readonly string[]) => Promise<void>,
): Promise<number> {
  const before = BigInt(await rpc(peer.url, 'eth_getBalance', [RECIPIENT, 'latest']))
  const started = performance.now()
  await send(peer, signed)
  for (;;) {
    await peer.mine?.()
    const arrived = BigInt(await rpc(peer.url, 'eth_getBalance', [RECIPIENT, 'latest'])) - before
    if (arrived === BigInt(signed.length)) break
    if (performance.now() - started > TIMEOUT_MS)
      throw new Error(`${peer.name}: only ${arrived} of ${signed.length} transfers arrived`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const seconds = (performance.now() - started) / 1000
  for (const raw of [signed[0]!, signed.at(-1)!]) {
    const receipt = await rpc<{ status: string } | null>(peer.url, 'eth_getTransactionReceipt', [
      Transaction.from(raw).hash,
    ])
    if (receipt?.status !== '0x1') throw new Error(`${peer.name}: a transfer has no receipt`)
  }
  return signed.length / seconds
}

async function zos(validators: number): Promise<Peer> {
  const devnet = await startDevnet({
    validators,
    port: 0,
    roundIntervalMs: ROUND_INTERVAL_MS,
    accounts: SENDERS,
  })
  return { name: 'zos', url: devnet.rpcUrl, urls: devnet.validators.map(({ rpcUrl }) => rpcUrl), stop: devnet.stop }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function started(name: string, url: string, child: ChildProcess, clean = () => {}): Promise<Peer> {
  const stop = async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve))
    process.kill(-child.pid!, 'SIGKILL') // npm's launcher has the real process below it
    await exited
    clean()
  }
  for (let attempt = 0; attempt < 300; attempt++) {
    try {
      if (Number(await rpc(url, 'eth_chainId')) === DEVNET_CHAIN_ID) return { name, url, urls: [url], stop }
    } catch {
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await stop()
  throw new Error(`${name} did not start`)
}

/** In batches anvil's automining leaves transactions behind, so there it mines when asked. */
async function anvil(mode: Mode): Promise<Peer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [
    '--port',
    String(port),
    '--accounts',
    String(SENDERS),
    '--silent',
    '--gas-limit',
    '150000000',
    '--chain-id',
    String(DEVNET_CHAIN_ID),
  ]
  if (mode === 'batched') args.push('--no-mining')
  const peer = await started('anvil', url, spawn('anvil', args, { stdio: 'ignore', detached: true }))
  return mode === 'batched' ? { ...peer, mine: () => rpc(url, 'evm_mine') } : peer
}

async function hardhat(): Promise<Peer> {
  const port = await freePort()
  const directory = mkdtempSync(join(process.cwd(), '.cache-hardhat-'))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(directory, 'hardhat.config.js'),
    `export default { solidity: '0.8.28', networks: { node: { type: 'edr-simulated', chainId: ${DEVNET_CHAIN_ID}, accounts: { mnemonic: '${TEST_MNEMONIC}', count: ${SENDERS} } } } }\n`,
  )
  const child = spawn('hardhat', ['node', '--port', String(port)], {
    cwd: directory,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
  })
  return started('hardhat', `http://127.0.0.1:${port}`, child, () =>
    rmSync(directory, { recursive: true, force: true }),
  )
}

/** A fresh peer for each mode, so that none starts with what the other left. */
async function run(start: (mode: Mode) => Promise<Peer>, mode: Mode, signed: readonly string[]): Promise<number> {
  const peer = await start(mode)
  try {
    const send = mode === 'single' ? sendSingle : sendBatched
    await measure(peer, signed.slice(0, WARM_UP), send)
    return await measure(peer, signed.slice(WARM_UP), send)
  } finally {
    await peer.stop()
  }
}

for (const mode of ['single', 'batched'] as const) {
  const signed = await sign(WARM_UP + (mode === 'single' ? SINGLE : BATCHED))
  const value = await run(() => zos(4), mode, signed)
  // The peers are one process that agrees with nobody: what one validator alone does says what the agreement costs.
  const alone = await run(() => zos(1), mode, signed)
  for (const [name, start] of [
    ['anvil', anvil],
    ['hardhat', hardhat],
  ] as const) {
    const peerValue = await run(start, mode, signed).catch((error) => {
      console.error(`${name}: ${error.message}`)
      return undefined
    })
    print(name === 'anvil' ? mode : `${mode}-${name}`, value, name, peerValue)
    if (name === 'anvil') print(`${mode}-one-validator`, alone, name, peerValue)
  }
}

function print(metric: string, value: number, peer: string, peerValue: number | undefined): void {
  printMetric({ bench: 'rpc-transfers', metric, value, unit: 'transfers/s', peer, peerValue })
}

console.error(`four validators at ${ROUND_INTERVAL_MS} ms rounds, ${SENDERS} senders, ${availableParallelism()} cores`)
process.exit(0)
