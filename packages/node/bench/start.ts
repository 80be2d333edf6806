/**
 * How long a newcomer waits: `help-ms` until `zos --help` has answered (beside Node itself, which is most of it), and `devnet-ready-ms` from
 * starting `zos devnet` until it says that all validators serve, for four validators and for one, beside `anvil` until it answers;
 * `first-block-ms` until the first block (rounds of a second). Medians; every network is asked for a balance.
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { deriveAccounts, TEST_MNEMONIC } from '@zos/node'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const HELP_RUNS = quick ? 5 : 15
const DEVNET_RUNS = quick ? 1 : 5
const cli = new URL('../dist/cli.js', import.meta.url).pathname
const account = deriveAccounts(TEST_MNEMONIC, 1)[0]!.address

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

async function measure(runs: number, once: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let run = 0; run < runs; run++) values.push(await once())
  return median(values)
}

/** Milliseconds until a command has ended well. */
function command(...args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve(performance.now() - started) : reject(new Error(`exit code ${code}`)),
    )
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function rpc(url: string, method: string, params: unknown[] = []): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  return ((await response.json()) as { result: string }).result
}

interface Ready {
  /** Until it says that it is ready, or, for a program that says nothing, until it answers. */
  ready: number
  firstBlock: number
}

/** Milliseconds from starting a network; it has to know a balance then. */
async function network(program: string, args: (port: number) => string[], speaks: boolean): Promise<Ready> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const started = performance.now()
  const child = spawn(program, args(port), { stdio: ['ignore', 'pipe', 'ignore'] })
  let failure: Error | undefined
  let spokeAt: number | undefined
  child.stdout.on('data', () => {
    spokeAt ??= performance.now()
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      failure = error
      resolve()
    })
  })
  const until = async (holds: (block: bigint | undefined) => boolean): Promise<number> => {
    for (;;) {
      if (failure) throw failure
      if (performance.now() - started > 120_000) throw new Error(`${program} did not start`)
      const block = await rpc(url, 'eth_blockNumber').catch(() => undefined)
      if (holds(block === undefined ? undefined : BigInt(block))) return performance.now() - started
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  try {
    let ready = await until((block) => block !== undefined && (!speaks || spokeAt !== undefined))
    if (speaks) ready = spokeAt! - started
    if (BigInt(await rpc(url, 'eth_getBalance', [account, 'latest'])) === 0n) throw new Error('no funded account')
    return { ready, firstBlock: speaks ? await until((block) => block! >= 1n) : ready }
  } finally {
    child.kill('SIGINT')
    await ended
  }
}

const devnet = (validators: number) => (port: number) => [
  cli,
  'devnet',
  '--json',
  '--port',
  String(port),
  '--validators',
  String(validators),
]

const bare = await measure(HELP_RUNS, () => command('-e', '0'))
const help = await measure(HELP_RUNS, () => command(cli, '--help'))
printMetric({ bench: 'start', metric: 'help-ms', value: help, unit: 'ms', peer: 'node -e 0', peerValue: bare })
async function networks(...start: Parameters<typeof network>): Promise<Ready> {
  const runs: Ready[] = []
  for (let run = 0; run < DEVNET_RUNS; run++) runs.push(await network(...start))
  return { ready: median(runs.map(({ ready }) => ready)), firstBlock: median(runs.map(({ firstBlock }) => firstBlock)) }
}

const anvil = await networks('anvil', (port) => ['--port', String(port), '--silent'], false).catch(
  (error) => void console.error(`anvil: ${error.message}`),
)
for (const validators of [4, 1]) {
  const { ready, firstBlock } = await networks(process.execPath, devnet(validators), true)
  const name = validators === 4 ? '' : '-one-validator'
  const peer = { unit: 'ms', peer: 'anvil', peerValue: anvil?.ready }
  printMetric({ bench: 'start', metric: `devnet-ready-ms${name}`, value: ready, ...peer })
  printMetric({ bench: 'start', metric: `first-block-ms${name}`, value: firstBlock, unit: 'ms' })
}
