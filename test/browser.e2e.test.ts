/** Runs every `packages/*\/test/browser/*.browser.ts` in a real, headless Chromium: each exports `run()`, which throws when something is wrong. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

const suites = readdirSync(`${root}packages`).flatMap((name) => {
  const folder = `packages/${name}/test/browser`
  if (!existsSync(root + folder)) return []
  return readdirSync(root + folder)
    .filter((file) => file.endsWith('.browser.ts'))
    .map((file) => ({ name: `${name}: ${file.slice(0, -'.browser.ts'.length)}`, path: `${root}${folder}/${file}` }))
})

/** Headless Chromium as root, quiet on a machine without a network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe.skipIf(!executablePath)('in Chromium (skipped when none is installed; ZOS_CHROMIUM names one)', () => {
  let browser: Browser
  let server: Server
  let origin: string
  const scripts = new Map<string, string>()
  const profile = mkdtempSync(join(tmpdir(), 'zos-browser-'))

  beforeAll(async () => {
    server = createServer((request, response) => {
      // Isolation, so that SharedArrayBuffer is there as a page that wants speed would have it.
      response.setHeader('cross-origin-opener-policy', 'same-origin')
      response.setHeader('cross-origin-embedder-policy', 'require-corp')
      const script = scripts.get(request.url ?? '')
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
      response.end(script ?? '<!doctype html><title>ZOS</title>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGS })
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    rmSync(profile, { recursive: true, force: true })
  })

  test.each(suites)('$name', async ({ path }) => {
    const entry = join(profile, 'entry.ts')
    writeFileSync(
      entry,
      `import { run } from ${JSON.stringify(path)}\nglobalThis.result = run().then(() => 'passed', (error) => String(error?.stack ?? error))\n`,
    )
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    })
    scripts.set('/suite.js', outputFiles[0]!.text)
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    try {
      await page.goto(origin)
      await page.addScriptTag({ url: `${origin}/suite.js`, type: 'module' })
      const result = await page.evaluate(async () => {
        while (!('result' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 10))
        return (globalThis as unknown as { result: Promise<string> }).result
      })
      expect(result, problems.join('\n')).toBe('passed')
    } finally {
      await page.close()
    }
  })
})
