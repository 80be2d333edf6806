// Four unequal shaped links in network namespaces: what one download gets of their sum, beside aria2, without delay and at 40 ms.

import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const MBIT = [80, 40, 20, 10]
const SUM = MBIT.reduce((a, b) => a + b, 0)
/** Of the whole download, and of the measurement of one link. */
const SECONDS = quick ? 3 : 6
const SINGLE_SECONDS = quick ? 1.5 : 3

const round = (value: number) => Number(value.toFixed(4))
const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cdn-aggregate', metric, value, unit, peer, peerValue })
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
function skip(reason: string): never {
  console.log(JSON.stringify({ bench: 'cdn-aggregate', skipped: reason }))
  process.exit(0)
}
if (process.getuid?.() !== 0) skip('needs root for network namespaces')
for (const tool of ['ip', 'tc']) if (!has(tool)) skip(`needs ${tool} (Debian: iproute2)`)
if (spawnSync('ip', ['netns', 'add', `zbprobe${process.pid}`]).status !== 0)
  skip('network namespaces are not allowed here')
execFileSync('ip', ['netns', 'del', `zbprobe${process.pid}`])

const folder = mkdtempSync(join(tmpdir(), 'zcdn-aggregate-'))
const name = `zb${process.pid}`
const client = `${name}c`
const children: ChildProcess[] = []
const spaces: string[] = []
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const measure = fileURLToPath(new URL('network/client.ts', import.meta.url))

async function started(child: ChildProcess, ready: RegExp): Promise<string> {
  children.push(child)
  let output = ''
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (data) => {
      output += data
      if (ready.test(output)) resolve(output)
    })
    child.stderr!.on('data', (data) => (output += data))
    child.once('exit', () => reject(new Error(`it ended: ${output}`)))
  })
}
function stop(): void {
  for (const child of children.splice(0)) {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
  }
  for (const space of spaces.splice(0)) spawnSync('ip', ['netns', 'del', space])
}
/** Builds the links: veth without delay, TUN devices and the relay with. */
async function build(delayMs: number, relay: string): Promise<void> {
  const add = (space: string) => {
    ip('netns', 'add', space)
    spaces.push(space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
  }
  add(client)
  for (const [i, mbit] of MBIT.entries()) {
    const server = `${name}s${i}`
    add(server)
    if (delayMs === 0)
      ip('-n', client, 'link', 'add', `l${i}`, 'type', 'veth', 'peer', 'name', `l${i}`, 'netns', server)
    else await started(spawn(relay, [client, `l${i}`, server, `l${i}`, String(delayMs)]), /up/)
    for (const [space, last] of [
      [client, 1],
      [server, 2],
    ] as const) {
      ip('-n', space, 'addr', 'add', `10.90.${i}.${last}/24`, 'dev', `l${i}`)
      ip('-n', space, 'link', 'set', `l${i}`, 'up')
    }
    const shape = ['tbf', 'rate', `${mbit}mbit`, 'burst', '32kb', 'latency', '100ms']
    execFileSync('tc', ['-n', server, 'qdisc', 'add', 'dev', `l${i}`, 'root', ...shape], { stdio: 'pipe' })
    const serve = spawn('ip', [
      'netns',
      'exec',
      server,
      process.execPath,
      cli,
      'serve',
      folder,
      '--port',
      '7000',
      '--host',
      '0.0.0.0',
    ])
    await started(serve, /listening/)
  }
}
const inside = (...command: string[]) =>
  execFileSync('ip', ['netns', 'exec', client, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const runClient = (mode: string, file: ServedFile, urls: string[]) =>
  JSON.parse(
    inside(process.execPath, '--disable-warning=ExperimentalWarning', measure, mode, file.root, file.digest, ...urls),
  ) as { bytesPerMs: number; waste: number; sources: number[] }

interface ServedFile {
  root: string
  digest: string
  size: number
}
const files = new Map<string, ServedFile>()
async function publish(): Promise<void> {
  const { serveFolder } = await import('@zos/zcdn/node')
  const make = (label: string, size: number) => writeFileSync(join(folder, label), randomBytes(Math.round(size)))
  make('pack', (SUM * 1e6 * SECONDS) / 8)
  for (const [i, mbit] of MBIT.entries()) make(`single${i}`, (mbit * 1e6 * SINGLE_SECONDS) / 8)
  for (const { name: label, root, size } of (await serveFolder(folder)).files) {
    files.set(label, {
      root,
      size,
      digest: createHash('sha256')
        .update(readFileSync(join(folder, label)))
        .digest('hex'),
    })
  }
}

async function rows(rtt: number, relay: string): Promise<void> {
  await build(rtt / 2, relay)
  const urls = MBIT.map((_, i) => `http://10.90.${i}.2:7000`)
  const singles = MBIT.map((_, i) => runClient('single', files.get(`single${i}`)!, [urls[i]!]).bytesPerMs)
  const sum = singles.reduce((a, b) => a + b, 0)
  const pack = files.get('pack')!
  const runs = Array.from({ length: quick ? 1 : 3 }, () => runClient('all', pack, urls)).sort(
    (a, b) => b.bytesPerMs - a.bytesPerMs,
  )
  const mine = runs[Math.floor(runs.length / 2)]!
  print(`rtt${rtt}`, mine.bytesPerMs / sum, 'of the sum of single-link goodputs')
  print(`rtt${rtt}-mbit`, (mine.bytesPerMs * 8) / 1000, 'Mbit/s', 'sum of singles', (sum * 8) / 1000)
  print(`rtt${rtt}-waste`, mine.waste / pack.size, 'of the object')
  if (!has('aria2c')) return void console.error('aria2c is not here (Debian: aria2): no comparison')
  let best = 0
  const out = join(folder, 'aria2')
  for (const setting of [
    ['-x4', '-s16', '-k1M'],
    ['-x1', '-s4', '-k1M'],
  ]) {
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out)
    const start = performance.now()
    inside(
      'aria2c',
      '-q',
      ...setting,
      '--file-allocation=none',
      '--no-conf',
      '-d',
      out,
      '-o',
      'pack',
      ...urls.map((url) => `${url}/ipfs/${pack.root}`),
    )
    const ms = performance.now() - start
    const got = createHash('sha256')
      .update(readFileSync(join(out, 'pack')))
      .digest('hex')
    if (got !== pack.digest) throw new Error('aria2 brought wrong bytes')
    console.error(`    aria2 ${setting.join(' ')}: ${round((pack.size * 8) / ms / 1000)} Mbit/s`)
    best = Math.max(best, pack.size / ms)
  }
  print(
    `rtt${rtt}-vs-aria2`,
    (mine.bytesPerMs * 8) / 1000,
    'Mbit/s',
    'aria2 1.36, best of two settings',
    (best * 8) / 1000,
  )
}

process.once('SIGINT', () => {
  stop()
  process.exit(130)
})
try {
  await publish()
  await rows(0, '')
  stop()
  const relay = join(folder, 'delay-link')
  const source = fileURLToPath(new URL('network/delay-link.c', import.meta.url))
  if (!existsSync('/dev/net/tun')) console.error('rtt40 is left out: no /dev/net/tun')
  else if (!has('gcc')) console.error('rtt40 is left out: needs gcc for the delay relay')
  else {
    execFileSync('gcc', ['-O2', '-o', relay, source])
    await rows(40, relay)
  }
} finally {
  stop()
  rmSync(folder, { recursive: true, force: true })
}
