/** Bundles the page with its light node, and serves it on loopback. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { LightChain } from '@zos/node/light'
import { build } from 'esbuild'

/** What the page is told. */
export interface PageConfig {
  readonly chain: LightChain
  /** URLs of nodes to ask; none is believed. */
  readonly sources: readonly string[]
  /** Accounts to choose from. Never pass a key that holds value. */
  readonly keys: readonly `0x${string}`[]
}

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

/**
 * The files of the page, by path. A light node verifies in a worker, and executes calls in an EVM that is fetched when the first is made: it finds
 * both beside the script that it is part of.
 */
export async function bundlePage(config: PageConfig): Promise<ReadonlyMap<string, string>> {
  const folder = fileURLToPath(new URL('../web/', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: {
      main: `${folder}main.ts`,
      style: `${folder}style.css`,
      'light-worker': '@zos/node/light-worker',
      'light-evm': '@zos/node/light/evm',
    },
    absWorkingDir: folder,
    outdir: '/',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
  })
  const json = JSON.stringify(config).replaceAll('<', '\\u003c')
  const html = readFileSync(`${folder}index.html`, 'utf8').replace(
    '<script id="config"></script>',
    () => `<script id="config" type="application/json">${json}</script>`,
  )
  return new Map([['/', html], ...outputFiles.map(({ path, text }) => [path, text] as const)])
}

/** Serves `files` at `port` (0: a free one). */
export async function servePage(
  files: ReadonlyMap<string, string>,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const file = files.get(path)
    const type = TYPES[path === '/' ? 'html' : path.slice(path.lastIndexOf('.') + 1)] ?? 'text/plain'
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` })
    response.end(file ?? 'not found')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}
