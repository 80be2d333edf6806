// The benchmark of the TPU, the same for all kinds of transactions. The generator is this process, the node another; everything
// between them is a socket. Transactions are signed beforehand; places of invalid signatures (1 %), duplicates (1 %) and nonce conflicts
// (1 %) are drawn from a seed that is printed. Every reply is checked. Then the node is killed with SIGKILL at a random moment under
// full load and restarted: it verifies its whole journal again, and its state must equal a model's that has nothing in common with
// the bank. No acknowledged transaction may be missing, no refused one present.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { FRAME_STATUS, REPLY_BYTES } from '@zos/pipeline/tpu'
import { type Key, makeKeys, type Plan } from './generator.ts'
import { CONNECTIONS, DURABLE, type LaneLoad, type Load, makeLoad, REFUSED } from './load.ts'

export type Kind = 'native' | 'evm' | 'erc20'

export interface RunOptions {
  readonly kind: Kind
  readonly count: number
  readonly keys: number
  readonly sign: (plans: readonly Plan[], firstNonce: bigint) => Uint8Array[]
  readonly idOf: (raw: Uint8Array) => Uint8Array
  /** Frames carry the sender as a hint. */
  readonly hints: boolean
  /** Verifying threads. */
  readonly workers: number
}

/** Frames under way on a connection. */
const WINDOW = 4096

export interface RunResult {
  readonly seed: number
  readonly tps: number
  readonly cpuMicrosPerTx: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssMb: number
  readonly replayTps: number
}

export async function runTpu(options: RunOptions): Promise<RunResult> {
  const seed = Number(process.env.ZOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
  let state = seed | 1
  const below = (limit: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  const folder = mkdtempSync(join(tmpdir(), 'zos-bench-tpu-'))
  let server: ChildProcess | undefined
  try {
    const keys = makeKeys(options.keys, BigInt(seed) * 1_000_003n + 1_000_000_007n)
    writeFileSync(join(folder, 'genesis'), Buffer.concat(keys.map((key) => key.address)))
    mkdirSync(join(folder, 'journal'))
    // Of all items a tenth warms up, 40 % measure throughput, 15 % latency; the node is killed in what is left.
    const load = makeLoad(options, keys, below)
    const { count } = options
    const cut1 = Math.floor(count * 0.5)
    const cut2 = Math.floor(count * 0.65)
    const warm = Math.floor(count * 0.1)

    server = await start(folder, options, 'serve')
    const port = (await message<{ port: number }>(server)).port
    const lanes = await Promise.all(load.lanes.map((lane) => openLane(port, lane)))
    await send(lanes, warm)
    await cpuOf(server)
    const begin = performance.now()
    await send(lanes, cut1)
    const seconds = (performance.now() - begin) / 1000
    const { cpuSeconds, rss } = await cpuOf(server)
    const tps = (cut1 - warm) / seconds
    const latencies = await send(lanes, cut2, tps / 2)
    latencies.sort((a, b) => a - b)

    const killAfter = Math.floor((count - cut2) * (0.2 + below(600) / 1000))
    await sendAndKill(lanes, count, killAfter, server)
    server = await start(folder, options, 'replay')
    const replay = await message<{ applied: number; rejected: number; seconds: number; digest: string }>(server)
    check(load, keys, folder, replay)
    return {
      seed,
      tps,
      cpuMicrosPerTx: (cpuSeconds * 1e6) / (cut1 - warm),
      p50Ms: latencies[Math.floor(latencies.length * 0.5)]!,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
      rssMb: rss / 2 ** 20,
      replayTps: replay.applied / replay.seconds,
    }
  } finally {
    server?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Lane {
  readonly load: LaneLoad
  readonly socket: Socket
  readonly sentAt: Float64Array
  sent: number
  answered: number
  wake: (() => void) | undefined
  latencies: number[]
  dead: boolean
}

async function openLane(port: number, load: LaneLoad): Promise<Lane> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.setNoDelay(true)
  const sentAt = new Float64Array(load.expected.length)
  const lane: Lane = { load, socket, sentAt, sent: 0, answered: 0, wake: undefined, latencies: [], dead: false }
  let rest = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('close', () => {
    lane.dead = true
    lane.wake?.()
  })
  socket.on('data', (chunk) => {
    const now = performance.now()
    const bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    for (; bytes.length - at >= REPLY_BYTES; at += REPLY_BYTES) {
      const frame = bytes.readUInt32LE(at)
      const status = bytes[at + 4]!
      const expected = load.expected[frame]!
      if (expected === REFUSED ? status === DURABLE : status !== expected)
        throw new Error(`frame ${frame}: ${FRAME_STATUS[status]}, expected ${FRAME_STATUS[expected] ?? 'a refusal'}`)
      if (status === DURABLE) load.acked[frame] = 1
      lane.latencies.push(now - lane.sentAt[frame]!)
      lane.answered++
    }
    rest = bytes.subarray(at)
    lane.wake?.()
  })
  return lane
}

/**
 * Sends all items up to number `end`, at most `rate` a second when given; resolves with the latencies when every frame is answered (or
 * the node is gone).
 */
async function send(lanes: readonly Lane[], end: number, rate = Number.POSITIVE_INFINITY): Promise<number[]> {
  const begin = performance.now()
  await Promise.all(
    lanes.map(async (lane, l) => {
      lane.latencies = []
      const { frames, ends } = lane.load
      const first = lane.sent
      const last = Math.ceil((end - l) / CONNECTIONS)
      while (lane.sent < last && !lane.dead) {
        const due = Number.isFinite(rate)
          ? first + Math.floor(((performance.now() - begin) / 1000) * (rate / CONNECTIONS))
          : last
        const size = Math.min(64, last - lane.sent, WINDOW - (lane.sent - lane.answered), due - lane.sent)
        if (size <= 0) {
          if (due <= lane.sent) await new Promise((resolve) => setTimeout(resolve, 1))
          else await new Promise<void>((resolve) => (lane.wake = resolve))
          continue
        }
        const bytes = frames.subarray(lane.sent === 0 ? 0 : ends[lane.sent - 1]!, ends[lane.sent + size - 1])
        lane.sentAt.fill(performance.now(), lane.sent, lane.sent + size)
        lane.sent += size
        lane.socket.write(bytes)
      }
      while (lane.answered < lane.sent && !lane.dead) await new Promise<void>((resolve) => (lane.wake = resolve))
    }),
  )
  return lanes.flatMap((lane) => lane.latencies)
}

async function sendAndKill(
  lanes: readonly Lane[],
  end: number,
  killAfter: number,
  server: ChildProcess,
): Promise<void> {
  const answeredBefore = lanes.reduce((sum, lane) => sum + lane.answered, 0)
  const timer = setInterval(() => {
    if (lanes.reduce((sum, lane) => sum + lane.answered, 0) - answeredBefore >= killAfter) server.kill('SIGKILL')
  }, 1)
  await send(lanes, end)
  clearInterval(timer)
  server.kill('SIGKILL')
  if (server.exitCode === null && server.signalCode === null)
    await new Promise((resolve) => server.once('exit', resolve))
}

function check(
  load: Load,
  keys: readonly Key[],
  folder: string,
  replay: { applied: number; rejected: number; digest: string },
): void {
  const bytes = readFileSync(join(folder, 'ids'))
  const journal = Array.from({ length: bytes.length / 32 }, (_, i) => hex(bytes.subarray(32 * i, 32 * i + 32)))
  const inJournal = new Set(journal)
  if (replay.rejected !== 0 || replay.applied !== journal.length || inJournal.size !== journal.length)
    throw new Error('the journal holds what cannot be applied')
  const good = new Map<string, number>()
  for (let i = 0; i < load.from.length; i++) {
    const { expected, acked } = load.lanes[i % CONNECTIONS]!
    const position = Math.floor(i / CONNECTIONS)
    if (expected[position] !== DURABLE) continue
    const id = hex(load.ids.subarray(32 * i, 32 * i + 32))
    good.set(id, i)
    if (acked[position] && !inJournal.has(id)) throw new Error(`acknowledged ${id} is lost`)
  }
  const model = new Map(
    keys.map((key): [string, { nonce: bigint; balance: bigint }] => [
      hex(key.address),
      { nonce: 0n, balance: 10n ** 24n },
    ]),
  )
  const account = (key: number) => model.get(hex(keys[key]!.address))!
  for (const id of journal) {
    const i = good.get(id)
    if (i === undefined) throw new Error(`${id} should have been refused`)
    const from = account(load.from[i]!)
    if (BigInt(load.nonce[i]!) !== from.nonce) throw new Error('the journal is out of order')
    from.nonce++
    from.balance -= BigInt(load.amount[i]!)
    account(load.to[i]!).balance += BigInt(load.amount[i]!)
  }
  const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = sorted
    .map(
      ([address, { nonce, balance }]) =>
        address + nonce.toString(16).padStart(16, '0') + balance.toString(16).padStart(32, '0'),
    )
    .join('')
  if (hex(keccak_256(Buffer.from(text, 'hex'))) !== replay.digest)
    throw new Error('the replayed state differs from the model')
}

function start(folder: string, options: RunOptions, mode: 'serve' | 'replay'): Promise<ChildProcess> {
  const child = fork(new URL('tpu-server.ts', import.meta.url), [folder, `${options.workers}`, mode, options.kind], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  return new Promise((resolve, reject) => child.once('spawn', () => resolve(child)).once('error', reject))
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T))
    child.once('exit', (code) => reject(new Error(`the node ended with ${code}`)))
  })
}

function cpuOf(child: ChildProcess): Promise<{ cpuSeconds: number; rss: number }> {
  child.send('cpu')
  return message(child)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
