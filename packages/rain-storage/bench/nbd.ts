// The NBD server under fio: 4 KiB random reads and writes and 1 MiB sequential reads of a 128 MiB random image, against nbdkit's memory plugin. The two
// take turns; the best of three rounds counts for each.
import { spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImage } from '@zos/rain-storage'
import { openPackStore, serveNbd } from '@zos/rain-storage/node'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const SECONDS = quick ? 2 : 5
const ROUNDS = 3
const BYTES = 128 * 1024 * 1024

const fioPath = '/usr/bin/fio'
if (!existsSync(fioPath)) {
  console.error('fio is not installed: nothing measured')
  process.exit(0)
}

function report(metric: string, value: number, unit: string, peerValue: number | null): void {
  printMetric({ bench: 'nbd', metric, value, unit, peer: 'nbdkit memory', peerValue })
}

interface FioSide {
  iops: number
  bw_bytes: number
}

interface FioResult {
  jobs: { error: number; read: FioSide; write: FioSide }[]
}

function fio(port: number, pattern: 'randread' | 'randwrite' | 'read'): Promise<FioResult['jobs'][0]> {
  const shape = pattern !== 'read' ? ['--bs=4k', '--iodepth=16'] : ['--bs=1m', '--iodepth=4']
  const args = [
    '--name=b',
    '--ioengine=nbd',
    `--uri=nbd://127.0.0.1:${port}/`,
    `--rw=${pattern}`,
    ...shape,
    `--size=${BYTES}`,
    `--runtime=${SECONDS}`,
    '--time_based',
    '--output-format=json',
  ]
  return new Promise((resolve, reject) => {
    const child = spawn(fioPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (part) => (out += part))
    child.on('close', () => {
      const job = (JSON.parse(out.slice(out.indexOf('{'))) as FioResult).jobs[0]!
      if (job.error !== 0) reject(new Error(`fio failed with ${job.error}`))
      else resolve(job)
    })
  })
}

const folder = mkdtempSync(join(tmpdir(), 'zos-nbd-bench-'))
const store = await openPackStore(join(folder, 'blocks'))
const image = await createImage(store, BYTES)
const random = randomFillSync(new Uint8Array(1024 * 1024))
for (let at = 0; at < BYTES; at += random.length) {
  random[0] = at >> 20
  for (let i = 0; i < random.length; i += 65_536) random[i + 1] = (at >> 20) ^ (i >> 16)
  await image.write(at, random)
}
await image.commit()
if ((await image.read(5 * 1024 * 1024, 1))[0] !== 5) throw new Error('the image reads wrong')
const server = await serveNbd({ exports: new Map([['disk', { image }]]), listen: { port: 0 } })

let peerPort: number | undefined
let peer: ReturnType<typeof spawn> | undefined
const nbdkit = ['/usr/sbin/nbdkit', '/usr/bin/nbdkit'].find(existsSync)
if (nbdkit !== undefined) {
  peerPort = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
  peer = spawn(nbdkit, ['-f', '-i', '127.0.0.1', '-p', String(peerPort), 'memory', String(BYTES)], {
    stdio: 'ignore',
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
}
for (const pattern of ['randread', 'read', 'randwrite'] as const) {
  const rate = async (port: number): Promise<number> => {
    const { read, write } = await fio(port, pattern)
    return pattern === 'read' ? read.bw_bytes / 1e6 : Math.max(read.iops, write.iops)
  }
  let ours = 0
  let theirs = 0
  for (let round = 0; round < ROUNDS; round++) {
    ours = Math.max(ours, await rate(server.port))
    if (peerPort !== undefined) theirs = Math.max(theirs, await rate(peerPort))
  }
  const [metric, unit] = pattern === 'read' ? ['seqread', 'MB/s'] : [pattern, 'IOPS']
  report(metric!, ours, unit!, peerPort === undefined ? null : theirs)
}
peer?.kill()
await server.close()
await store.close()
rmSync(folder, { recursive: true, force: true })
