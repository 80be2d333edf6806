// Requests a second (a look, and where it fails an entry) of our cache and of lru-cache over the traces, both in this process in turn, with the same
// keys, capacities and sizes. `--keys=integer|string`, `--bound=sizes|entries` for lru-cache (ours always bounds sizes), `--policy=NAME`.
import { createHash } from 'node:crypto'
import { Cache, type PolicyName } from '@zos/zcdn'
import { LRUCache } from 'lru-cache'
import { loadTraces, syntheticTrace, type Trace } from './traces/load.ts'

type Key = string | number

const option = (name: string, fallback: string) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback
const kind = option('keys', 'integer') as 'integer' | 'string'
const bound = option('bound', 'sizes') as 'sizes' | 'entries'
const policy = option('policy', 'filtered-s3-fifo') as PolicyName
/** Of a long trace; enough to measure by. */
const MOST_REQUESTS = 2_000_000

/** A CID of a raw block: 59 characters. */
function cidOf(id: number): string {
  const digest = createHash('sha256').update(String(id)).digest()
  let bits = BigInt(`0x01551220${digest.toString('hex')}`) << 2n
  let text = ''
  for (let i = 0; i < 58; i++, bits >>= 5n) text = 'abcdefghijklmnopqrstuvwxyz234567'[Number(bits & 31n)] + text
  return `b${text}`
}

/** Hits of the whole trace. */
function replayOurs(keys: ArrayLike<Key>, capacityBytes: number): number {
  const cache = new Cache<Key, boolean>({ capacityBytes, policy, keys: kind })
  let hits = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (cache.get(key)) hits++
    else cache.set(key, true, 1)
  }
  return hits
}

function replayLruCache(keys: ArrayLike<Key>, capacity: number): number {
  const cache = new LRUCache<Key, boolean>(bound === 'entries' ? { max: capacity } : { maxSize: capacity })
  const options = bound === 'entries' ? undefined : { size: 1 }
  let hits = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (cache.get(key)) hits++
    else cache.set(key, true, options)
  }
  return hits
}

function seconds(replay: () => number): number {
  const start = process.cpuUsage()
  if (!(replay() > 0)) throw new Error('no hits')
  const used = process.cpuUsage(start)
  return (used.user + used.system) / 1e6
}

function keysOf(trace: Trace): ArrayLike<Key> {
  const keys = trace.keys.subarray(0, MOST_REQUESTS)
  if (kind === 'integer') return keys
  const names = Array.from({ length: trace.objects }, (_, id) => cidOf(id))
  return Array.from(keys, (key) => names[key]!)
}

const cells: [name: string, ours: number, theirs: number][] = []
for (const trace of [...loadTraces(process.argv.includes('--quick')).traces, syntheticTrace()]) {
  const keys = keysOf(trace)
  for (const share of [0.01, 0.1]) {
    const capacity = Math.round(trace.objects * share)
    let ours = Number.POSITIVE_INFINITY
    let theirs = Number.POSITIVE_INFINITY
    for (let repeat = 0; repeat < (keys.length > 1e6 ? 3 : 9); repeat++) {
      ours = Math.min(
        ours,
        seconds(() => replayOurs(keys, capacity)),
      )
      theirs = Math.min(
        theirs,
        seconds(() => replayLruCache(keys, capacity)),
      )
    }
    const millions = keys.length / 1e6
    cells.push([`${trace.name} ${share * 100} %`, millions / ours, millions / theirs])
  }
}
console.log(JSON.stringify({ cells }))
