import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createCdnServer, serveFolder } from '../../src/node/index.ts'

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
const demo = new URL('../../demo/', import.meta.url).pathname
const reason = !existsSync(chromium)
  ? `${chromium} is not here`
  : !existsSync(`${demo}dist/page.js`)
    ? 'the demo is not built (pnpm build)'
    : undefined
const servers: Server[] = []
const listen = async (server: Server) => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

it.skipIf(reason)(
  `the demo page streams an asset pack from three nodes through its service worker, then from its cache${reason ? ` (${reason})` : ''}`,
  async () => {
    const { chromium: browserType } = await import('playwright-core')
    const folder = await mkdtemp(join(tmpdir(), 'zcdn-demo-'))
    const content = randomBytes(5_000_000)
    await writeFile(join(folder, 'pack.bin'), content)
    const served = await serveFolder(folder)
    const nodes = await Promise.all([1, 2, 3].map(() => listen(createCdnServer(served))))
    const site = await listen(
      createServer(async (request, response) => {
        const path = new URL(request.url!, 'http://x').pathname
        const file = join(demo, path === '/' ? 'index.html' : path)
        if (!file.startsWith(demo) || !existsSync(file)) return void response.writeHead(404).end()
        const type = file.endsWith('.html') ? 'text/html' : 'text/javascript'
        response.writeHead(200, { 'content-type': type, 'service-worker-allowed': '/' }).end(await readFile(file))
      }),
    )
    const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      const { root, size } = served.files[0]!
      await page.goto(
        `${site}/index.html?root=${root}&size=${size}&${nodes.map((node) => `node=${encodeURIComponent(node)}`).join('&')}`,
      )
      const result = async () => {
        await page.waitForFunction(`/done|failed/.test(document.querySelector('#state').textContent)`, undefined, {
          timeout: 30_000,
        })
        return (await page.evaluate(
          `({ state: document.querySelector('#state').textContent, ...document.body.dataset })`,
        )) as { state: string; sources: string; sha256: string }
      }
      const first = await result()
      expect(first.state).toContain('done')
      expect(first.sha256).toBe(createHash('sha256').update(content).digest('hex'))
      const by = new Map<string, number>(JSON.parse(first.sources))
      expect([...by.keys()].filter((source) => source.startsWith('http')).length).toBeGreaterThan(1)
      expect([...by.values()].reduce((a, b) => a + b, 0)).toBe(content.length)
      for (const server of servers.slice(0, 3)) server.closeAllConnections()
      for (const server of servers.splice(0, 3)) server.close()
      await page.click('#again')
      await page.waitForFunction(
        `document.querySelector('#state').textContent === 'loading' || document.body.dataset.sources.includes('"cache"')`,
      )
      const second = await result()
      expect(second.sha256).toBe(first.sha256)
      expect(JSON.parse(second.sources)).toEqual([['cache', content.length]])
    } finally {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
