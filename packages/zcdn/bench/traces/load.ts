// Reads the public cache traces that are there (see docs/cache.md for where they come from), else makes a synthetic one.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Requests of one trace: keys are dense integers from 0, sizes in bytes (1 where the trace has none). */
export interface Trace {
  name: string
  keys: Int32Array
  sizes: Float64Array
  objects: number
  sized: boolean
}

function intern(name: string, ids: ArrayLike<number | bigint>, sizes: Float64Array | undefined): Trace {
  const seen = new Map<number | bigint, number>()
  const keys = new Int32Array(ids.length)
  for (let i = 0; i < ids.length; i++) {
    let key = seen.get(ids[i]!)
    if (key === undefined) {
      key = seen.size
      seen.set(ids[i]!, key)
    }
    keys[i] = key
  }
  return {
    name,
    keys,
    sizes: sizes ?? new Float64Array(ids.length).fill(1),
    objects: seen.size,
    sized: sizes !== undefined,
  }
}

/** libCacheSim `oracleGeneral`: u32 time, u64 id, u32 size, i64 next, little endian. */
function readOracleGeneral(name: string, bytes: Buffer): Trace {
  const n = Math.floor(bytes.length / 24)
  const ids: bigint[] = new Array(n)
  const sizes = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    ids[i] = bytes.readBigUInt64LE(i * 24 + 4)
    sizes[i] = Math.max(1, bytes.readUInt32LE(i * 24 + 12))
  }
  return intern(name, ids, sizes)
}

/** AdaptSize text: `time id size` a line. */
function readAdaptSize(name: string, bytes: Buffer): Trace {
  const rows = bytes.toString('latin1').trim().split('\n')
  const ids: number[] = []
  const sizes = new Float64Array(rows.length)
  rows.forEach((row, i) => {
    const [, id, size] = row.trim().split(/\s+/)
    ids.push(Number(id))
    sizes[i] = Math.max(1, Number(size))
  })
  return intern(name, ids, sizes)
}

/** Block numbers, one a record: `bytes` 4 or 8 wide, in the given order. */
function readBlocks(name: string, bytes: Buffer, width: 4 | 8): Trace {
  const n = Math.floor(bytes.length / width)
  const ids: (number | bigint)[] = new Array(n)
  for (let i = 0; i < n; i++) ids[i] = width === 4 ? bytes.readUInt32LE(i * 4) : bytes.readBigInt64BE(i * 8)
  return intern(name, ids, undefined)
}

/** Zipf(0.9) over 50,000 objects with a one-time scan in the middle; for machines without the public traces. */
export function syntheticTrace(requests = 400_000): Trace {
  const objects = 50_000
  const cumulative = new Float64Array(objects)
  let sum = 0
  for (let i = 0; i < objects; i++) cumulative[i] = sum += 1 / (i + 1) ** 0.9
  let state = 12345
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const ids: number[] = []
  const sizes = new Float64Array(requests)
  for (let i = 0; i < requests; i++) {
    const scan = i > requests * 0.4 && i < requests * 0.5
    let id: number
    if (scan) id = objects + i
    else {
      const target = random() * sum
      let low = 0
      let high = objects - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if (cumulative[middle]! < target) low = middle + 1
        else high = middle
      }
      id = low
    }
    ids.push(id)
    sizes[i] = 1024 * (1 + (Math.imul(id, 2654435761) >>> 24))
  }
  return intern('synthetic zipf 0.9 with scan', ids, sizes)
}

/** Every public trace found under the vectors folder; `quick` leaves out the long ones. */
export function loadTraces(quick: boolean): { traces: Trace[]; skipped: string[] } {
  const folder = `${process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname}/cache-traces`
  const skipped: string[] = []
  const traces: Trace[] = []
  const load = (file: string, read: (bytes: Buffer) => Trace, long = false) => {
    const path = `${folder}/${file}`
    if (!existsSync(path)) return void skipped.push(`${file}: not found under ${folder}`)
    if (long && quick) return void skipped.push(`${file}: left out by --quick`)
    try {
      const bytes = file.endsWith('.xz')
        ? execFileSync('xz', ['-dc', path], { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] })
        : readFileSync(path)
      traces.push(read(bytes))
    } catch (error) {
      skipped.push(`${file}: ${error instanceof Error ? error.message : error}`)
    }
  }
  load('cloudPhysicsIO.oracleGeneral.bin', (bytes) => readOracleGeneral('libCacheSim sample', bytes))
  load('request.trace.xz', (bytes) => readAdaptSize('adapt_size request', bytes))
  load('w106.trace.xz', (bytes) => readBlocks('CloudPhysics w106', bytes, 4), true)
  load('scarab-recs.trace.xz', (bytes) => readBlocks('scarab-recs', bytes, 8))
  if (traces.length === 0) traces.push(syntheticTrace())
  return { traces, skipped }
}
