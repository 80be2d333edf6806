import { describe, expect, it } from 'vitest'
import { createServer } from './client.ts'

const basic = (text: string) => ({
  headers: { authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}` },
})
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('access', () => {
  const accounts = [
    { name: 'änn', password: 'p:ä' },
    { name: 'ben', password: 'q', token: 'token-of-ben', readOnly: true },
  ]
  it('lets in who has a password or a token, and nobody else', async () => {
    const { status, send } = createServer({ accounts, anonymous: 'nothing' })
    expect(await status('PROPFIND', '/', basic('änn:p:ä'))).toBe(207)
    expect(
      await status('PROPFIND', '/', {
        headers: { authorization: basic('ben:q').headers.authorization.replace('Basic', 'BASIC') },
      }),
    ).toBe(207)
    expect(await status('PROPFIND', '/', bearer('token-of-ben'))).toBe(207)
    for (const sent of [
      {},
      basic('änn:q'),
      basic('ben:p:ä'),
      basic('änn:'),
      basic(':'),
      basic(''),
      basic('ben'),
      bearer('token-of-be'),
      bearer('token-of-benn'),
      bearer('ben:q'),
      { headers: { authorization: `Basic ${btoa('token-of-ben')}` } },
      { headers: { authorization: 'Digest username="ben"' } },
      { headers: { authorization: 'Basic !!!' } },
      { headers: { authorization: `Basic ${btoa('\xff:\xff')}` } },
    ]) {
      for (const method of ['OPTIONS', 'GET', 'PUT', 'PROPFIND', 'TEAPOT']) {
        const response = await send(method, '/', sent)
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe(
          'Basic realm="files", charset="UTF-8", Bearer realm="files"',
        )
      }
    }
  })

  it('is for nobody by default', async () => {
    const { handler } = createServer({ anonymous: 'nothing' })
    const response = await handler(new Request('http://dav.test/', { method: 'OPTIONS' }))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="files"')
  })

  it('lets some only read, and those without credentials when that is wanted', async () => {
    const { status } = createServer({ accounts, anonymous: 'read' })
    expect(await status('PUT', '/f', { ...basic('änn:p:ä'), body: 'x' })).toBe(201)
    for (const sent of [basic('ben:q'), {}]) {
      expect(await status('GET', '/f', sent)).toBe(200)
      expect(await status('PROPFIND', '/', sent)).toBe(207)
      for (const method of ['PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'PROPPATCH', 'LOCK', 'UNLOCK'])
        expect(await status(method, '/f', sent)).toBe('headers' in sent ? 403 : 401)
    }
    expect(await status('GET', '/f', basic('ben:wrong'))).toBe(401)
  })

  it.each([
    [{ name: '', password: 'x' }],
    [{ name: 'a:b', password: 'x' }],
    [{ name: 'a' }],
    [{ name: 'a', password: '' }],
  ])('refuses the account %j', (account) => {
    expect(() => createServer({ accounts: [account] })).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID_ARGUMENT' }),
    )
  })
})
