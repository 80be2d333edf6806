import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttp1Server } from 'node:http'
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { downloadStream, httpSource, isCdnError } from '../../src/index.ts'
import { createCdnHttp2Server, createHttp2Fetch, nodeHasher, serveFolder } from '../../src/node/index.ts'

let folder: string
let content: Buffer
let serving: Awaited<ReturnType<typeof serveFolder>>
let root: string
const closers: (() => void)[] = []

async function listen(server: Http2Server | Http2SecureServer) {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sessions }
}
function client(ca?: string) {
  const http2 = createHttp2Fetch(ca ? { ca } : {})
  closers.push(http2.close)
  return http2.fetch
}
const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  Buffer.from(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())

/** Makes the certificate; without it the test over TLS is skipped. */
function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zcdn-h2-'))
  content = randomBytes(6_000_001)
  await writeFile(join(folder, 'pack.bin'), content)
  serving = await serveFolder(folder)
  root = serving.files[0]!.root
})
afterAll(async () => {
  for (const close of closers) close()
  await rm(folder, { recursive: true, force: true })
})

describe('over HTTP/2', () => {
  it('a download from two servers uses one connection to each, whatever the number of requests', async () => {
    const fetch = client()
    const servers = await Promise.all([1, 2].map(() => listen(createCdnHttp2Server(serving))))
    const sources = servers.map(({ port }) => httpSource({ gateway: `http://127.0.0.1:${port}`, fetch, parallel: 8 }))
    const { stream, finished } = downloadStream({ content: root, sources, hasher: nodeHasher })
    expect(Buffer.compare(await bytesOf(stream), content)).toBe(0)
    const report = await finished
    expect(report.sources.map(({ bytes }) => bytes > 0)).toEqual([true, true])
    expect(servers.map(({ sessions }) => sessions.size)).toEqual([1, 1])
  })

  it.skipIf(!hasOpenssl())('speaks TLS, and HTTP/1.1 to those that know nothing newer', async () => {
    const key = join(folder, 'key.pem')
    const cert = join(folder, 'cert.pem')
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const pem = await readFile(cert, 'utf8')
    const { port } = await listen(createCdnHttp2Server(serving, { cert: pem, key: await readFile(key, 'utf8') }))
    const gateway = `https://localhost:${port}`
    const source = httpSource({ gateway, fetch: client(pem) })
    const { stream } = downloadStream({ content: root, sources: [source], hasher: nodeHasher })
    expect(Buffer.compare(await bytesOf(stream), content)).toBe(0)
    await expect(client()(gateway, { headers: {} })).rejects.toSatisfy((error) => isCdnError(error, 'CDN_DIAL_FAILED'))
    const { request: get } = await import('node:https')
    const version = await new Promise((resolve) =>
      get(`${gateway}/health`, { ca: pem }, (answer) => resolve(answer.resume().httpVersion)).end(),
    )
    expect(version).toBe('1.1')
  })

  it('a broken connection fails its requests, and the next request dials anew', async () => {
    const fetch = client()
    const { port, sessions } = await listen(createCdnHttp2Server(serving))
    const url = `http://127.0.0.1:${port}/ipfs/${root}`
    const first = await fetch(url, { headers: {} })
    for (const session of sessions) session.destroy()
    await expect(first.arrayBuffer()).rejects.toThrow()
    const second = await fetch(url, { headers: { range: 'bytes=5-9' } })
    expect(second.status).toBe(206)
    expect(Buffer.from(await second.arrayBuffer())).toEqual(content.subarray(5, 10))
  })

  it('an abort ends a request and leaves the connection to others', async () => {
    const fetch = client()
    const { port, sessions } = await listen(createCdnHttp2Server(serving))
    const url = `http://127.0.0.1:${port}/ipfs/${root}`
    const abort = new AbortController()
    const aborted = await fetch(url, { headers: {}, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(aborted.arrayBuffer()).rejects.toThrow()
    expect((await fetch(`http://127.0.0.1:${port}/health`, { headers: {} })).status).toBe(200)
    expect(sessions.size).toBe(1)
  })

  it('a server that knows HTTP/1.1 only is a dial that failed', async () => {
    const server: Server = createHttp1Server((_, response) => response.end('no'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await expect(client()(url, { headers: {} })).rejects.toSatisfy((error) => isCdnError(error, 'CDN_DIAL_FAILED'))
  })
})
