/**
 * The light node in headless Chromium against four validators, over their real HTTP ports: budgets, wallets' libraries, a source that lies, the
 * network away and back, a reload, and trust that is too old.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bytesToHex } from '@ethereumjs/util'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNetwork, type TestNetwork } from './network.ts'

const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
/** Headless Chromium as root, quiet on a machine without a network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
]
const TIMEOUT_MS = 300_000
const here = new URL('../..', import.meta.url).pathname
/** Bytes, gzip: what research set for page and worker together. */
const MAX_GZIP_BYTES = 150 * 1024

const PAGE = `
import { createLightNode } from '@zos/node/light'
import { BrowserProvider, Wallet } from 'ethers'
import { createPublicClient, custom } from 'viem'
Object.assign(globalThis, { createLightNode, BrowserProvider, Wallet, createPublicClient, custom })
`

/** Stands between page and nodes: what one of them says can be changed, and all can be cut off. */
function startProxy(target: () => string, change: (method: string, result: any) => any): Promise<Server> {
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'content-type')
    if (request.method === 'OPTIONS') return response.end()
    if (away) return request.socket.destroy()
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks)
      const answer = (await (await fetch(target(), { method: 'POST', body })).json()) as { result?: unknown }
      if (answer.result) answer.result = change(JSON.parse(body.toString()).method, answer.result)
      response.end(JSON.stringify(answer))
    } catch {
      request.socket.destroy()
    }
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

let away = false
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

describe.skipIf(!executablePath)(
  'in Chromium (skipped when none is installed; ZOS_CHROMIUM names one)',
  { timeout: TIMEOUT_MS },
  () => {
    let network: TestNetwork
    let browser: Browser
    let pages: Server
    let honest: Server
    let liar: Server
    let sources: string[]
    const scripts = new Map<string, string>()
    const profile = mkdtempSync(join(tmpdir(), 'zos-light-'))

    beforeAll(async () => {
      network = await startNetwork({ roundIntervalMs: 200, epochRounds: 16 })
      honest = await startProxy(
        () => network.urls[1]!,
        (_, result) => result,
      )
      liar = await startProxy(
        () => network.urls[0]!,
        (method, result) =>
          method === 'eth_getProof'
            ? {
                ...result,
                balance: '0xffffffffffff',
                accountProof: result.accountProof.map((node: string) => node.replace(/..$/, '00')),
              }
            : result,
      )
      sources = [urlOf(liar), urlOf(honest)]
      writeFileSync(join(profile, 'page.ts'), PAGE)
      for (const [name, entry, external] of [
        ['light.js', join(here, 'dist/light.js'), []],
        ['light-worker.js', join(here, 'dist/light-worker.js'), []],
        ['page.js', join(profile, 'page.ts'), ['@zos/node/light']],
      ] as [string, string, string[]][]) {
        const { outputFiles } = await build({
          entryPoints: [entry],
          bundle: true,
          minify: true,
          write: false,
          format: 'esm',
          platform: 'browser',
          target: 'es2022',
          external,
          nodePaths: [join(here, 'node_modules')],
          logLevel: 'silent',
        })
        scripts.set(`/${name}`, outputFiles[0]!.text)
      }
      pages = createServer((request, response) => {
        const script = scripts.get(request.url ?? '')
        response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
        response.end(
          script ??
            `<!doctype html><title>ZOS</title><script type="importmap">{"imports":{"@zos/node/light":"/light.js"}}</script><script type="module" src="/page.js"></script>`,
        )
      })
      await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
      browser = await chromium.launch({ executablePath: executablePath!, args: ARGS })
    }, TIMEOUT_MS)

    afterAll(async () => {
      await browser?.close()
      for (const server of [pages, honest, liar]) {
        server?.closeAllConnections()
        server?.close()
      }
      await network?.stop()
      rmSync(profile, { recursive: true, force: true })
    }, TIMEOUT_MS)

    async function openPage(): Promise<Page> {
      const page = await browser.newPage()
      page.setDefaultTimeout(TIMEOUT_MS)
      await page.goto(urlOf(pages))
      await page.waitForFunction(() => 'createLightNode' in globalThis)
      return page
    }

    /** Starts a light node in the page; milliseconds until it was ready. */
    function start(page: Page, options: object = {}): Promise<number> {
      const { chainId, timestampMs, validators } = network.genesis
      return page.evaluate(
        async ([given, timeoutMs]) => {
          const began = performance.now()
          const node = await (globalThis as any).createLightNode(given)
          Object.assign(globalThis, { node })
          await node.ready({ timeoutMs })
          return performance.now() - began
        },
        [{ chain: { chainId, timestampMs, validators }, sources, ...options }, TIMEOUT_MS] as const,
      )
    }

    test('page and worker together stay within 150 kB gzip', () => {
      const bytes = ['/light.js', '/light-worker.js'].map((name) => gzipSync(scripts.get(name)!).length)
      expect(bytes[0]! + bytes[1]!).toBeLessThan(MAX_GZIP_BYTES)
    })

    test('reads and sends through ethers and viem; the liar is banned and nothing of it is shown; a reload goes on; the network may be away', async () => {
      const page = await openPage()
      const cold = await start(page)
      const [rich, other] = network.accounts
      // (a) the first source lies about every proof.
      const balance = await page.evaluate(async (address) => {
        const { node } = globalThis as any
        const values: string[] = []
        // On a machine with other work the honest one may be slow too: no answer is not a false one.
        do
          await node.getBalance(address).then(
            ({ value }: any) => values.push(String(value)),
            () => {},
          )
        while (node.status.sources[0].state !== 'banned' || values.length === 0)
        return { values, sources: node.status.sources }
      }, other!.address)
      expect(new Set(balance.values)).toEqual(new Set([String(10n ** 22n)]))
      expect(balance.sources).toMatchObject([{ state: 'banned', reason: expect.any(String) }, { state: 'good' }])

      // A transfer by ethers, confirmed and read by viem.
      const sent = await page.evaluate(
        async ([key, to, chainId, timeout]) => {
          const { node, BrowserProvider, Wallet, createPublicClient, custom } = globalThis as any
          const provider = new BrowserProvider(node.provider, chainId, { cacheTimeout: -1 })
          provider.pollingInterval = 250
          const transaction = await new Wallet(key, provider).sendTransaction({ to, value: 4_321n })
          const receipt = await transaction.wait(1, timeout)
          provider.destroy()
          const client = createPublicClient({ transport: custom(node.provider) })
          return { status: receipt.status, balance: String(await client.getBalance({ address: to })) }
        },
        [bytesToHex(rich!.privateKey), other!.address, network.genesis.chainId, TIMEOUT_MS] as const,
      )
      expect(sent).toEqual({ status: 1, balance: String(10n ** 22n + 4_321n) })

      // (d) the page is never held up by verification: it is in the worker.
      const longest = await page.evaluate(async (address) => {
        let worst = 0
        const observer = new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) worst = Math.max(worst, duration)
        })
        observer.observe({ type: 'longtask', buffered: false })
        for (let i = 0; i < 20; i++) await (globalThis as any).node.getBalance(address)
        observer.disconnect()
        return worst
      }, other!.address)

      // (b) everything away, then back, without a reload.
      away = true
      await page.waitForFunction(() => (globalThis as any).node.status.phase === 'offline')
      const before = await page.evaluate(() => (globalThis as any).node.status.head.number)
      away = false
      await page.waitForFunction((n) => {
        const { phase, head } = (globalThis as any).node.status
        return phase === 'ready' && head.number > n
      }, before)

      // (c) a reload resumes from what was kept.
      const epoch = await page.evaluate(async () => {
        await (globalThis as any).node.close()
        return (globalThis as any).node.status.epoch
      })
      await page.reload()
      await page.waitForFunction(() => 'createLightNode' in globalThis)
      const warm = await start(page)
      expect(await page.evaluate(() => (globalThis as any).node.status.epoch)).toBeGreaterThanOrEqual(epoch)
      console.log(
        JSON.stringify({ coldMs: Math.round(cold), warmMs: Math.round(warm), longestTaskMs: Math.round(longest) }),
      )
      await page.close()
    })

    test('trust that is too old gives the typed error', async () => {
      const page = await openPage()
      const error = await page.evaluate(
        async ([given]) => {
          const node = await (globalThis as any).createLightNode(given)
          return node.ready().catch(({ name, lightCode, code }: any) => ({ name, lightCode, code }))
        },
        [
          {
            chain: { ...network.genesis, accounts: [], timestampMs: network.genesis.timestampMs - 1 },
            sources,
            maxTrustAge: 1,
          },
        ] as const,
      )
      expect(error).toEqual({ name: 'LightError', lightCode: 'LIGHT_CHECKPOINT_STALE', code: 4900 })
      await page.close()
    })
  },
)
