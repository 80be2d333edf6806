// Four unequal shaped links in network namespaces: what one download gets of their sum, beside aria2, without delay and at 40 ms.

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printMetric } from '../../../scripts/metric.ts'
import { has, reasonNoDelay, reasonNot, ShapedLinks } from './network/shaped-links.ts'

const quick = process.argv.includes('--quick')
const MBIT = [80, 40, 20, 10]
const SUM = MBIT.reduce((a, b) => a + b, 0)
/** Of the whole download, and of the measurement of one link. */
const SECONDS = quick ? 3 : 6
const SINGLE_SECONDS = quick ? 1.2 : 3
/** Of aria2: the first is its best here in most runs, at 40 ms the two are alike. */
const SETTINGS = [
  ['-x1', '-s4', '-k1M'],
  ['-x4', '-s16', '-k1M'],
].slice(0, quick ? 1 : 2)

const round = (value: number) => Number(value.toFixed(4))
const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cdn-aggregate', metric, value, unit, peer, peerValue })
const reason = reasonNot()
if (reason) {
  console.log(JSON.stringify({ bench: 'cdn-aggregate', skipped: reason }))
  process.exit(0)
}

const folder = mkdtempSync(join(tmpdir(), 'zcdn-aggregate-'))
let links = new ShapedLinks(folder, MBIT)

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

async function rows(rtt: number): Promise<void> {
  await links.build(rtt / 2)
  const urls = links.urls()
  const singles = MBIT.map((_, i) => links.measure('single', files.get(`single${i}`)!, [urls[i]!]).bytesPerMs)
  const sum = singles.reduce((a, b) => a + b, 0)
  const pack = files.get('pack')!
  const runs = Array.from({ length: quick ? 1 : 3 }, () => links.measure('all', pack, urls)).sort(
    (a, b) => b.bytesPerMs - a.bytesPerMs,
  )
  const mine = runs[Math.floor(runs.length / 2)]!
  print(`rtt${rtt}`, mine.bytesPerMs / sum, 'of the sum of single-link goodputs')
  print(`rtt${rtt}-mbit`, (mine.bytesPerMs * 8) / 1000, 'Mbit/s', 'sum of singles', (sum * 8) / 1000)
  print(`rtt${rtt}-waste`, mine.waste / pack.size, 'of the object')
  if (!has('aria2c')) return void console.error('aria2c is not here (Debian: aria2): no comparison')
  let best = 0
  const out = join(folder, 'aria2')
  for (const setting of SETTINGS) {
    rmSync(out, { recursive: true, force: true })
    mkdirSync(out)
    const place = ['--file-allocation=none', '--no-conf', '-d', out, '-o', 'pack']
    const start = performance.now()
    links.inside('aria2c', '-q', ...setting, ...place, ...urls.map((url) => `${url}/ipfs/${pack.root}`))
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
    quick ? 'aria2 1.36, -x1 -s4' : 'aria2 1.36, best of two settings',
    (best * 8) / 1000,
  )
}

process.once('SIGINT', () => {
  links.stop()
  process.exit(130)
})
try {
  await publish()
  await rows(0)
  const noDelay = reasonNoDelay()
  if (noDelay) console.error(`rtt40 is left out: ${noDelay}`)
  else {
    links.stop()
    links = new ShapedLinks(folder, MBIT)
    await rows(40)
  }
} finally {
  links.stop()
  rmSync(folder, { recursive: true, force: true })
}
