import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LightNode } from '../../src/light/index.ts'
import { LightError } from '../../src/light/index.ts'
import { fileStorage } from '../../src/light-server/file-storage.ts'
import { type LightServer, serveLightNode } from '../../src/light-server/light-server.ts'

let phase = 'connecting'
const asked: unknown[] = []
const node = {
  get status() {
    return { phase }
  },
  provider: {
    async request({ method, params }: { method: string; params: unknown[] }) {
      asked.push([method, params])
      if (method === 'eth_blockNumber') return '0x7'
      if (method === 'eth_call') throw Object.assign(new Error('reverted'), { code: 3, data: '0x08c379a0' })
      throw new LightError('LIGHT_UNVERIFIABLE', `${method} cannot be proved`)
    },
  },
} as unknown as LightNode

let server: LightServer
beforeAll(async () => {
  server = await serveLightNode(node, { port: 0 })
})
afterAll(() => server.close())

async function post(body: unknown): Promise<{ status: number; answer: any }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(server.url, { method: 'POST', body: text })
  const said = await response.text()
  return { status: response.status, answer: said === '' ? undefined : JSON.parse(said) }
}
const call = (id: unknown, method: string, params?: unknown) => ({ jsonrpc: '2.0', id, method, params })

describe('JSON-RPC of a light node', () => {
  test('answers calls, with parameters or without', async () => {
    expect(await post(call(1, 'eth_blockNumber'))).toEqual({
      status: 200,
      answer: { jsonrpc: '2.0', id: 1, result: '0x7' },
    })
    expect(asked.at(-1)).toEqual(['eth_blockNumber', []])
  })

  test('passes errors on with code and data, and refuses what cannot be proved', async () => {
    expect((await post(call('a', 'eth_call', [{}]))).answer.error).toEqual({
      code: 3,
      message: 'reverted',
      data: '0x08c379a0',
    })
    expect((await post(call('b', 'debug_traceCall'))).answer.error.code).toBe(4200)
  })

  test('tells of itself without asking anybody', async () => {
    const before = asked.length
    expect((await post(call(1, 'zos_status'))).answer.result).toEqual({ phase: 'connecting' })
    expect(asked.length).toBe(before)
  })

  test('answers batches in order, and leaves notifications out', async () => {
    const { answer } = await post([
      call(1, 'eth_blockNumber'),
      { jsonrpc: '2.0', method: 'eth_blockNumber' },
      call(2, 'x'),
      7,
    ])
    expect(answer.map((one: any) => [one.id, one.error?.code ?? one.result])).toEqual([
      [1, '0x7'],
      [2, 4200],
      [null, -32600],
    ])
    expect((await post({ jsonrpc: '2.0', method: 'eth_blockNumber' })).status).toBe(204)
  })

  test.each([
    ['no JSON', '{', -32700],
    ['an empty batch', [], -32600],
    ['a batch of 101', Array.from({ length: 101 }, (_, i) => call(i, 'eth_blockNumber')), -32600],
    ['no method', { id: 1 }, -32600],
    ['parameters by name', call(1, 'eth_blockNumber', { a: 1 }), -32600],
    ['an id that is none', call({}, 'eth_blockNumber'), -32600],
    ['null', null, -32600],
  ])('%s is refused', async (_, body, code) => {
    expect((await post(body)).answer.error.code).toBe(code)
  })

  test('refuses bodies above 5 MiB', async () => {
    const large = await fetch(server.url, { method: 'POST', body: 'x'.repeat(5 * 1024 * 1024 + 1) }).catch(
      () => undefined,
    )
    expect(large?.status ?? 413).toBe(413)
    expect((await post(call(1, 'eth_blockNumber'))).status).toBe(200)
  })

  test('tells supervisors whether it is ready', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(503)
    phase = 'ready'
    const response = await fetch(`${server.url}/health`)
    expect([response.status, await response.json()]).toEqual([200, { phase: 'ready' }])
    expect((await fetch(server.url)).status).toBe(405)
  })

  test('a port that is taken has its own error', async () => {
    const port = Number(new URL(server.url).port)
    await expect(serveLightNode(node, { port })).rejects.toMatchObject({ code: 'NODE_PORT_TAKEN' })
  })
})

describe('what a light node keeps in files', () => {
  test('comes back, by key; a file half written before does no harm', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'zos-light-')), 'below', 'it')
    try {
      const storage = fileStorage(folder)
      expect(await storage.get('a/b')).toBeUndefined()
      await storage.set('a/b', Uint8Array.of(1, 2, 3))
      await storage.set('c', Uint8Array.of(4))
      writeFileSync(join(folder, `${encodeURIComponent('a/b')}.light.new`), 'torn')
      expect(new Uint8Array((await fileStorage(folder).get('a/b'))!)).toEqual(Uint8Array.of(1, 2, 3))
      await storage.set('a/b', Uint8Array.of(9))
      expect(new Uint8Array((await storage.get('a/b'))!)).toEqual(Uint8Array.of(9))
      expect(readdirSync(folder).sort()).toEqual(['a%2Fb.light', 'c.light'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
