import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import type { RpcContext } from '../../src/rpc/context.ts'
import { healthOf } from '../../src/rpc/health.ts'
import type { RpcRouter } from '../../src/rpc/router.ts'
import { type RpcServer, startRpcServer } from '../../src/rpc/server.ts'

let server: RpcServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function serve(answer: string | undefined, unitAgeMs = 0): Promise<string[]> {
  const bodies: string[] = []
  const router: RpcRouter = {
    methods: [],
    call: async () => undefined,
    handle: async (body) => {
      bodies.push(body)
      return answer
    },
  }
  const chain = { head: { header: { number: 7 } } } as Chain
  server = await startRpcServer({} as RpcContext, router, {
    host: '127.0.0.1',
    port: 0,
    health: () => healthOf({ chain, unitAgeMs, roundIntervalMs: 1_000 }),
    onError: () => {},
  })
  return bodies
}

function send(method: string, body = ''): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(server!.url, { method, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      )
    })
    call.on('error', reject)
    call.end(body)
  })
}

describe('the HTTP port', () => {
  test.each([
    [29_999, 200],
    [30_000, 503],
  ])('tells a supervisor whether units come: after %i ms of silence %i', async (unitAgeMs, status) => {
    await serve(undefined, unitAgeMs)
    const response = await fetch(`${server!.url}/health`)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ healthy: status === 200, block: 7, unitAgeMs })
  })

  test.each(['{"a":1}', '{"a":"é"}', '{"a":"链 🔗"}', `"${'x'.repeat(300_000)}"`])(
    'sends an answer with its length in bytes: %.12s',
    async (answer) => {
      const bodies = await serve(answer)
      const { status, headers, text } = await send('POST', '{"b":"ü"}')
      expect(bodies).toEqual(['{"b":"ü"}'])
      expect([status, text]).toEqual([200, answer])
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(answer)),
        'access-control-allow-origin': '*',
      })
    },
  )

  test('has no content for a notification, and no length of it', async () => {
    await serve(undefined)
    const { status, headers, text } = await send('POST', '{}')
    expect([status, text]).toEqual([204, ''])
    expect(headers).not.toHaveProperty('content-length')
    expect(headers).toMatchObject({ 'access-control-allow-origin': '*' })
  })

  test('lets pages ask', async () => {
    await serve('{}')
    const { status, headers } = await send('OPTIONS')
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
    })
  })

  test('refuses what is too large, and other methods', async () => {
    const bodies = await serve('{}')
    const large = await send('POST', ' '.repeat(5 * 1024 * 1024 + 1)).catch((error) => error)
    // The connection may be gone before all of the body was sent.
    if (!(large instanceof Error)) {
      expect(large.status).toBe(413)
      expect(large.headers).toMatchObject({ connection: 'close' })
      expect(JSON.parse(large.text)).toMatchObject({ id: null, error: { code: -32600 } })
    }
    expect((await send('PUT', '{}')).status).toBe(405)
    expect(bodies).toEqual([])
  })
})
