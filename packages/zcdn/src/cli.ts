#!/usr/bin/env node
/// <reference types="node" />
import { parseArgs } from 'node:util'

const USAGE = `zos-cdn — downloads over many sources at once

  zos-cdn serve <file or folder> [--port 8080] [--host 127.0.0.1] [--leaf-bytes 65536] [--edge] [--edge-key <file>]
      names every file and serves it: /ipfs/<root>, /metrics, /health; --host :: listens on all addresses
      with --edge also runs functions that are among the files: POST /edge/<root>; results are signed with the key (64 hexadecimal digits)
  zos-cdn get <root> --from <url> [--from <url> …] [--out <file>] [--timeout-ms 0]
      fetches from all at once, verifies every leaf, resumes what --out already holds; without --out to standard output
  zos-cdn run <file.wasm> [--input <file>] [--fuel 1000000000] [--pages 256] [--timeout-ms 1000]
      runs a function on the bytes of a file (default: none); its output goes to standard output, its fuel and logs to standard error
  zos-cdn stats <url>
      shows the counters of a server
`

/** The whole number that a flag holds, or `otherwise`. */
function countOf(flag: string, text: string | undefined, otherwise: number, [least, most]: readonly [number, number]) {
  if (text === undefined) return otherwise
  if (!/^\d+$/.test(text) || Number(text) < least || Number(text) > most)
    throw new Error(`--${flag} takes a whole number from ${least} to ${most}, not "${text}"`)
  return Number(text)
}

const PORTS = [0, 65_535] as const
const LEAF_BYTES = [1_024, 1_048_576] as const
/** Up to a day. */
const TIMEOUTS_MS = [0, 86_400_000] as const
/** WebAssembly's 4 GiB. */
const PAGES = [1, 65_536] as const
const FUEL = [1, Number.MAX_SAFE_INTEGER] as const

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

interface ServeFlags {
  port?: string
  host?: string
  'leaf-bytes'?: string
  edge?: boolean
  'edge-key'?: string
}

async function serve(path: string, flags: ServeFlags): Promise<void> {
  const { createCdnServer, createEdgeService, edgeWorker, nodeHasher, serveFolder } = await import('./node/index.ts')
  const leafBytes = countOf('leaf-bytes', flags['leaf-bytes'], 65_536, LEAF_BYTES)
  const wantedPort = countOf('port', flags.port, 8_080, PORTS)
  const folder = await serveFolder(path, { leafBytes })
  const edge = flags.edge ? await import('./edge/index.ts') : undefined
  const signer = await edge?.createEd25519Signer(flags['edge-key'] ? await readSeed(flags['edge-key']) : undefined)
  const pool = edge?.createEdgePool({
    createWorker: edgeWorker,
    hasher: nodeHasher,
    block: folder.block,
    ...(signer && { signer }),
  })
  const server = createCdnServer({ ...folder, ...(pool && { edge: createEdgeService({ pool }) }) })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wantedPort, flags.host ?? '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : wantedPort
  for (const { root, name, size } of folder.files) console.log(`${root}  ${mega(size)}  ${name}`)
  if (signer) console.log(`runner ${Buffer.from(signer.publicKey).toString('hex')}`)
  console.log(`listening on port ${port}`)
  const stop = () => {
    server.close()
    server.closeAllConnections()
    void pool?.close()
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

async function get(root: string, flags: { from?: string[]; out?: string; 'timeout-ms'?: string }): Promise<void> {
  const [{ downloadStream, downloadTo, httpSource }, { nodeHasher, openFileSink }] = await Promise.all([
    import('./index.ts'),
    import('./node/index.ts'),
  ])
  const timeoutMs = countOf('timeout-ms', flags['timeout-ms'], 0, TIMEOUTS_MS)
  if (!flags.from?.length) throw new Error('get needs at least one --from <url>')
  const sources = flags.from.map((gateway) => httpSource({ gateway }))
  const live = process.stderr.isTTY
  const options = {
    content: root,
    sources,
    hasher: nodeHasher,
    ...(timeoutMs > 0 ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
    onProgress: (progress: import('./index.ts').DownloadProgress) => {
      if (!live) return
      const busy = progress.sources.filter((source) => !source.dropped).length
      const share = progress.bytesTotal ? (100 * progress.bytesDone) / progress.bytesTotal : 100
      process.stderr.write(
        `\r${share.toFixed(1).padStart(5)} %  ${mega(progress.bytesDone)} of ${mega(progress.bytesTotal)}  ` +
          `${((progress.bytesPerSecond * 8) / 1e6).toFixed(1)} Mbit/s  ${busy} sources   `,
      )
    },
  }
  let report: import('./index.ts').DownloadProgress
  if (flags.out) {
    const sink = await openFileSink(flags.out)
    report = await downloadTo({ ...options, sink, resume: true })
    await sink.truncate(report.bytesTotal)
    await sink.close()
  } else {
    const { stream, finished } = downloadStream(options)
    for await (const chunk of stream) {
      if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
    report = await finished
  }
  if (live) process.stderr.write('\n')
  const seconds = report.elapsedMs / 1000
  console.error(
    `${mega(report.bytesTotal)} in ${seconds.toFixed(2)} s: ${((report.bytesPerSecond * 8) / 1e6).toFixed(1)} Mbit/s`,
  )
  for (const source of report.sources) {
    console.error(`  ${source.id}  ${mega(source.bytes)}${source.dropped ? `  dropped: ${source.dropped}` : ''}`)
  }
}

async function readSeed(path: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises')
  const text = (await readFile(path, 'utf8')).trim()
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new Error(`${path} does not hold 64 hexadecimal digits`)
  return Buffer.from(text, 'hex')
}

interface RunFlags {
  input?: string
  fuel?: string
  pages?: string
  'timeout-ms'?: string
}

async function runFile(path: string, flags: RunFlags): Promise<void> {
  const [{ createEdgePool }, { edgeWorker, nodeHasher }, { readFile }] = await Promise.all([
    import('./edge/index.ts'),
    import('./node/index.ts'),
    import('node:fs/promises'),
  ])
  const pool = createEdgePool({
    createWorker: edgeWorker,
    workers: 1,
    hasher: nodeHasher,
    memoryPages: countOf('pages', flags.pages, 256, PAGES),
    deadlineMs: countOf('timeout-ms', flags['timeout-ms'], 1_000, TIMEOUTS_MS),
  })
  try {
    const code = await pool.add(await readFile(path))
    const input = flags.input ? await readFile(flags.input) : new Uint8Array(0)
    const result = await pool.run(code, input, { fuel: countOf('fuel', flags.fuel, 1e9, FUEL) })
    for (const line of result.logs) console.error(line)
    process.stdout.write(result.output)
    console.error(`${code}: exit code ${result.exitCode}, ${result.fuel} fuel, ${result.output.length} bytes`)
    if (result.exitCode !== 0) process.exitCode = 2
  } finally {
    await pool.close()
  }
}

async function stats(url: string): Promise<void> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/metrics`)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  for (const line of (await response.text()).split('\n')) {
    if (line && !line.startsWith('#')) console.log(line)
  }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'leaf-bytes': { type: 'string' },
      from: { type: 'string', multiple: true },
      out: { type: 'string' },
      'timeout-ms': { type: 'string' },
      edge: { type: 'boolean' },
      'edge-key': { type: 'string' },
      input: { type: 'string' },
      fuel: { type: 'string' },
      pages: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const [command, target] = positionals
  if (values.help || !command) return void console.log(USAGE)
  if (!target || !['serve', 'get', 'run', 'stats'].includes(command))
    throw new Error(`unknown or incomplete command\n\n${USAGE}`)
  if (command === 'serve') await serve(target, values)
  else if (command === 'get') await get(target, values)
  else if (command === 'run') await runFile(target, values)
  else await stats(target)
}

main().catch((error) => {
  console.error(`zos-cdn: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
