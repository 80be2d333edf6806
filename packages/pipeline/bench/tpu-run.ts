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
import { encodeFrame, FRAME_STATUS, REPLY_BYTES } from '@zos/pipeline/tpu'
import { type Key, makeKeys, type Plan } from './generator.ts'

export type Kind = 'native' | 'evm' | 'erc20'

interface Item {
  readonly frame: Uint8Array
  readonly expected: string
  readonly plan: Plan | undefined
  readonly id: string
}

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

const CONNECTIONS = 4
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
    // Two thirds for the throughput and the latency, one third for the kill.
    const items = makeItems(options, keys, below)
    const cut1 = Math.floor(items.length * 0.5)
    const cut2 = Math.floor(items.length * 0.65)
    const warm = Math.floor(items.length * 0.1)

    server = await start(folder, options, 'serve')
    const port = (await message<{ port: number }>(server)).port
    const acked = new Set<string>()
    const lanes = await Promise.all(Array.from({ length: CONNECTIONS }, () => openLane(port, acked)))
    await send(lanes, items.slice(0, warm))
    await cpuOf(server)
    const begin = performance.now()
    await send(lanes, items.slice(warm, cut1))
    const seconds = (performance.now() - begin) / 1000
    const { cpuSeconds, rss } = await cpuOf(server)
    const tps = (cut1 - warm) / seconds
    const latencies = await send(lanes, items.slice(cut1, cut2), tps / 2)
    latencies.sort((a, b) => a - b)

    const rest = items.slice(cut2)
    const killAfter = Math.floor(rest.length * (0.2 + below(600) / 1000))
    await sendAndKill(lanes, rest, killAfter, server)
    server = await start(folder, options, 'replay')
    const replay = await message<{ applied: number; rejected: number; seconds: number; digest: string }>(server)
    check(items, keys, acked, folder, replay)
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

/** Items for CONNECTIONS lanes in turn; a sender stays on its lane, so that its nonces arrive in order. */
function makeItems(options: RunOptions, keys: readonly Key[], below: (limit: number) => number): Item[] {
  const nonces = new Map<Key, bigint>()
  const plans: Plan[] = []
  const kinds: ('good' | 'invalid' | 'conflict')[] = []
  for (let i = 0; i < options.count; i++) {
    const lane = i % CONNECTIONS
    const from = keys[below(Math.floor(keys.length / CONNECTIONS)) * CONNECTIONS + lane]!
    const draw = below(100)
    const kind = draw === 0 ? 'invalid' : draw === 1 && nonces.has(from) ? 'conflict' : 'good'
    const next = nonces.get(from) ?? 0n
    plans.push({
      from,
      to: keys[below(keys.length)]!.address,
      nonce: kind === 'conflict' ? next - 1n : next,
      amount: BigInt(1 + below(1_000_000)),
    })
    kinds.push(kind)
    if (kind === 'good') nonces.set(from, next + 1n)
  }
  const raws: Uint8Array[] = []
  for (let i = 0; i < plans.length; i += 4096)
    raws.push(...options.sign(plans.slice(i, i + 4096), 2n ** 200n + BigInt(i)))
  const out: Item[] = raws.map((raw, i) => {
    const plan = plans[i]!
    const sender = options.hints ? plan.from.address : undefined
    if (kinds[i] === 'good')
      return { frame: encodeFrame(raw, sender), expected: 'durable', plan, id: hex(options.idOf(raw)) }
    if (kinds[i] === 'conflict')
      return { frame: encodeFrame(raw, sender), expected: 'nonce-used', plan: undefined, id: '' }
    // A damaged signature of an Ethereum transaction names another, unfunded sender, so that nonce or funds fail instead.
    raw[raw.length - 1]! ^= 1
    return { frame: encodeFrame(raw, sender), expected: 'invalid', plan: undefined, id: '' }
  })
  for (let i = CONNECTIONS * 10; i < out.length; i += CONNECTIONS)
    if (below(25) === 0) {
      const again = out[i - CONNECTIONS]!
      if (again.expected === 'durable')
        out[i] = out[i]!.plan ? out[i]! : { ...again, expected: 'duplicate', plan: undefined, id: '' }
    }
  return out
}

interface Lane {
  readonly socket: Socket
  readonly waiting: { item: Item; sentAt: number }[]
  sent: number
  answered: number
  wake: (() => void) | undefined
  latencies: number[]
  dead: boolean
}

async function openLane(port: number, acked: Set<string>): Promise<Lane> {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.setNoDelay(true)
  const lane: Lane = { socket, waiting: [], sent: 0, answered: 0, wake: undefined, latencies: [], dead: false }
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
      const status = FRAME_STATUS[bytes[at + 4]!]!
      const { item, sentAt } = lane.waiting[frame]!
      const right = item.expected === 'invalid' ? status !== 'durable' : status === item.expected
      if (!right) throw new Error(`frame ${frame}: ${status}, expected ${item.expected}`)
      if (status === 'durable') acked.add(item.id)
      lane.latencies.push(now - sentAt)
      lane.answered++
    }
    rest = bytes.subarray(at)
    lane.wake?.()
  })
  return lane
}

/** Sends everything, at most `rate` a second when given; resolves with the latencies when every frame is answered (or the node is gone). */
async function send(
  lanes: readonly Lane[],
  items: readonly Item[],
  rate = Number.POSITIVE_INFINITY,
  onSent?: () => void,
): Promise<number[]> {
  const begin = performance.now()
  await Promise.all(
    lanes.map(async (lane, l) => {
      lane.latencies = []
      const mine = items.filter((_, i) => i % CONNECTIONS === l)
      for (let i = 0; i < mine.length && !lane.dead; ) {
        const due = Number.isFinite(rate)
          ? Math.floor(((performance.now() - begin) / 1000) * (rate / CONNECTIONS))
          : mine.length
        const size = Math.min(64, mine.length - i, WINDOW - (lane.sent - lane.answered), due - i)
        if (size <= 0) {
          if (due <= i) await new Promise((resolve) => setTimeout(resolve, 1))
          else await new Promise<void>((resolve) => (lane.wake = resolve))
          continue
        }
        const chunk = mine.slice(i, i + size)
        const sentAt = performance.now()
        for (const item of chunk) lane.waiting.push({ item, sentAt })
        lane.sent += size
        i += size
        lane.socket.write(Buffer.concat(chunk.map((item) => item.frame)))
        onSent?.()
      }
      while (lane.answered < lane.sent && !lane.dead) await new Promise<void>((resolve) => (lane.wake = resolve))
    }),
  )
  return lanes.flatMap((lane) => lane.latencies)
}

async function sendAndKill(
  lanes: readonly Lane[],
  items: readonly Item[],
  killAfter: number,
  server: ChildProcess,
): Promise<void> {
  const answeredBefore = lanes.reduce((sum, lane) => sum + lane.answered, 0)
  const timer = setInterval(() => {
    if (lanes.reduce((sum, lane) => sum + lane.answered, 0) - answeredBefore >= killAfter) server.kill('SIGKILL')
  }, 1)
  await send(lanes, items)
  clearInterval(timer)
  server.kill('SIGKILL')
  if (server.exitCode === null && server.signalCode === null)
    await new Promise((resolve) => server.once('exit', resolve))
}

function check(
  items: readonly Item[],
  keys: readonly Key[],
  acked: ReadonlySet<string>,
  folder: string,
  replay: { applied: number; rejected: number; digest: string },
): void {
  const bytes = readFileSync(join(folder, 'ids'))
  const journal = Array.from({ length: bytes.length / 32 }, (_, i) => hex(bytes.subarray(32 * i, 32 * i + 32)))
  const good = new Map(items.filter((item) => item.plan).map((item) => [item.id, item.plan!] as const))
  const inJournal = new Set(journal)
  if (replay.rejected !== 0 || replay.applied !== journal.length || inJournal.size !== journal.length)
    throw new Error('the journal holds what cannot be applied')
  for (const id of acked) if (!inJournal.has(id)) throw new Error(`acknowledged ${id} is lost`)
  const model = new Map(
    keys.map((key): [string, { nonce: bigint; balance: bigint }] => [
      hex(key.address),
      { nonce: 0n, balance: 10n ** 24n },
    ]),
  )
  for (const id of journal) {
    const plan = good.get(id)
    if (!plan) throw new Error(`${id} should have been refused`)
    const from = model.get(hex(plan.from.address))!
    if (plan.nonce !== from.nonce) throw new Error('the journal is out of order')
    from.nonce++
    from.balance -= plan.amount
    model.get(hex(plan.to))!.balance += plan.amount
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
