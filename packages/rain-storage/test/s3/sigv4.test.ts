import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { alice, bob, createGateway, START_MS } from './gateway-client.ts'

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** A signed `GET /` with the date in a header of the test's choice, signed the plain way. */
function signed(name: 'date' | 'x-amz-date', text: string, signedAt = START_MS): Request {
  const date = new Date(signedAt).toISOString().replace(/[-:]|\.\d+/g, '')
  const day = date.slice(0, 8)
  const empty = createHash('sha256').digest('hex')
  const headers: Record<string, string> = { host: 's3.test', 'x-amz-content-sha256': empty, [name]: text }
  const names = Object.keys(headers).sort()
  const lines = names.map((header) => `${header}:${headers[header]}\n`).join('')
  const canonical = ['GET', '/', '', lines, names.join(';'), empty].join('\n')
  const scope = `${day}/here/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const key = [day, 'here', 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4secret of ${alice.id}`)
  const signature = hmac(key, toSign).toString('hex')
  headers.authorization = `AWS4-HMAC-SHA256 Credential=KEY-${alice.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return new Request('http://s3.test/', { headers })
}

describe('the date of a signature', () => {
  const basic = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')
  const http = (ms: number) => new Date(ms).toUTCString()

  it('is taken from either header, in either form', async () => {
    const { send } = createGateway()
    for (const name of ['date', 'x-amz-date'] as const) {
      for (const text of [basic(START_MS), http(START_MS), http(START_MS).replace('GMT', '-0000')]) {
        const { status } = await send(signed(name, text))
        expect([name, text, status]).toEqual([name, text, 200])
      }
    }
  })

  it('is the date that was signed, and a fresh one', async () => {
    const { send } = createGateway()
    const hour = 3_600_000
    expect((await send(signed('x-amz-date', http(START_MS + 1000)))).code).toBe('SignatureDoesNotMatch')
    expect((await send(signed('x-amz-date', http(START_MS - hour), START_MS - hour))).code).toBe('RequestTimeTooSkewed')
    expect((await send(signed('x-amz-date', 'yesterday'))).code).toBe('AuthorizationHeaderMalformed')
  })
})

/** The query of a presigned URL of alice's, with `host` and `more` signed. */
function presigned(method: string, path: string, more: Record<string, string> = {}): string {
  const date = new Date(START_MS).toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/here/s3/aws4_request`
  const headers: Record<string, string> = { host: 's3.test', ...more }
  const names = Object.keys(headers).sort()
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `KEY-${alice.id}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '600',
    'X-Amz-SignedHeaders': names.join(';'),
  }).toString()
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const canonical = [method, path, query, lines, names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const key = [date.slice(0, 8), 'here', 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4secret of ${alice.id}`,
  )
  return `http://s3.test${path}?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`
}

describe('who holds a presigned URL of an upload', () => {
  it('uploads, and does nothing else in the name of who signed it', async () => {
    const { ask, send } = createGateway()
    await ask(alice)('PUT', '/box')
    await ask(alice)('PUT', '/box/diary', 'dear diary')
    const url = presigned('PUT', '/box/inbox')
    const put = (headers: Record<string, string>) =>
      send(new Request(url, { method: 'PUT', headers: { host: 's3.test', ...headers }, body: 'hello' }))
    for (const headers of [
      { 'x-amz-copy-source': '/box/diary' },
      { 'x-amz-acl': 'public-read' },
      { 'x-amz-meta-from': 'alice' },
    ]) {
      const answer = await put(headers)
      expect([answer.status, answer.code]).toEqual([403, 'AccessDenied'])
      expect(answer.text).toContain(`${Object.keys(headers)[0]} is not signed`)
    }
    expect((await ask(alice)('GET', '/box/inbox')).status).toBe(404)
    expect((await put({ 'content-type': 'text/plain', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })).status).toBe(200)
    expect((await ask(bob)('GET', '/box/inbox')).status).toBe(403)
    expect((await ask(alice)('GET', '/box/inbox')).text).toBe('hello')
  })

  it('sets what was signed', async () => {
    const { ask, send } = createGateway()
    await ask(alice)('PUT', '/box')
    const headers = { 'x-amz-acl': 'public-read' }
    const url = presigned('PUT', '/box/flyer', headers)
    expect((await send(new Request(url, { method: 'PUT', headers, body: 'come' }))).status).toBe(200)
    expect((await ask(bob)('GET', '/box/flyer')).text).toBe('come')
  })
})
