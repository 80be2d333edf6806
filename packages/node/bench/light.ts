/**
 * The light node in headless Chromium: `gzip-kb` of page and worker together, `ready-cold-ms` with nothing stored, `ready-warm-ms` after a
 * reload; `evm-gzip-kb` of the file that the first `eth_call` fetches, `first-call-ms` until that call is answered and `next-call-ms` of one after it;
 * medians of five, against four validators in this process, files served from this machine.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createNode, devnetGenesis, type ZosNode } from '@zos/node'
import { CONSENSUS_ADDRESS } from '@zos/zpos'
import { build } from 'esbuild'
import { id } from 'ethers'
import { chromium } from 'playwright-core'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const RUNS = quick ? 3 : 5
const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
if (!executablePath) throw new Error('no Chromium here; ZOS_CHROMIUM names one')

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../dist/${name}`, import.meta.url).pathname],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  })
  return outputFiles[0]!.text
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
const scripts = new Map([
  ['/light.js', await bundle('light.js')],
  ['/light-worker.js', await bundle('light-worker.js')],
])
const kilobytes = (texts: readonly string[]) =>
  Math.round(texts.reduce((sum, text) => sum + gzipSync(text).length, 0) / 102.4) / 10
printMetric({ bench: 'light', metric: 'gzip-kb', value: kilobytes([...scripts.values()]), unit: 'kB' })
const evm = readFileSync(new URL('../dist/light-evm.js', import.meta.url), 'utf8')
scripts.set('/light-evm.js', evm)
printMetric({ bench: 'light', metric: 'evm-gzip-kb', value: kilobytes([evm]), unit: 'kB' })

const { genesis, validatorKeys, accounts } = devnetGenesis({ validators: 4, timestampMs: Date.now(), epochRounds: 16 })
const nodes: ZosNode[] = []
for (const { privateKey, isogenyKey } of validatorKeys) {
  const peers = nodes.flatMap((node) => node.addresses())
  nodes.push(
    await createNode({
      genesis,
      validatorKey: privateKey,
      isogenyKey,
      roundIntervalMs: 250,
      // Validators have machines of their own.
      ticketHashes: 0,
      rpc: { port: 0 },
      p2p: { peers },
    }),
  )
}
while (nodes[0]!.checkpoint('latest') === undefined) await new Promise((resolve) => setTimeout(resolve, 100))
const pages = createServer((request, response) => {
  const script = scripts.get(request.url ?? '')
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
  response.end(script ?? '<!doctype html><title>ZOS</title>')
})
await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
})
const { chainId, timestampMs, validators, consensus } = genesis
const options = {
  chain: { chainId, timestampMs, validators, ...(consensus ? { consensus } : {}) },
  sources: nodes.map(({ rpcUrl }) => rpcUrl),
}
const cold: number[] = []
const warm: number[] = []
const firstCall: number[] = []
const nextCall: number[] = []
/** `minSelfBond()` of the consensus contract. */
const call = { to: CONSENSUS_ADDRESS, data: id('minSelfBond()').slice(0, 10) }
for (let run = 0; run < RUNS; run++) {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`, { waitUntil: 'domcontentloaded' })
  for (const times of [cold, warm]) {
    if (times === warm) await page.reload({ waitUntil: 'domcontentloaded' })
    const { ms, balance, calls } = await page.evaluate(
      async ([given, address, transaction]) => {
        const began = performance.now()
        const { createLightNode } = await import('/light.js' as string)
        const node = await createLightNode(given)
        await node.ready({ timeoutMs: 60_000 })
        const ms = performance.now() - began
        const balance = String((await node.getBalance(address)).value)
        const calls: { ms: number; output: string }[] = []
        for (let i = 0; i < 2; i++) {
          const at = performance.now()
          const output = await node.provider.request({ method: 'eth_call', params: [transaction, 'latest'] })
          calls.push({ ms: performance.now() - at, output })
        }
        await node.close()
        return { ms, balance, calls }
      },
      [options, accounts[3]!.address, call] as const,
    )
    for (const { output } of calls)
      if (BigInt(output) !== BigInt(consensus!.minSelfBond!)) throw new Error(`a wrong answer: ${output}`)
    firstCall.push(calls[0]!.ms)
    nextCall.push(calls[1]!.ms)
    if (balance !== String(10n ** 22n)) throw new Error(`a wrong balance: ${balance}`)
    times.push(ms)
  }
  await context.close()
}
printMetric({ bench: 'light', metric: 'ready-cold-ms', value: Math.round(median(cold)), unit: 'ms' })
printMetric({ bench: 'light', metric: 'ready-warm-ms', value: Math.round(median(warm)), unit: 'ms' })
printMetric({ bench: 'light', metric: 'first-call-ms', value: Math.round(median(firstCall)), unit: 'ms' })
printMetric({ bench: 'light', metric: 'next-call-ms', value: Math.round(median(nextCall)), unit: 'ms' })
await browser.close()
pages.close()
await Promise.all(nodes.map((node) => node.stop()))
process.exit(0)
