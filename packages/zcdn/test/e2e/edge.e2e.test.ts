import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createEd25519Signer,
  createEdgePool,
  decodeSignedResult,
  httpRunner,
  RUN_LIMITS,
  rawCid,
  runWithAgreement,
  verifyResult,
} from '../../src/edge/index.ts'
import { fromBase64Url, toHex } from '../../src/edge/result/headers.ts'
import {
  createCdnHttp2Server,
  createCdnServer,
  createEdgeService,
  type EdgeServiceOptions,
  edgeWorker,
  nodeHasher,
  serveFolder,
} from '../../src/node/index.ts'
import { handleModule, i32Const } from '../edge/assemble.ts'
import { compileFunction } from '../edge/compile.ts'
import { fingerprint } from '../edge/determinism.ts'
import { SUSPECTS } from '../edge/suspects.ts'

const closers: (() => unknown)[] = []
const servers: Server[] = []
const listen = async (server: Server) => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const FOREVER = handleModule([0x03, 0x40, 0x0c, 0, 0x0b, ...i32Const(0)])
let folder: string
let kernels: Uint8Array
let roots: Record<string, string>
let serving: Awaited<ReturnType<typeof serveFolder>>

const runner = async (options: Partial<EdgeServiceOptions> = {}) => {
  const signer = await createEd25519Signer()
  const pool = createEdgePool({
    deadlineMs: 20_000,
    createWorker: edgeWorker,
    workers: 1,
    hasher: nodeHasher,
    block: serving.block,
    signer,
  })
  closers.push(() => pool.close())
  const url = await listen(createCdnServer({ ...serving, edge: createEdgeService({ pool, ...options }) }))
  return { url, signer }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zcdn-edge-'))
  kernels = await compileFunction('edge-kernels')
  await writeFile(join(folder, 'example.wasm'), await compileFunction('edge-example'))
  await writeFile(join(folder, 'forever.wasm'), FOREVER)
  await writeFile(join(folder, 'five.wasm'), handleModule(i32Const(5)))
  await writeFile(join(folder, 'broken.wasm'), 'no module')
  serving = await serveFolder(folder)
  roots = Object.fromEntries(serving.files.map(({ name, root }) => [name, root]))
}, 60_000)
afterAll(async () => {
  for (const close of closers) await close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
})

describe('over HTTP', () => {
  it('a function of the served folder runs, pays, and its result is signed', async () => {
    const { url, signer } = await runner()
    const response = await fetch(`${url}/edge/${roots['example.wasm']}`, {
      method: 'POST',
      body: 'four words are here',
      headers: { 'zos-fuel-limit': '1000000' },
    })
    expect(response.status).toBe(200)
    const output = new Uint8Array(await response.arrayBuffer())
    expect(output).toEqual(Uint8Array.of(4, 0, 0, 0))
    const signed = decodeSignedResult(fromBase64Url(response.headers.get('zos-result')!))
    expect(signed.record.function.toString()).toBe(roots['example.wasm'])
    expect(signed.record).toMatchObject({ fuel: Number(response.headers.get('zos-fuel')), fuelLimit: 1e6 })
    const expected = {
      output: await rawCid(output),
      input: await rawCid(new TextEncoder().encode('four words are here')),
    }
    expect(await verifyResult(signed, { ...expected, runners: [signer.publicKey] })).toEqual({ status: 'valid' })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('zcdn_edge_runs_total{outcome="done"} 1')
    expect(metrics).toContain(`zcdn_edge_fuel_total ${signed.record.fuel}`)
  })
  it('mistakes are answered as documented', async () => {
    const { url } = await runner({ maxFuel: 1e12, burstFuel: 1e13 })
    const post = async (path: string, headers: Record<string, string> = {}, body: string | Uint8Array = '') => {
      const response = await fetch(`${url}/edge/${path}`, { method: 'POST', body: body as BodyInit, headers })
      return { status: response.status, headers: response.headers, text: await response.text() }
    }
    expect((await fetch(`${url}/edge/${roots['five.wasm']}`)).status).toBe(405)
    expect((await post('nonsense')).status).toBe(400)
    expect((await post((await rawCid(Uint8Array.of(1, 2))).toString())).status).toBe(404)
    expect(await post(roots['broken.wasm']!)).toMatchObject({
      status: 422,
      text: expect.stringContaining('CDN_EDGE_MALFORMED'),
    })
    for (const headers of [
      { 'zos-fuel-limit': '1e5' },
      { 'zos-fuel-limit': '9'.repeat(14) },
      { 'zos-seed': '00' },
      { 'zos-reads': 'x' },
    ])
      expect((await post(roots['five.wasm']!, headers as Record<string, string>)).status).toBe(400)
    const five = await post(roots['five.wasm']!)
    expect([five.status, five.headers.get('zos-status'), five.headers.get('zos-exit-code')]).toEqual([422, 'done', '5'])
    const out = await post(roots['forever.wasm']!, { 'zos-fuel-limit': '1000' })
    expect(out).toMatchObject({ status: 422, text: expect.stringContaining('CDN_EDGE_OUT_OF_FUEL') })
    expect(decodeSignedResult(fromBase64Url(out.headers.get('zos-result')!)).record.status).toBe('out-of-fuel')
    expect(
      (await post(roots['forever.wasm']!, { 'zos-fuel-limit': '1000000000000', 'zos-deadline-ms': '100' })).status,
    ).toBe(504)
    expect((await post(roots['five.wasm']!, {}, new Uint8Array(RUN_LIMITS.inputBytes + 1))).status).toBe(413)
    const preflight = await fetch(`${url}/edge/x`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('zos-fuel-limit')
  })
  it('HTTP/2 runs functions too', async () => {
    const signer = await createEd25519Signer()
    const pool = createEdgePool({
      deadlineMs: 20_000,
      createWorker: edgeWorker,
      workers: 1,
      hasher: nodeHasher,
      block: serving.block,
      signer,
    })
    closers.push(() => pool.close())
    const server = createCdnHttp2Server({ ...serving, edge: createEdgeService({ pool }) })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      const post = async (body: Uint8Array) => {
        const stream = session.request({ ':method': 'POST', ':path': `/edge/${roots['example.wasm']}` })
        // Too much is refused before all of it has arrived.
        stream.on('error', () => {})
        const answered = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
        stream.end(body)
        return answered
      }
      const answer = await post(new TextEncoder().encode('a b c'))
      expect(answer).toMatchObject({ ':status': 200, 'zos-status': 'done', 'content-length': '4' })
      expect((await post(new Uint8Array(RUN_LIMITS.inputBytes + 1)))[':status']).toBe(413)
    } finally {
      session.destroy()
      server.close()
    }
  })
  it('a client that has used its quota waits, and gets back what it reserved and did not use', async () => {
    const { url } = await runner({ burstFuel: 2.5e6, fuelPerSecond: 1, maxFuel: 1e7 })
    const post = async (name: string, fuel: number) =>
      (await fetch(`${url}/edge/${roots[name]}`, { method: 'POST', headers: { 'zos-fuel-limit': `${fuel}` } })).status
    for (let i = 0; i < 5; i++) expect(await post('five.wasm', 2e6)).toBe(422)
    expect(await post('forever.wasm', 2e6)).toBe(422)
    expect(await post('five.wasm', 2e6)).toBe(429)
    expect(await post('five.wasm', 1e5)).toBe(422)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('zcdn_edge_over_quota_total 1\n')
  })
  it('three servers are asked at once, and one that lies changes nothing', async () => {
    const [a, b, liar] = [await runner(), await runner(), await createEd25519Signer()]
    const code = serving.files.find(({ name }) => name === 'example.wasm')!.root
    const { CID } = await import('multiformats/cid')
    const { signResult, encodeSignedResult } = await import('../../src/edge/index.ts')
    const { toBase64Url } = await import('../../src/edge/result/headers.ts')
    const lie = new TextEncoder().encode('lie!')
    const url = await listen(
      createServer(async (_, response) => {
        const [input, output] = await Promise.all([rawCid(new TextEncoder().encode('a b')), rawCid(lie)])
        const record = {
          function: CID.parse(code),
          input,
          output,
          status: 'done',
          exitCode: 0,
          fuel: 1,
          fuelLimit: 1e9,
          memoryPages: 256,
        } as const
        const signed = encodeSignedResult(await signResult(record, liar))
        response
          .writeHead(200, { 'zos-status': 'done', 'zos-result': toBase64Url(signed), 'content-length': '4' })
          .end(lie)
      }),
    )
    const runners = [url, a.url, b.url].map((place) => httpRunner({ url: place }))
    const result = await runWithAgreement(runners, CID.parse(code), new TextEncoder().encode('a b'), { agree: 2 })
    expect(result.output).toEqual(Uint8Array.of(2, 0, 0, 0))
    expect(result.signed.map(({ record }) => toHex(record.runner)).sort()).toEqual(
      [a, b].map(({ signer }) => toHex(signer.publicKey)).sort(),
    )
  })
})

describe('zos-cdn', () => {
  const cli = new URL('../../src/cli.ts', import.meta.url).pathname
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], { timeout: 30_000 })
  it('run runs a file, and says what it cost; a failure is an exit code', async () => {
    const input = join(folder, 'input.txt')
    await writeFile(input, 'one two')
    const result = run('run', join(folder, 'example.wasm'), '--input', input)
    expect([result.status, [...result.stdout]]).toEqual([0, [2, 0, 0, 0]])
    expect(result.stderr.toString()).toMatch(/one two\nbafk\w+: exit code 0, \d+ fuel, 4 bytes\n/)
    expect(run('run', join(folder, 'five.wasm')).status).toBe(2)
    const stopped = run('run', join(folder, 'forever.wasm'), '--fuel', '1000000')
    expect([stopped.status, stopped.stderr.toString()]).toEqual([1, expect.stringContaining('fuel')])
    const late = run('run', join(folder, 'forever.wasm'), '--fuel', '50000000000000', '--timeout-ms', '100')
    expect([late.status, late.stderr.toString()]).toEqual([1, expect.stringContaining('100 ms')])
  })
  it('serve --edge runs what it serves under the key it was given, and stops when told', async () => {
    const key = join(folder, 'key')
    await writeFile(key, `${'11'.repeat(32)}\n`)
    const args = ['serve', folder, '--port', '0', '--host', '127.0.0.1', '--edge', '--edge-key', key]
    const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args])
    const exited = new Promise<number | null>((resolve) => server.once('exit', resolve))
    try {
      let output = ''
      server.stdout.on('data', (data) => (output += data))
      while (!/port (\d+)/.test(output)) await new Promise((resolve) => server.stdout.once('data', resolve))
      const { publicKey } = await createEd25519Signer(new Uint8Array(32).fill(0x11))
      expect(output).toContain(`runner ${toHex(publicKey)}`)
      const url = `http://127.0.0.1:${/port (\d+)/.exec(output)![1]}`
      const response = await fetch(`${url}/edge/${roots['example.wasm']}`, { method: 'POST', body: 'x' })
      const signed = decodeSignedResult(fromBase64Url(response.headers.get('zos-result')!))
      expect(await verifyResult(signed, { runners: [publicKey] })).toEqual({ status: 'valid' })
    } finally {
      server.kill('SIGTERM')
      expect(await exited).toBe(0)
    }
  })
})

const chromium = process.env.ZOS_CHROMIUM ?? '/usr/bin/chromium'
const reason = existsSync(chromium) ? undefined : `${chromium} is not here`
it.skipIf(reason)(
  `Node and Chromium come to the same results, fuel and limits${reason ? ` (${reason})` : ''}`,
  async () => {
    const [{ chromium: browserType }, { build }] = await Promise.all([import('playwright-core'), import('esbuild')])
    const { outputFiles } = await build({
      stdin: {
        contents: `import { fingerprint } from './determinism.ts'; globalThis.fingerprint = fingerprint`,
        resolveDir: new URL('../edge/', import.meta.url).pathname,
      },
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
    })
    const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      // localhost is a secure context, which WebCrypto needs.
      await page.goto(
        await listen(
          createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>')),
        ),
      )
      await page.addScriptTag({ content: outputFiles[0]!.text, type: 'module' })
      const there = (await page.evaluate(
        `fingerprint(new Uint8Array(${JSON.stringify([...kernels])}), ${JSON.stringify(SUSPECTS.map((bytes) => [...bytes]))}.map((bytes) => new Uint8Array(bytes)))`,
      )) as string[]
      const here = await fingerprint(kernels, SUSPECTS)
      expect(there).toEqual(here)
      expect(here.filter((line) => line.startsWith('hostile')).map((line) => line.split(' ')[2])).toContain('stack')
      expect(new Set(here.slice(0, 24)).size).toBeGreaterThan(8)
    } finally {
      await browser.close()
    }
  },
)
