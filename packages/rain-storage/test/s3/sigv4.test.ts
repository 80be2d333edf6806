import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { alice, createGateway, START_MS } from './gateway-client.ts'

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
