// The way of a file into the vault against the sum of its parts (cut, seal, code, hash, write), each measured in this run; coding of one segment with its memory
// against coding in place; the hash of shards, the content-defined chunker and placement.
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  createErasureCode,
  createLocalNode,
  createPlacement,
  createVault,
  DEFAULT_GEAR,
  defaultCrypto,
  encodeSegment,
  fixedChunker,
  gearChunker,
} from '@zos/rain-storage'
import { openPackStore } from '@zos/rain-storage/node'
import { rabin } from 'ipfs-unixfs-importer/chunker'
import { printMetric } from '../../../scripts/metric.ts'

// Timings of CPU are the least or, with a disk in them, the median of rounds in which all take turns; of threads by the clock.
const quick = process.argv.includes('--quick')
const BYTES = (quick ? 32 : 96) * 1024 * 1024
const SEGMENT = 4 * 1024 * 1024
const ROUNDS = quick ? 5 : 9
const bench = 'store-put'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** CPU-seconds of this process, all threads, for each kind of work in each of some rounds, in which all take turns; the least first. */
async function sorted<K extends string>(
  works: Record<K, () => unknown>,
  rounds = ROUNDS,
): Promise<Record<K, number[]>> {
  const names = Object.keys(works) as K[]
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      collectGarbage() // of the work before: not at the cost of this one
      const start = process.cpuUsage()
      await works[name]()
      const { user, system } = process.cpuUsage(start)
      seconds[name].push((user + system) / 1e6)
    }
  }
  for (const name of names) seconds[name].sort((a, b) => a - b)
  return seconds
}

const pick = <K extends string>(seconds: Record<K, number[]>, at: (sorted: number[]) => number) =>
  Object.fromEntries(Object.entries<number[]>(seconds).map(([name, list]) => [name, at(list)])) as Record<K, number>
async function least<K extends string>(works: Record<K, () => unknown>, rounds = ROUNDS): Promise<Record<K, number>> {
  return pick(await sorted(works, rounds), (list) => list[0]!)
}
/** For work with a disk in it: the kernel's time for one and the same write differs up to five times within a run. */
async function median<K extends string>(works: Record<K, () => unknown>, rounds = ROUNDS): Promise<Record<K, number>> {
  return pick(await sorted(works, rounds), (list) => list[list.length >> 1]!)
}

/** Puts of the whole into a new pack store, sixteen nodes of this process over it. */
async function putInto(path: string, data: Uint8Array): Promise<void> {
  const crypto = defaultCrypto()
  const store = await openPackStore(path)
  const nodes = Array.from({ length: 16 }, (_, i) =>
    createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store, crypto }),
  )
  await createVault({ nodes: () => nodes, crypto, segmentBytes: SEGMENT, padding: 'none' }).put(piecesOf(data))
  await store.close()
}

function* piecesOf(data: Uint8Array) {
  for (let i = 0; i < data.length; i += 65_536) yield data.subarray(i, i + 65_536)
}

/** Seconds by the clock in which so many threads put a file each, after one that warms them up. */
async function threads(count: number, folder: string): Promise<number> {
  const workers = Array.from(
    { length: count },
    (_, i) =>
      new Worker(new URL(import.meta.url), {
        workerData: { folder, name: `${count}-${i}` },
        argv: process.argv.slice(2),
      }),
  )
  const step = (answer: string) =>
    Promise.all(workers.map((worker) => once(worker, 'message').then(([got]) => got === answer)))
  await step('ready')
  const start = performance.now()
  const done = step('done')
  for (const worker of workers) worker.postMessage('go')
  await done
  const seconds = (performance.now() - start) / 1000
  await Promise.all(workers.map((worker) => worker.terminate()))
  return seconds
}

const speed = (seconds: number, bytes = BYTES) => bytes / 1e6 / seconds

if (!isMainThread) {
  const { folder, name } = workerData as { folder: string; name: string }
  const data = randomFillSync(new Uint8Array(BYTES))
  await putInto(join(folder, `warm-${name}`), data)
  parentPort!.postMessage('ready')
  await once(parentPort!, 'message')
  await putInto(join(folder, `thread-${name}`), data)
  parentPort!.postMessage('done')
  process.exit() // of this thread
}

const folder = mkdtempSync(join(tmpdir(), 'zos-store-put-'))
try {
  const crypto = defaultCrypto()
  const data = randomFillSync(new Uint8Array(BYTES))
  const pieces = () => piecesOf(data)
  const segments = Array.from({ length: BYTES / SEGMENT }, (_, i) => data.subarray(i * SEGMENT, (i + 1) * SEGMENT))
  const code = createErasureCode({ dataShards: 10, totalShards: 16 })

  const coded = segments.map((segment) => encodeSegment(code, segment).shards)
  const key = crypto.randomBytes(32)
  const nonce = new Uint8Array(12)
  const nothing = new Uint8Array(0)
  const sealed = new Uint8Array(SEGMENT + 16)
  const memory = { bytes: new Uint8Array(0) }
  let files = 0
  const { cut, seal, encode, sha256, blake3, write, put } = await median({
    async cut() {
      for await (const _ of fixedChunker(SEGMENT)(pieces())) void _
    },
    async seal() {
      for (const segment of segments) {
        const sealing = crypto.startSeal(key, nonce, nothing)
        for (let at = 0; at < SEGMENT; at += 65_536) sealed.set(sealing.push(segment.subarray(at, at + 65_536)), at)
        sealed.set(await sealing.end(), SEGMENT)
      }
    },
    encode() {
      for (const segment of segments) encodeSegment(code, segment, 0, memory)
    },
    async sha256() {
      for (const shards of coded) for (const shard of shards) await crypto.sha256(shard)
    },
    blake3() {
      for (const shards of coded) for (const shard of shards) crypto.blake3.hash(shard)
    },
    // one call and one fdatasync a segment, on the thread pool as the pack store does
    async write() {
      const file = await open(join(folder, `plain-${files++}`), 'w')
      for (const shards of coded) {
        await file.writev(shards)
        await file.datasync()
      }
      await file.close()
    },
    put: () => putInto(join(folder, `pack-${files++}`), data),
  })
  const parts = cut + seal + encode + Math.min(sha256, blake3) + write
  printMetric({
    bench,
    metric: 'put',
    value: speed(put),
    unit: 'MB/cpu-s',
    peer: 'sum of its parts',
    peerValue: speed(parts),
  })
  const one: number[] = []
  const two: number[] = []
  for (let round = 0; round < 3; round++) {
    one.push(await threads(1, folder))
    two.push(await threads(2, folder))
  }
  printMetric({
    bench,
    metric: 'put-two-threads',
    value: (2 * BYTES) / 1e6 / Math.min(...two),
    unit: 'MB/s',
    peer: 'one thread',
    peerValue: BYTES / 1e6 / Math.min(...one),
  })
  for (const [metric, seconds] of Object.entries({ cut, seal, encode, sha256, blake3, write }))
    printMetric({ bench, metric: `part-${metric}`, value: speed(seconds), unit: 'MB/cpu-s' })
  printMetric({
    bench,
    metric: 'shard-hash',
    value: speed(blake3, 1.6 * BYTES),
    unit: 'MB/cpu-s',
    peer: "the platform's SHA-256",
    peerValue: speed(sha256, 1.6 * BYTES),
  })

  // One segment of 10 MiB as the vault codes it, and with fresh memory for its parity, against the code alone.
  const ten = data.subarray(0, 10 * 1024 * 1024)
  const again = quick ? 10 : 30
  const size = ten.length / 10
  const dataShards = Array.from({ length: 10 }, (_, i) => ten.subarray(i * size, (i + 1) * size))
  const parity = Array.from({ length: 6 }, () => new Uint8Array(size))
  const { inPlace, withMemory, reused } = await least(
    {
      inPlace() {
        for (let i = 0; i < again; i++) code.encode(dataShards, parity)
      },
      withMemory() {
        for (let i = 0; i < again; i++) encodeSegment(code, ten)
      },
      reused() {
        for (let i = 0; i < again; i++) encodeSegment(code, ten, 0, memory)
      },
    },
    12,
  )
  for (const [metric, seconds] of [
    ['encode-segment', reused],
    ['encode-segment-fresh', withMemory],
  ] as const) {
    printMetric({
      bench,
      metric,
      value: speed(seconds, again * ten.length),
      unit: 'MB/cpu-s',
      peer: 'in place',
      peerValue: speed(inPlace, again * ten.length),
    })
  }

  // Cutting by content.
  const { min, average, max } = DEFAULT_GEAR
  const drain = async (source: AsyncIterable<Uint8Array>) => {
    let bytes = 0
    for await (const chunk of source) bytes += chunk.length
    if (bytes !== BYTES) throw new Error('bytes were lost')
  }
  async function* later() {
    yield* pieces()
  }
  const target = new Uint8Array(SEGMENT)
  const { gear, owned, theirs, copy } = await least(
    {
      gear: () => drain(gearChunker(DEFAULT_GEAR, { borrow: true })(pieces())),
      owned: () => drain(gearChunker()(pieces())),
      theirs: () => drain(rabin({ minChunkSize: min, avgChunkSize: average, maxChunkSize: max })(later())),
      copy() {
        for (const segment of segments) target.set(segment)
      },
    },
    quick ? 3 : 5,
  )
  for (const [metric, seconds] of [
    ['chunker', gear],
    ['chunker-owned', owned],
  ] as const) {
    const value = speed(seconds)
    const peer = 'rabin of ipfs-unixfs-importer'
    printMetric({ bench, metric, value, unit: 'MB/cpu-s', peer, peerValue: speed(theirs) })
    printMetric({ bench, metric: `${metric}-copy`, value, unit: 'MB/cpu-s', peer: 'memcpy', peerValue: speed(copy) })
  }

  // Sixteen of a thousand nodes; and what one node more moves, against what that node takes, which must move.
  const list = Array.from({ length: 1001 }, (_, i) => ({ id: `node-${i}`, domain: `domain-${i % 50}`, weight: 1 }))
  const before = createPlacement(list.slice(0, 1000))
  const after = createPlacement(list)
  const keys = Array.from({ length: quick ? 4000 : 20_000 }, () => crypto.randomBytes(32))
  const { seconds } = await least({
    seconds() {
      for (const at of keys) before.place(at, 16, 6)
    },
  })
  printMetric({ bench, metric: 'placement', value: (seconds / keys.length) * 1e6, unit: 'µs' })
  let moved = 0
  let taken = 0
  for (const at of keys) {
    const old = before.place(at, 16, 6)
    for (const [slot, { id }] of after.place(at, 16, 6).entries()) {
      if (id !== old[slot]!.id) moved++
      if (id === 'node-1000') taken++
    }
  }
  // times the least
  printMetric({ bench, metric: 'placement-moved', value: moved / taken, unit: 'x' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
