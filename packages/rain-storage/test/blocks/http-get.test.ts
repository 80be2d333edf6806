import { createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createAnswerReader } from '../../src/platform/http-answer.ts'
import { createHttpGet } from '../../src/platform/http-get.ts'

const seed = Number(process.env.ZOS_SEED ?? 20_260_801)
let server: Server | undefined
const sockets = new Set<Socket>()

/** A server that does with each connection what it is told; `n` counts connections, `request` the requests on this one. */
async function serve(answer: (socket: Socket, n: number, request: number) => void): Promise<string> {
  let connections = 0
  server = createServer((socket) => {
    const n = connections++
    let requests = 0
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => answer(socket, n, requests++))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/x`
}

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  server?.close()
})

const get = (url: string, maxBytes = 1000, signal = AbortSignal.timeout(10_000)) =>
  createHttpGet()(url, { headers: { accept: 'x' }, maxBytes, signal })
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('GET over a connection of our own', () => {
  it('puts a body of announced length into given memory when it fits', async () => {
    const url = await serve((socket, _, request) => {
      socket.write(
        request === 3
          ? 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      )
    })
    const httpGet = createHttpGet()
    for (const [length, used] of [
      [4, false],
      [5, true],
      [9, true],
      [9, false], // in chunks, so its length is not known before
    ] as const) {
      const into = new Uint8Array(length)
      const { bytes } = await httpGet(url, { headers: {}, maxBytes: 100, signal: AbortSignal.timeout(5000), into })
      expect(text(bytes)).toBe('hello')
      expect(bytes.buffer === into.buffer).toBe(used)
    }
  })

  it('reads bodies by length, in chunks and until the end, after interim answers, however they are cut', () => {
    const answers: [string, string, boolean][] = [
      ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello', true],
      [
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:5\r\nconnection: close\r\n\r\nhello',
        'hello',
        false,
      ],
      [
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nx: y\r\n\r\n',
        'hello',
        true,
      ],
      ['HTTP/1.1 204 No\r\n\r\n', '', true],
      ['HTTP/1.0 200 OK\r\n\r\nhello', 'hello', false],
    ]
    fc.assert(
      fc.property(fc.constantFrom(...answers), fc.array(fc.integer({ min: 1, max: 30 })), ([raw, body, keep], cuts) => {
        const reader = createAnswerReader(5)
        const bytes = Buffer.from(raw)
        let at = 0
        let whole = false
        for (const cut of [...cuts, bytes.length]) {
          if (at < bytes.length) whole = reader.push(Buffer.from(bytes.subarray(at, at + cut)))
          at += cut
        }
        expect(whole || reader.end()).toBe(true)
        expect([text(reader.body()), reader.keepAlive]).toEqual([body, keep])
      }),
      { seed },
    )
  })

  it.each([
    ['a body above the limit by its length', 'HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n', 'STORAGE_LIMIT'],
    [
      'a body above the limit in chunks',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n`,
      'STORAGE_LIMIT',
    ],
    ['an endless body', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`, 'STORAGE_LIMIT'],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(5000)}`, 'STORAGE_UNAVAILABLE'],
    ['an endless line', 'x'.repeat(20_000), 'STORAGE_UNAVAILABLE'],
    ['what is not HTTP', 'SSH-2.0-x\r\n\r\n', 'STORAGE_UNAVAILABLE'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: 1e3\r\n\r\n', 'STORAGE_UNAVAILABLE'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'STORAGE_UNAVAILABLE'],
    ['two answers to one question', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', 'STORAGE_UNAVAILABLE'],
  ])('refuses %s', async (_, raw, code) => {
    const url = await serve((socket) => socket.write(raw))
    await expect(get(url)).rejects.toMatchObject({ code })
  })

  it('refuses an answer that ends early', async () => {
    const url = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'))
    await expect(get(url)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('uses a connection again, and asks again when the server had just closed it', async () => {
    const seen: string[] = []
    const url = await serve((socket, n, request) => {
      seen.push(`${n}.${request}`)
      if (n === 0 && request === 2) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    })
    const ask = createHttpGet()
    for (let i = 0; i < 4; i++) {
      const { bytes } = await ask(url, { headers: {}, maxBytes: 10, signal: AbortSignal.timeout(10_000) })
      expect(text(bytes)).toBe('ok')
    }
    expect(seen).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1'])
  })

  it('keeps to sixteen connections', async () => {
    let most = 0
    const url = await serve((socket, n) => {
      most = Math.max(most, n + 1)
      setImmediate(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    })
    const ask = createHttpGet()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => ask(url, { headers: {}, maxBytes: 10, signal: AbortSignal.timeout(10_000) })),
    )
    expect(answers.every(({ bytes }) => text(bytes) === 'ok')).toBe(true)
    expect(most).toBeLessThanOrEqual(16)
  })

  it('ends when it is aborted, and refuses headers with line breaks', async () => {
    const abort = new AbortController()
    const url = await serve(() => abort.abort())
    await expect(get(url, 1000, abort.signal)).rejects.toThrow(/abort/i)
    expect(() =>
      createHttpGet()(url, { headers: { a: 'b\r\nc: d' }, maxBytes: 1, signal: AbortSignal.timeout(1000) }),
    ).toThrow(/invalid/i)
    await expect(get('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})
