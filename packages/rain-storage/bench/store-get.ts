// Local add, verified get and pin of one file in the pack store, against Helia on its file-system block store and against
// the floor of reading one file and hashing it.
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportFile, importFile, linksOf } from '@zos/rain-storage'
import { openPackStore } from '@zos/rain-storage/node'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const BYTES = (quick ? 32 : 100) * 1024 * 1024
const ROUNDS = quick ? 3 : 5

function report(metric: string, value: number, peer: string | null, peerValue: number | null): void {
  printMetric({ bench: 'store-get', metric, value, unit: 'MB/cpu-s', peer, peerValue })
}

/** Best of some rounds: MB per CPU-second of this process. */
async function best(work: (round: number) => Promise<void>, rounds = ROUNDS): Promise<number> {
  let speed = 0
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage()
    await work(round)
    const { user, system } = process.cpuUsage(start)
    speed = Math.max(speed, BYTES / (user + system))
  }
  return speed
}

const folder = mkdtempSync(join(tmpdir(), 'zos-store-get-'))
try {
  const data = new Uint8Array(BYTES)
  for (let i = 0; i < BYTES; i += 2 ** 30) randomFillSync(data, i, Math.min(2 ** 30, BYTES - i))
  const expected = createHash('sha256').update(data).digest('hex')
  const pieces = function* () {
    for (let i = 0; i < data.length; i += 65_536) yield data.subarray(i, i + 65_536)
  }
  /** Counts bytes; checks the hash in the first round only, which is not the fastest one then. */
  async function drain(source: AsyncIterable<Uint8Array>, check: boolean): Promise<void> {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const part of source) {
      bytes += part.length
      if (check) hash.update(part)
    }
    if (bytes !== BYTES || (check && hash.digest('hex') !== expected)) throw new Error('the bytes came back wrong')
  }

  // The floor: one file, read in pieces of 1 MiB into one buffer, hashed.
  const plain = join(folder, 'plain')
  writeFileSync(plain, data)
  const floor = await best(async () => {
    const fd = openSync(plain, 'r')
    const buffer = new Uint8Array(1024 * 1024)
    const hash = createHash('sha256')
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer))
      hash.update(n === buffer.length ? buffer : buffer.subarray(0, n))
    closeSync(fd)
    if (hash.digest('hex') !== expected) throw new Error('the floor is wrong')
  })

  // Ours
  let store = await openPackStore(join(folder, 'pack'))
  let cid = (await importFile(store, pieces())).cid
  const add = await best(async (round) => {
    await store.close()
    store = await openPackStore(join(folder, `pack-${round}`))
    cid = (await importFile(store, pieces())).cid
  }, 3)
  const get = await best((round) => drain(exportFile(store, cid), round === 0))
  const borrow = true
  const borrowed = await best((round) => drain(exportFile(store, cid, { borrow }), round === 0), 2 * ROUNDS)
  await store.close()
  store = await openPackStore(join(folder, 'pack'), { blockingReads: true })
  const blocking = await best((round) => drain(exportFile(store, cid), round === 0))
  const blockingBorrowed = await best((round) => drain(exportFile(store, cid, { borrow }), round === 0), 2 * ROUNDS)
  const pin = await best(async () => {
    await store.pin(cid)
    await store.unpin(cid)
  }, 3)
  await store.close()

  // The longest turn of the event loop, in CPU time, of a collection that rewrites packs: the file stays, one and a half times as much goes.
  store = await openPackStore(join(folder, 'collected'))
  await store.pin((await importFile(store, pieces())).cid)
  const other = randomFillSync(new Uint8Array(1024 * 1024))
  await importFile(
    store,
    (function* () {
      for (let i = 0; i < 1.5 * BYTES; i += other.length) {
        other[0] = i >> 20
        other[1] = i >> 28
        yield other
      }
    })(),
  )
  let longest = 0
  let over = false
  const turn = (before: NodeJS.CpuUsage) => {
    const { user, system } = process.threadCpuUsage(before)
    longest = Math.max(longest, (user + system) / 1000)
    if (!over) setImmediate(turn, process.threadCpuUsage())
  }
  setImmediate(turn, process.threadCpuUsage())
  const { packsRewritten } = await store.collect(linksOf)
  over = true
  if (packsRewritten === 0) throw new Error('nothing was rewritten')
  await store.close()

  // Helia, loaded when it is needed: its modules would weigh on every garbage collection of ours.
  const [{ unixfs }, { FsBlockstore }, { createHeliaLight }] = await Promise.all([
    import('@helia/unixfs'),
    import('blockstore-fs'),
    import('helia'),
  ])
  let blockstore = new FsBlockstore(join(folder, 'helia-0'))
  let helia = createHeliaLight({ blockstore: blockstore as never })
  await helia.start()
  let root = await unixfs(helia).addByteStream(pieces())
  const peerAdd = await best(async (round) => {
    await helia.stop()
    blockstore = new FsBlockstore(join(folder, `helia-${round + 1}`))
    helia = createHeliaLight({ blockstore: blockstore as never })
    await helia.start()
    root = await unixfs(helia).addByteStream(pieces())
  }, 3)
  const peerGet = await best((round) => drain(unixfs(helia).cat(root), round === 0))
  const peerPin = await best(async () => {
    for await (const _ of helia.pins.add(root)) void _
    for await (const _ of helia.pins.rm(root)) void _
  }, 3)
  await helia.stop()

  report('add', add, 'Helia on the file system', peerAdd)
  report('get', get, 'Helia on the file system', peerGet)
  report('get-floor', get, 'read + SHA-256', floor)
  report('get-blocking', blocking, 'read + SHA-256', floor)
  report('get-borrowed', borrowed, 'read + SHA-256', floor)
  report('get-blocking-borrowed', blockingBorrowed, 'read + SHA-256', floor)
  report('pin', pin, 'Helia on the file system', peerPin)
  printMetric({ bench: 'store-get', metric: 'collect-pause', value: longest, unit: 'ms' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
