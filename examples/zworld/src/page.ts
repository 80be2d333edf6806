/** Bundles the page and serves it on loopback, with what it has to know of the chain. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What the page is told. */
export interface PageConfig {
  readonly rpcUrl: string
  readonly world: `0x${string}`
  /** Players to choose from: keys of a local network's test accounts, which everybody knows. Never pass one that holds value. */
  readonly keys: readonly `0x${string}`[]
}

/** The page as one file. */
export async function bundlePage(config: PageConfig): Promise<string> {
  const folder = fileURLToPath(new URL('../web/', import.meta.url))
  const bundle = async (entry: string) => {
    const { outputFiles } = await build({
      entryPoints: [`${folder}${entry}`],
      bundle: true,
      minify: true,
      write: false,
      format: 'iife',
      target: ['es2022', 'chrome110', 'firefox115', 'safari16.4'],
      legalComments: 'none',
    })
    return outputFiles[0]!.text.trim()
  }
  const [script, style] = await Promise.all([bundle('main.ts'), bundle('style.css')])
  const json = JSON.stringify(config).replaceAll('<', '\\u003c')
  return readFileSync(`${folder}index.html`, 'utf8')
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script id="config"></script>', () => `<script id="config" type="application/json">${json}</script>`)
    .replace('<script id="code"></script>', () => `<script>${script.replaceAll('</script', '<\\/script')}</script>`)
}

/** Serves `html` at `port` (0: a free one). */
export async function servePage(html: string, port: number): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const found = request.url === '/' || request.url?.startsWith('/?')
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    response.end(found ? html : 'not found')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}
