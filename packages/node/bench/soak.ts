/**
 * Does a node grow, and does its event loop stay free? Four validators under a steady load of transfers, with epochs short enough that
 * many of them end and are pruned. An hour; `--minutes N` for another time, `--quick` for half a minute.
 *
 * Memory and disk are the slopes of lines through the samples after the first third (caches fill, the heap finds its size); the floor of the
 * heap is the least of each twelfth of the time, about what is alive: between collections the engine lets garbage grow and keeps its pages. The lag is
 * how late timers ran, its 99th percentile in each interval between samples. Of the four validators the worst counts.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { type DevnetValidator, startDevnet } from '@zos/node/devnet'
import { Wallet } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const minutesAt = process.argv.indexOf('--minutes')
const MINUTES = quick ? 0.4 : minutesAt > 0 ? Number(process.argv[minutesAt + 1]) : 60
const ROUND_INTERVAL_MS = 1_000
/** A minute; a full node keeps a day of them, here two. */
const EPOCH_ROUNDS = quick ? 16 : 60
const SAMPLE_MS = quick ? 1_000 : 10_000
const TRANSFERS_A_SECOND = 20
const SENDERS = 20
const RECIPIENT = `0x${'5a'.repeat(20)}`

interface Sample {
  hours: number
  rssMb: number
  heapMb: number
  diskMb: number
  lagMs: number
}

function diskMb(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  return bytes / 2 ** 20
}

/** Slope of the line of least squares through `points`. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x0, y0] = [mean(0), mean(1)]
  const covariance = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0)
  return covariance / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
}

async function rpc(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (error) throw new Error(error.message)
  return result
}

const devnet = await startDevnet({
  port: 0,
  roundIntervalMs: ROUND_INTERVAL_MS,
  epochRounds: EPOCH_ROUNDS,
  pruning: { keepEpochs: 2 },
  accounts: SENDERS,
  restart: false,
})
const wallets = devnet.accounts.map(({ privateKey }) => new Wallet(bytesToHex(privateKey)))
const nonces = wallets.map(() => 0)
const started = performance.now()
let running = true
let sent = 0

/** Sends at a steady pace; each sender keeps to one validator, so that its nonces arrive in order. */
async function load(): Promise<void> {
  for (let turn = 0; running; turn++) {
    const who = turn % SENDERS
    const raw = await wallets[who]!.signTransaction({
      type: 2,
      chainId: devnet.genesis.chainId,
      nonce: nonces[who]!++,
      to: RECIPIENT,
      value: 1n,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 1n,
    })
    await rpc(devnet.validators[who % devnet.validators.length]!.rpcUrl, 'eth_sendRawTransaction', raw)
    sent++
    const wait = (1_000 * turn) / TRANSFERS_A_SECOND - (performance.now() - started)
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

async function sample(validator: DevnetValidator): Promise<Sample> {
  const { index } = validator
  const { rssBytes, heapBytes, lagP99Ms } = await validator.status()
  return {
    hours: (performance.now() - started) / 3_600_000,
    rssMb: rssBytes / 2 ** 20,
    heapMb: heapBytes / 2 ** 20,
    diskMb: diskMb(join(devnet.dataDir, `validator-${index}`, 'db')),
    lagMs: lagP99Ms,
  }
}

const loading = load()
const samples: Sample[][] = devnet.validators.map(() => [])
while (performance.now() - started < MINUTES * 60_000) {
  await Promise.race([new Promise((resolve) => setTimeout(resolve, SAMPLE_MS)), loading])
  try {
    const round = await Promise.all(devnet.validators.map(sample))
    for (const [index, one] of round.entries()) samples[index]!.push(one)
    await report()
  } catch (error) {
    console.error(`a look was missed: ${(error as Error).message}`)
  }
}
running = false
await loading

async function report(): Promise<void> {
  const { epoch, block, firstEpoch } = await devnet.validators[0]!.status()
  const last = samples.map((own) => own.at(-1)!)
  console.error(
    `${(last[0]!.hours * 60).toFixed(1)} min, epoch ${epoch} (kept from ${firstEpoch}), block ${block}, ${sent} transfers; rss ${last.map(({ rssMb }) => rssMb.toFixed(0)).join('/')} MB, heap ${last.map(({ heapMb }) => heapMb.toFixed(0)).join('/')} MB, disk ${last.map((one) => one.diskMb.toFixed(1)).join('/')} MB, lag ${last.map(({ lagMs }) => lagMs).join('/')} ms`,
  )
}
// The load arrived, and the validators agree.
const end = performance.now() + 30_000
for (;;) {
  const balances = await Promise.all(
    devnet.validators.map(async ({ rpcUrl }) => Number(await rpc(rpcUrl, 'eth_getBalance', RECIPIENT, 'latest'))),
  )
  if (balances.every((balance) => balance === sent)) break
  if (performance.now() > end) throw new Error(`${sent} transfers were sent, ${balances.join('/')} arrived`)
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await devnet.stop()

const settled = samples.map((own) => own.filter(({ hours }) => hours * 60 >= MINUTES / 3))
const worst = (value: (own: readonly Sample[]) => number) => Math.max(...settled.map(value))
/** The least heap of each twelfth of the time. */
function floors(own: readonly Sample[]): [hours: number, heapMb: number][] {
  const least = new Map<number, number>()
  for (const { hours, heapMb } of own) {
    const window = Math.min(11, Math.floor((hours * 60 * 12) / MINUTES))
    least.set(window, Math.min(least.get(window) ?? heapMb, heapMb))
  }
  return [...least].map(([window, heapMb]) => [(window * MINUTES) / 12 / 60, heapMb])
}
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
console.error(`${MINUTES} minutes, ${sent} transfers`)
const print = (metric: string, value: number, unit: string) => printMetric({ bench: 'soak', metric, value, unit })
print(
  'rss-mb-per-h',
  worst((own) => slope(own.map(({ hours, rssMb }) => [hours, rssMb]))),
  'MB/h',
)
print(
  'rss-mb',
  worst((own) => own.at(-1)!.rssMb),
  'MB',
)
print(
  'heap-floor-mb-per-h',
  worst((own) => slope(floors(own))),
  'MB/h',
)
print(
  'heap-floor-mb',
  worst((own) => floors(own).at(-1)![1]),
  'MB',
)
print(
  'disk-mb-per-h',
  worst((own) => slope(own.map(({ hours, diskMb }) => [hours, diskMb]))),
  'MB/h',
)
print(
  'disk-mb',
  worst((own) => own.at(-1)!.diskMb),
  'MB',
)
print(
  'lag-p99-ms',
  worst((own) => median(own.map(({ lagMs }) => lagMs))),
  'ms',
)
print(
  'lag-p99-worst-ms',
  worst((own) => Math.max(...own.map(({ lagMs }) => lagMs))),
  'ms',
)
process.exit(0)
