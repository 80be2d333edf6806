import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { downloadStream, downloadTo, httpSource, openStoredCache } from '../../src/index.ts'
import { createCdnServer, nodeHasher, openFileSink, openFolderStore, serveFolder } from '../../src/node/index.ts'

let folder: string
let root: string
let content: Buffer
let serving: Awaited<ReturnType<typeof serveFolder>>
const servers: Server[] = []

const listen = async (server: Server): Promise<string> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zcdn-'))
  content = randomBytes(6_000_001)
  await writeFile(join(folder, 'pack.bin'), content)
  serving = await serveFolder(folder)
  root = serving.files[0]!.root
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
})

describe('over real HTTP', () => {
  it('fetches from three servers at once by the root CID alone', async () => {
    const urls = await Promise.all([1, 2, 3].map(() => listen(createCdnServer(serving))))
    const sources = urls.map((gateway) => httpSource({ gateway }))
    const out = join(folder, 'out.part')
    const sink = await openFileSink(out)
    const report = await downloadTo({ content: root, sources, sink, hasher: nodeHasher })
    await sink.close()
    expect(Buffer.compare(await readFile(out), content)).toBe(0)
    expect(report.sources.reduce((sum, source) => sum + source.bytes, 0)).toBe(content.length)
    await rm(out)
  })

  it('a lying, a refusing and a silent server among them change nothing', async () => {
    const honest = await listen(createCdnServer(serving))
    const liar = await listen(
      createServer((request, response) => {
        const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
        const length = Number(end) - Number(start) + 1
        response.writeHead(206, {
          'content-range': `bytes ${start}-${end}/${content.length}`,
          'content-length': String(length),
        })
        response.end(Buffer.alloc(length, 1))
      }),
    )
    const refusing = await listen(createServer((_, response) => response.writeHead(500).end()))
    const silent = await listen(createServer(() => {}))
    const sources = [honest, liar, refusing, silent].map((gateway) => httpSource({ gateway }))
    const { stream, finished } = downloadStream({ content: root, sources, hasher: nodeHasher, windowBytes: 1 << 20 })
    expect(Buffer.compare(Buffer.from(await new Response(stream).arrayBuffer()), content)).toBe(0)
    const report = await finished
    expect(report.sources.find((source) => source.id === liar)!.dropped).toBe('lied')
    expect(report.sources.find((source) => source.id === honest)!.bytes).toBe(content.length)
  })

  it('answers ranges, blocks, metrics and mistakes as documented', async () => {
    const url = await listen(createCdnServer(serving))
    const part = await fetch(`${url}/ipfs/${root}`, { headers: { range: 'bytes=5-9' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 5-9/${content.length}`])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(5, 10))
    const tail = await fetch(`${url}/ipfs/${root}`, { headers: { range: 'bytes=-3' } })
    expect(Buffer.from(await tail.arrayBuffer())).toEqual(content.subarray(-3))
    expect((await fetch(`${url}/ipfs/${root}`, { headers: { range: 'bytes=9999999-' } })).status).toBe(416)
    expect((await fetch(`${url}/ipfs/nonsense`)).status).toBe(400)
    expect((await fetch(`${url}/ipfs/bafkqaaa`)).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('# TYPE zcdn_requests_total counter')
    expect(metrics).toMatch(/zcdn_sent_bytes_total 8\n/)
  })

  it('a cache in a folder is the same after it was opened again', async () => {
    const place = join(folder, 'cache')
    const cache = await openStoredCache({ store: await openFolderStore(place), capacityBytes: 100_000 })
    for (let i = 0; i < 20; i++) await cache.set(`k${i}`, content.subarray(i * 10_000, (i + 1) * 10_000))
    await cache.save()
    const again = await openStoredCache({ store: await openFolderStore(place), capacityBytes: 100_000 })
    expect(again.keys().sort()).toEqual(cache.keys().sort())
    expect(again.stats().bytes).toBe(100_000)
    for (const key of again.keys()) {
      const i = Number(key.slice(1))
      expect(Buffer.from((await again.get(key))!)).toEqual(content.subarray(i * 10_000, (i + 1) * 10_000))
    }
  })
})

describe('zos-cdn', () => {
  const cli = new URL('../../src/cli.ts', import.meta.url).pathname
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args])
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, exited, output: () => output }
  }
  it('serve, get (resuming a damaged file) and stats work together', async () => {
    const file = join(folder, 'pack.bin')
    const server = run('serve', file, '--port', '0', '--host', '127.0.0.1')
    try {
      while (!/port (\d+)/.test(server.output()))
        await new Promise((resolve) => server.child.stdout.once('data', resolve))
      const url = `http://127.0.0.1:${/port (\d+)/.exec(server.output())![1]}`
      const out = join(folder, 'cli.out')
      const damaged = Buffer.concat([content.subarray(0, 3_000_000), randomBytes(5_000_000)])
      await writeFile(out, damaged)
      const got = run('get', root, '--from', url, '--out', out)
      expect(await got.exited, got.output()).toBe(0)
      expect(Buffer.compare(await readFile(out), content)).toBe(0)
      const stats = run('stats', url)
      expect(await stats.exited).toBe(0)
      const sent = Number(/zcdn_sent_bytes_total (\d+)/.exec(stats.output())![1])
      expect(sent).toBeLessThan(content.length * 0.6)
      const missing = run('get', 'bafkqaaa', '--from', url)
      expect(await missing.exited).toBe(1)
      expect(missing.output()).toContain('404')
    } finally {
      server.child.kill('SIGTERM')
      await server.exited
    }
  })
  it('says how it is used', async () => {
    const help = run('--help')
    expect(await help.exited).toBe(0)
    expect(help.output()).toContain('zos-cdn get <root>')
  })
})
