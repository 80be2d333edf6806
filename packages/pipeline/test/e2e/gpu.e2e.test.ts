/** The shaders in headless Chromium, on a GPU or on the CPU that stands in for one (SwiftShader): what counts here is that verdicts are right. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const published = `${process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname}/curves/test/vectors/ed25519/zip215.json`
/** Drivers compile for seconds, and a CPU takes its time. */
const TIMEOUT_MS = 300_000

describe.skipIf(!executablePath)('on WebGPU (skipped where there is no Chromium; ZOS_CHROMIUM names one)', () => {
  let browser: Browser
  let server: Server

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-gpu-watchdog', '--disable-quic', '--no-first-run'],
    })
    const { outputFiles } = await build({
      stdin: {
        contents: `import { run } from './page.ts'\nglobalThis.judge = run`,
        resolveDir: new URL('../gpu', import.meta.url).pathname,
      },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    })
    server = createServer((request, response) => {
      const script = request.url === '/page.js'
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
      response.end(script ? outputFiles[0]!.text : '<!doctype html><title>ZOS</title>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }, TIMEOUT_MS)

  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  test(
    'judges every scheme as the reference does',
    async (context) => {
      const page = await browser.newPage()
      const broken = new Promise<never>((_, reject) => page.on('pageerror', reject))
      await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`)
      const hasGpu = await page.evaluate(
        async () =>
          (await (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu?.requestAdapter()) != null,
      )
      if (!hasGpu) return context.skip('this Chromium has no WebGPU')
      const zip215 = existsSync(published) ? JSON.parse(readFileSync(published, 'utf8')) : []
      await page.addScriptTag({ url: '/page.js', type: 'module' })
      const judged = page.evaluate(async (vectors) => {
        const scope = globalThis as unknown as { judge?: (vectors: unknown) => Promise<{ cases: number }> }
        while (!scope.judge) await new Promise((resolve) => setTimeout(resolve, 10))
        return scope.judge(vectors)
      }, zip215)
      const { cases } = await Promise.race([judged, broken])
      expect(cases).toBeGreaterThan(200)
    },
    TIMEOUT_MS,
  )
})
