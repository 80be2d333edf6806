// What one client gets, verified and in order, over a shaped link of 100 Mbit/s at 40 ms, for longer than server or client can hold in their caches
// of 50 MB: the whole way of a reader behind one node.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveFolder } from '@zos/zcdn/node'
import { printMetric } from '../../../scripts/metric.ts'
import { reasonNoDelay, reasonNot, ShapedLinks } from './network/shaped-links.ts'

const quick = process.argv.includes('--quick')
const MBIT = 100
const SECONDS = quick ? 8 : 20
/** Of a link's rate, what IP and TCP headers leave of full packets: the ceiling of any goodput (a TUN device has no Ethernet header). */
const PAYLOAD_SHARE = 1448 / 1500

const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cdn-link', metric, value, unit, peer, peerValue })
const reason = reasonNot() ?? reasonNoDelay()
if (reason) {
  console.log(JSON.stringify({ bench: 'cdn-link', skipped: reason }))
  process.exit(0)
}

const folder = mkdtempSync(join(tmpdir(), 'zcdn-link-'))
const links = new ShapedLinks(folder, [MBIT])
process.once('SIGINT', () => {
  links.stop()
  process.exit(130)
})
try {
  const bytes = randomBytes((MBIT * 1e6 * SECONDS) / 8)
  writeFileSync(join(folder, 'pack'), bytes)
  const file = {
    root: (await serveFolder(folder)).files[0]!.root,
    digest: createHash('sha256').update(bytes).digest('hex'),
  }
  await links.build(20)
  const plain = (links.measure('single', file, links.urls()).bytesPerMs * 8) / 1000
  const stream = links.measure('stream', file, links.urls())
  const mine = (stream.bytesPerMs * 8) / 1000
  const sustained = (stream.sustained * 8) / 1000
  print('rtt40', mine / MBIT, 'of the link')
  print('rtt40-sustained', sustained / MBIT, 'of the link, without the first two seconds')
  print('rtt40-mbit', mine, 'Mbit/s', 'one plain HTTP connection', plain)
  print('rtt40-payload', sustained / (MBIT * PAYLOAD_SHARE), 'of what headers leave of the link')
} finally {
  links.stop()
  rmSync(folder, { recursive: true, force: true })
}
