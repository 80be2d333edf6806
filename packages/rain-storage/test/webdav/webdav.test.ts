import { describe, expect, it } from 'vitest'
import { WEBDAV_LIMITS } from '../../src/webdav/limits.ts'
import { createServer, foundIn, lockInfo, ORIGIN, setProperty } from './client.ts'

const accounts = ['ann', 'ben'].map((name) => ({ name, password: `password of ${name}` }))
const propfind = (inner: string) => `<propfind xmlns="DAV:" xmlns:t="urn:test">${inner}</propfind>`
const xmlBytes = (response: Response) => response.text()

describe('files', () => {
  it('are put, replaced, and given back with their type, tag and date, whole and in ranges', async () => {
    const { send, clock } = createServer()
    const first = await send('PUT', '/a%20b.txt', { body: '0123456789', headers: { 'content-type': 'text/x' } })
    expect(first.status).toBe(201)
    const etag = first.headers.get('etag')!
    const got = await send('GET', '/a%20b.txt')
    expect(await got.text()).toBe('0123456789')
    expect(Object.fromEntries(got.headers)).toEqual({
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'content-length': '10',
      'content-security-policy': 'sandbox',
      'content-type': 'text/x',
      etag,
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-content-type-options': 'nosniff',
    })
    const head = await send('HEAD', '/a%20b.txt')
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
    const range = async (value: string, more: Record<string, string> = {}) => {
      const response = await send('GET', '/a%20b.txt', { headers: { range: value, ...more } })
      return [response.status, response.headers.get('content-range'), await response.text()]
    }
    expect(await range('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await range('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
    expect((await range('bytes=10-')).slice(0, 2)).toEqual([416, 'bytes */10'])
    expect((await range('bytes=2-4', { 'if-range': etag }))[0]).toBe(206)
    expect((await range('bytes=2-4', { 'if-range': '"other"' }))[0]).toBe(200)
    clock.ms += 5000
    const second = await send('PUT', '/a%20b.txt', { body: '' })
    expect([second.status, second.headers.get('etag') === etag]).toEqual([204, false])
    expect(await (await send('GET', '/a%20b.txt')).text()).toBe('')
    expect((await send('GET', '/page.html')).status).toBe(404)
    await send('PUT', '/page.html', { body: new TextEncoder().encode('x') })
    expect((await send('GET', '/page.html')).headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('keep the conditions of RFC 9110', async () => {
    const { send, status, clock } = createServer()
    const etag = (await send('PUT', '/f', { body: 'x' })).headers.get('etag')!
    const date = new Date(clock.ms).toUTCString()
    const before = new Date(clock.ms - 1000).toUTCString()
    const get = (headers: Record<string, string>) => status('GET', '/f', { headers })
    expect(await get({ 'if-none-match': etag })).toBe(304)
    expect(await get({ 'if-none-match': `W/${etag}` })).toBe(304)
    expect(await get({ 'if-none-match': '"other"' })).toBe(200)
    expect(await get({ 'if-modified-since': date })).toBe(304)
    expect(await get({ 'if-modified-since': before })).toBe(200)
    expect(await get({ 'if-modified-since': 'no date' })).toBe(200)
    expect(await get({ 'if-modified-since': date, 'if-none-match': '"other"' })).toBe(200)
    expect(await get({ 'if-match': '"other"' })).toBe(412)
    expect(await get({ 'if-unmodified-since': before })).toBe(412)
    const put = (headers: Record<string, string>, path = '/f') => status('PUT', path, { headers, body: 'x' })
    expect(await put({ 'if-none-match': '*' })).toBe(412)
    expect(await put({ 'if-none-match': '*' }, '/new')).toBe(201)
    expect(await put({ 'if-match': '*' }, '/newer')).toBe(412)
    expect(await put({ 'if-match': `W/${etag}` })).toBe(412)
    expect(await put({ 'if-unmodified-since': before })).toBe(412)
    expect(await put({ 'if-unmodified-since': date })).toBe(204)
    expect(await put({ 'if-match': etag })).toBe(412) // that was the tag before
  })

  it('are not named when the body does not come whole, or something came between', async () => {
    const { send, status } = createServer()
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      pull: (controller) => controller.error(new Error('cut')),
    })
    expect(await status('PUT', '/f', { body: broken })).toBe(500)
    expect(await status('GET', '/f')).toBe(404)
    // the collection goes while the body is on its way
    await send('MKCOL', '/c')
    let finish = () => {}
    const slow = new ReadableStream({
      start: (controller) => {
        finish = () => controller.close()
      },
    })
    const put = status('PUT', '/c/f', { body: slow })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await status('DELETE', '/c')).toBe(204)
    finish()
    expect(await put).toBe(409)
    // a lock comes while the body is on its way
    let end = () => {}
    const other = new ReadableStream({
      start: (controller) => {
        end = () => controller.close()
      },
    })
    const late = status('PUT', '/g', { body: other })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await status('LOCK', '/g', { body: lockInfo('exclusive') })).toBe(201)
    end()
    expect(await late).toBe(423)
  })

  it('have a quota', async () => {
    const { send, status } = createServer({ quotaBytes: 10 })
    expect(await status('PUT', '/a', { body: '123456' })).toBe(201)
    const failed = await send('PUT', '/b', { body: '12345' })
    expect([failed.status, await failed.text()]).toEqual([507, expect.stringContaining('<D:quota-not-exceeded/>')])
    expect(await status('PUT', '/b', { body: '12345', headers: { 'content-length': '5' } })).toBe(507)
    expect(await status('PUT', '/a', { body: '1234567890' })).toBe(204)
    expect(await status('PUT', '/a', { body: '123' })).toBe(204)
    await send('MKCOL', '/c')
    await send('PUT', '/c/x', { body: '123' })
    const to = (path: string) => ({ headers: { destination: ORIGIN + path } })
    expect(await status('COPY', '/c', to('/d'))).toBe(201)
    expect(await status('COPY', '/c', to('/e'))).toBe(507)
    expect(await status('PROPFIND', '/e')).toBe(404)
    expect(await status('COPY', '/a', to('/e'))).toBe(507)
    expect(await status('COPY', '/a', to('/d/x'))).toBe(204) // takes the place of as many bytes
    const asked = propfind('<prop><quota-available-bytes/><quota-used-bytes/></prop>')
    const found = (await foundIn(await send('PROPFIND', '/', { body: asked, headers: { depth: '1' } }))).get('/')!
    expect([...found.properties.values()].map(({ text }) => text)).toEqual(['1', '9'])
  })
})

describe('a quota', () => {
  it('ends a body that is too long where it is full', async () => {
    const { status } = createServer({ quotaBytes: 100_000 })
    let pulled = 0
    const long = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000))
        if (++pulled === 1000) controller.close()
      },
    })
    expect(await status('PUT', '/f', { body: long })).toBe(507)
    expect(pulled).toBeLessThan(110)
    expect(await status('GET', '/f')).toBe(404)
  })

  it('holds when two bodies come at once that have room alone', async () => {
    const { status, send } = createServer({ quotaBytes: 10 })
    const ends: (() => void)[] = []
    const slow = (text: string) =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text))
          ends.push(() => controller.close())
        },
      })
    const puts = ['a', 'b'].map((name) => status('PUT', `/${name}`, { body: slow('123456') }))
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const end of ends) end()
    expect((await Promise.all(puts)).sort()).toEqual([201, 507])
    expect([...(await foundIn(await send('PROPFIND', '/'))).keys()]).toHaveLength(2)
  })
})

describe('properties', () => {
  it('are found by name, by names, or all', async () => {
    const { send, status } = createServer()
    await send('MKCOL', '/ö &')
    await send('PUT', '/ö &/f.txt', { body: 'x' })
    await status('PROPPATCH', '/ö &/f.txt', { body: setProperty('p', 'v &amp; <t:in xmlns="urn:o"><x/></t:in>') })
    const find = async (body: string | undefined, depth: string) =>
      foundIn(await send('PROPFIND', '/ö &', { headers: { depth }, ...(body === undefined ? {} : { body }) }))
    const all = await find(undefined, '1')
    expect([...all.keys()]).toEqual(['/%C3%B6%20%26/', '/%C3%B6%20%26/f.txt'])
    const file = all.get('/%C3%B6%20%26/f.txt')!
    expect(file.byStatus.get(200)!.sort()).toEqual([
      'creationdate',
      'getcontentlength',
      'getcontenttype',
      'getetag',
      'getlastmodified',
      'lockdiscovery',
      'p',
      'resourcetype',
      'supportedlock',
    ])
    expect(file.properties.get('creationdate')!.text).toBe('2026-01-01T00:00:00.000Z')
    expect(file.properties.get('p')!.children[0]!.children[0]).toMatchObject({ space: 'urn:o', local: 'x' })
    expect((await find(undefined, '0')).size).toBe(1)
    const names = await find(propfind('<propname/>'), '1')
    expect(names.get('/%C3%B6%20%26/f.txt')!.byStatus.get(200)!.sort()).toEqual(file.byStatus.get(200))
    const some = await find(propfind('<prop><t:p/><t:q/><getetag/><nothing/><x xmlns=""/></prop>'), '1')
    expect(some.get('/%C3%B6%20%26/')!.byStatus).toEqual(new Map([[404, ['p', 'q', 'getetag', 'nothing', 'x']]]))
    expect(some.get('/%C3%B6%20%26/f.txt')!.byStatus).toEqual(
      new Map([
        [200, ['p', 'getetag']],
        [404, ['q', 'nothing', 'x']],
      ]),
    )
    const included = await find(propfind('<allprop/><include><quota-used-bytes/></include>'), '0')
    expect(included.get('/%C3%B6%20%26/')!.properties.get('quota-used-bytes')!.text).toBe('1')
  })

  it('change all or none, in their order', async () => {
    const { send } = createServer()
    const update = async (inner: string) => {
      const body = `<propertyupdate xmlns="DAV:" xmlns:t="urn:test">${inner}</propertyupdate>`
      return (await foundIn(await send('PROPPATCH', '/', { body }))).get('/')!.byStatus
    }
    const set = (inner: string) => `<set><prop>${inner}</prop></set>`
    const drop = (inner: string) => `<remove><prop>${inner}</prop></remove>`
    const value = async () => (await foundIn(await send('PROPFIND', '/'))).get('/')!.properties.get('p')?.text
    expect(await update(drop('<t:p/>') + set('<t:p>1</t:p>'))).toEqual(new Map([[200, ['p']]]))
    expect(await value()).toBe('1')
    expect(await update(set('<t:p>2</t:p><getetag>x</getetag>'))).toEqual(
      new Map([
        [403, ['getetag']],
        [424, ['p']],
      ]),
    )
    expect(await value()).toBe('1')
    expect(await update(set(`<t:q>${'x'.repeat(WEBDAV_LIMITS.propertyBytes)}</t:q>`))).toEqual(new Map([[507, ['q']]]))
    expect(await update(set('<t:p>2</t:p>') + drop('<t:p/>'))).toEqual(new Map([[200, ['p']]]))
    expect(await value()).toBeUndefined()
  })

  it('of too many resources are not listed at once', async () => {
    const { send, status } = createServer()
    const limit = WEBDAV_LIMITS.listed as number
    Object.assign(WEBDAV_LIMITS, { listed: 5 })
    try {
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => send('PUT', `/${name}`, { body: name })))
      expect(await status('PROPFIND', '/')).toBe(207)
      await send('MKCOL', '/e')
      const failed = await send('PROPFIND', '/')
      expect([failed.status, await xmlBytes(failed)]).toEqual([
        403,
        expect.stringContaining('<D:propfind-finite-depth/>'),
      ])
      expect(await status('PROPFIND', '/', { headers: { depth: '1' } })).toBe(207)
    } finally {
      Object.assign(WEBDAV_LIMITS, { listed: limit })
    }
  })
})

describe('copies and moves', () => {
  const to = (path: string, more: Record<string, string> = {}) => ({ headers: { destination: path, ...more } })
  it('keep what is below, share content, and copy nothing that was not asked for', async () => {
    const { send, status, retained } = createServer()
    for (const path of ['/a', '/a/b', '/z']) await send('MKCOL', path)
    await send('PUT', '/a/b/f', { body: 'content' })
    await send('PROPPATCH', '/a', { body: setProperty('p', 'v') })
    expect(await status('COPY', '/a', to(`${ORIGIN}/c`))).toBe(201)
    expect(await status('COPY', '/a', to('/d', { depth: '0' }))).toBe(201) // a path will do
    expect(await status('MOVE', '/a/', to('/z/moved/'))).toBe(201)
    const paths = [...(await foundIn(await send('PROPFIND', '/'))).keys()]
    expect(paths).toEqual(['/', '/c/', '/c/b/', '/c/b/f', '/d/', '/z/', '/z/moved/', '/z/moved/b/', '/z/moved/b/f'])
    expect((await foundIn(await send('PROPFIND', '/d'))).get('/d/')!.properties.get('p')!.text).toBe('v')
    expect(retained.size).toBe(1)
    expect(await status('DELETE', '/c')).toBe(204)
    expect(await (await send('GET', '/z/moved/b/f')).text()).toBe('content')
    expect(await status('DELETE', '/z')).toBe(204)
    expect(retained.size).toBe(0)
  })

  it.each([
    ['without a destination', 400, {}],
    ['to what is no URL', 400, { destination: 'http://' }],
    ['to another server', 502, { destination: 'http://other.test/x' }],
    ['to another kind of server', 502, { destination: 'ftp://dav.test/x' }],
    ['out of every collection', 409, { destination: '/no/x' }],
    ['into a file', 409, { destination: '/f/x' }],
    ['onto itself', 403, { destination: '/a' }],
    ['onto the root', 403, { destination: '/' }],
    ['into itself', 403, { destination: '/a/b/c' }],
    ['onto what is there, by Overwrite', 412, { destination: '/f', overwrite: 'F' }],
    ['with another Overwrite', 400, { destination: '/x', overwrite: 'X' }],
    ['with depth 1', 400, { destination: '/x', depth: '1' }],
    ['to a path too deep', 414, { destination: '/x'.repeat(65) }],
  ])('do not go %s', async (_, wanted, headers) => {
    const { send, status } = createServer()
    for (const path of ['/a', '/a/b']) await send('MKCOL', path)
    await send('PUT', '/f', { body: 'x' })
    expect(await status('MOVE', '/a', { headers })).toBe(wanted)
    expect(await status('COPY', '/a', { headers })).toBe(wanted)
    expect([...(await foundIn(await send('PROPFIND', '/'))).keys()]).toEqual(['/', '/a/', '/a/b/', '/f'])
  })

  it('make no tree that is deeper than a path can be, and no copy above the limit', async () => {
    const { send, status, index } = createServer()
    let path = ''
    for (let i = 0; i < WEBDAV_LIMITS.depth; i++) {
      path += '/x'
      expect(await status('MKCOL', path)).toBe(201)
    }
    expect(await status('MKCOL', `${path}/x`)).toBe(414)
    await send('MKCOL', '/y')
    expect(await status('MOVE', '/x', to('/y/x'))).toBe(403)
    expect(await status('COPY', '/x', to('/y/x'))).toBe(403)
    expect(await status('MOVE', '/x/x', to('/y/x'))).toBe(201)
    const limit = WEBDAV_LIMITS.copied as number
    Object.assign(WEBDAV_LIMITS, { copied: 10 })
    const entries = async () => {
      let count = 0
      for await (const _ of index.list('n', 'z')) count++
      return count
    }
    try {
      const before = await entries()
      expect(await status('COPY', '/y', to('/z'))).toBe(507)
      expect(await entries()).toBe(before)
    } finally {
      Object.assign(WEBDAV_LIMITS, { copied: limit })
    }
  })

  it('go on in many batches, and what is swept is all', async () => {
    const { send, status, index, retained } = createServer()
    await send('MKCOL', '/a')
    await send('MKCOL', '/a/b')
    for (let i = 0; i < 600; i++) await send('PUT', `/a/${i % 2 ? 'b/' : ''}${i}`, { body: `${i % 7}` })
    expect(await status('COPY', '/a', to('/c'))).toBe(201)
    const found = await foundIn(await send('PROPFIND', '/c'))
    expect(found.size).toBe(602)
    expect(await (await send('GET', '/c/b/599')).text()).toBe(`${599 % 7}`)
    for (const path of ['/a', '/c']) expect(await status('DELETE', path)).toBe(204)
    const left = []
    for await (const [key] of index.list('', '\u{10ffff}')) left.push(key)
    expect(left).toEqual(['n\0\0', 'q'])
    expect(retained.size).toBe(0)
  })
})

describe('locks', () => {
  const token = (response: Response) => response.headers.get('lock-token')!
  it('say what they are, are refreshed, and end', async () => {
    const { send, status, clock } = createServer()
    const owner = '<l:owner><x:a xmlns:x="urn:x">Ann &amp; co</x:a></l:owner>'
    const made = await send('LOCK', '/f', {
      body: lockInfo('exclusive', owner),
      headers: { timeout: 'Infinite, Second-60' },
    })
    expect(made.status).toBe(201)
    expect(token(made)).toMatch(/^<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}>$/)
    const text = await made.text()
    expect(text).toContain('<x:a xmlns:x="urn:x">Ann &amp; co</x:a>')
    expect(text).toContain('<D:depth>infinity</D:depth>')
    expect(text).toContain('<D:timeout>Second-60</D:timeout>')
    expect(text).toContain('<D:lockroot><D:href>/f</D:href></D:lockroot>')
    const refused = await send('PUT', '/f', { body: 'x' })
    expect([refused.status, await refused.text()]).toEqual([
      423,
      expect.stringContaining('<D:lock-token-submitted><D:href>/f</D:href></D:lock-token-submitted>'),
    ])
    const mine = { headers: { if: `(${token(made)})` } }
    expect(await status('PUT', '/f', { body: 'x', ...mine })).toBe(204)
    clock.ms += 59_000
    const again = await send('LOCK', '/f', { headers: { ...mine.headers, timeout: 'Second-9999999999' } })
    expect([again.status, await again.text(), again.headers.has('lock-token')]).toEqual([
      200,
      expect.stringContaining('<D:timeout>Second-3600</D:timeout>'),
      false,
    ])
    clock.ms += 3_599_000
    expect(await status('PUT', '/f', { body: 'x' })).toBe(423)
    clock.ms += 1000
    expect(await status('PUT', '/f', { body: 'x' })).toBe(204)
    expect(await status('PUT', '/f', { body: 'x', ...mine })).toBe(412)
  })

  it('outlive a stop of the server', async () => {
    const server = createServer()
    const made = await server.send('LOCK', '/f', { body: lockInfo('exclusive'), headers: { depth: '0' } })
    const later = server.again()
    expect(await later.status('DELETE', '/f')).toBe(423)
    expect(await later.status('UNLOCK', '/f', { headers: { 'lock-token': token(made) } })).toBe(204)
    expect(await server.again().status('DELETE', '/f')).toBe(204)
  })

  it('are of the account that made them', async () => {
    const { send, status } = createServer({ accounts, anonymous: 'nothing' })
    const made = await send('LOCK', '/f', { account: 'ann', body: lockInfo('exclusive') })
    const headers = { if: `(${token(made)})` }
    expect(await status('PUT', '/f', { account: 'ben', headers, body: 'x' })).toBe(423)
    expect(await status('LOCK', '/f', { account: 'ben', headers })).toBe(412)
    expect(await status('UNLOCK', '/f', { account: 'ben', headers: { 'lock-token': token(made) } })).toBe(403)
    expect(await status('PUT', '/f', { account: 'ann', headers, body: 'x' })).toBe(204)
    expect(await status('UNLOCK', '/f', { account: 'ann', headers: { 'lock-token': token(made) } })).toBe(204)
  })

  it('of members keep a collection, and are named', async () => {
    const { send, status } = createServer()
    await send('MKCOL', '/c')
    await send('PUT', '/c/free', { body: 'x' })
    const made = await send('LOCK', '/c/f', { body: lockInfo('exclusive') })
    const failed = await send('DELETE', '/c')
    expect(failed.status).toBe(207)
    expect(await foundIn(failed)).toEqual(new Map([['/c/f', expect.objectContaining({ status: 423 })]]))
    expect(await status('GET', '/c/free')).toBe(200)
    const conflict = await send('LOCK', '/c', { body: lockInfo('shared') })
    const answers = await foundIn(conflict)
    expect([conflict.status, [...answers].map(([href, { status }]) => [href, status])]).toEqual([
      207,
      [
        ['/c/f', 423],
        ['/c/', 424],
      ],
    ])
    expect(await status('DELETE', '/c', { headers: { if: `<${ORIGIN}/c/f> (${token(made)})` } })).toBe(204)
  })

  it.each([
    ['no body and no If', 400, undefined, {}],
    ['a body that is no lockinfo', 400, '<x/>', {}],
    ['a body that is not well-formed', 400, '<x>', {}],
    ['no scope', 400, '<l:lockinfo xmlns:l="DAV:"><l:locktype><l:write/></l:locktype></l:lockinfo>', {}],
    ['depth 1', 400, lockInfo('shared'), { depth: '1' }],
    ['an owner that is too long', 400, lockInfo('shared', `<l:owner>${'x'.repeat(5000)}</l:owner>`), {}],
    ['a token that is not there', 412, undefined, { if: '(<urn:uuid:none>)' }],
  ])('are not made with %s', async (_, wanted, body, headers) => {
    const { status } = createServer()
    const sent = { headers, ...(body === undefined ? {} : { body }) }
    expect(await status('LOCK', '/', sent)).toBe(wanted === 400 && body === undefined ? 412 : wanted)
  })

  it('are so many', async () => {
    const { status } = createServer()
    const limit = WEBDAV_LIMITS.locks as number
    Object.assign(WEBDAV_LIMITS, { locks: 2 })
    try {
      for (const wanted of [201, 200, 507])
        expect(await status('LOCK', '/f', { body: lockInfo('shared') })).toBe(wanted)
    } finally {
      Object.assign(WEBDAV_LIMITS, { locks: limit })
    }
  })
})

describe('requests', () => {
  it.each([
    ['/%00', 400],
    ['/a%0ab', 400],
    ['/a%2Fb', 400],
    ['/%ff', 400],
    ['/%f4%8f%bf%bf', 400],
    [`/${'x'.repeat(256)}`, 414],
    ['/x'.repeat(65), 414],
    ['/f#x', 400],
  ])('on the path %s are refused', async (path, wanted) => {
    expect(await createServer().status('PUT', path, { body: 'x' })).toBe(wanted)
  })

  it('stay below the prefix, whatever the path says', async () => {
    const { send, status } = createServer({ prefix: '/fi les' })
    expect(await status('PUT', '/fi%20les/../../a', { body: 'x' })).toBe(404)
    expect(await status('PUT', '/fi%20les/%2e%2e/a', { body: 'x' })).toBe(404)
    expect(await status('PUT', '/a', { body: 'x' })).toBe(404)
    expect(await status('PUT', '/fi%20les//b/../a/', { body: 'x' })).toBe(201)
    expect(await status('COPY', '/fi%20les/a', { headers: { destination: '/b' } })).toBe(502)
    const found = await foundIn(await send('PROPFIND', '/fi%20les'))
    expect([...found.keys()]).toEqual(['/fi%20les/', '/fi%20les/a'])
    expect(() => createServer({ prefix: '/%ff' })).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID_ARGUMENT' }),
    )
  })

  it('that are not of WebDAV are refused with what is', async () => {
    const { send, status } = createServer()
    const options = await send('OPTIONS', '/')
    expect([options.status, options.headers.get('dav'), options.headers.get('ms-author-via')]).toEqual([
      200,
      '1, 2, 3',
      'DAV',
    ])
    const post = await send('POST', '/', { body: 'x' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, options.headers.get('allow')])
    expect(await status('GET', '/')).toBe(405)
    expect(await status('PUT', '/', { body: 'x' })).toBe(405)
    expect(await status('DELETE', '/')).toBe(403)
    expect(await status('MKCOL', '/')).toBe(405)
    expect(await status('MKCOL', '/c', { headers: { 'content-length': '1' }, body: 'x' })).toBe(415)
    expect(await status('PUT', '/f', { headers: { 'content-range': 'bytes 0-0/2' }, body: 'x' })).toBe(400)
    expect(await status('PUT', '/f', { headers: { 'content-encoding': 'gzip' }, body: 'x' })).toBe(415)
    expect(await status('UNLOCK', '/')).toBe(400)
    await send('MKCOL', '/d')
    await send('PUT', '/f', { body: 'x' })
    expect(await status('DELETE', '/d', { headers: { depth: '0' } })).toBe(400)
    expect(await status('MOVE', '/d', { headers: { depth: '0', destination: '/e' } })).toBe(400)
    expect(await status('MOVE', '/f', { headers: { depth: '0', destination: '/g' } })).toBe(201)
    expect(await status('DELETE', '/g', { headers: { depth: '0' } })).toBe(204)
    expect(await status('PROPFIND', '/', { headers: { depth: '2' } })).toBe(400)
    expect(await status('PROPFIND', '/', { headers: { if: 'x' } })).toBe(400)
  })

  it.each([
    ['PROPFIND', '<x/>', 400],
    ['PROPFIND', propfind(''), 400],
    ['PROPFIND', propfind('<allprop/><propname/>'), 400],
    ['PROPFIND', propfind(`<prop>${'<a/>'.repeat(1001)}</prop>`), 400],
    ['PROPFIND', `<!DOCTYPE propfind SYSTEM "file:///etc/passwd">${propfind('<allprop/>')}`, 403],
    ['PROPFIND', propfind(`<prop>${' '.repeat(WEBDAV_LIMITS.xmlBytes)}</prop>`), 413],
    ['PROPPATCH', '', 400],
    ['PROPPATCH', '<propertyupdate xmlns="DAV:"/>', 400],
    ['PROPPATCH', '<propertyupdate xmlns="DAV:"><set/></propertyupdate>', 400],
    ['PROPPATCH', propfind('<allprop/>'), 400],
  ])('%s with %j is refused', async (method, body, wanted) => {
    expect(await createServer().status(method, '/', { body })).toBe(wanted)
  })

  it('that fail inside say so, and the next goes on', async () => {
    const server = createServer()
    const write = server.index.write.bind(server.index)
    server.index.write = async () => {
      throw new Error('a secret of the disk')
    }
    const failed = await server.send('PUT', '/f', { body: 'x' })
    expect([failed.status, await failed.text()]).toEqual([500, 'An internal error\n'])
    server.index.write = write
    expect(await server.status('PUT', '/f', { body: 'x' })).toBe(201)
  })
})

describe('a stop', () => {
  it('in the middle of a copy or of a sweep leaves nothing behind', async () => {
    for (let stopAt = 1; stopAt < 9; stopAt++) {
      const server = createServer()
      await server.send('MKCOL', '/a')
      await server.send('MKCOL', '/a/b')
      for (const name of ['x', 'b/y', 'b/z']) await server.send('PUT', `/a/${name}`, { body: name })
      const before = [...(await foundIn(await server.send('PROPFIND', '/'))).keys()]
      const write = server.index.write.bind(server.index)
      let count = 0
      server.index.write = async (changes) => {
        if (++count >= stopAt) throw new Error('stopped')
        await write(changes)
      }
      const copied = await server.status('COPY', '/a', { headers: { destination: '/c' } })
      const removed = copied === 201 ? await server.status('DELETE', '/a') : 500
      server.index.write = write
      const later = server.again()
      const after = [...(await foundIn(await later.send('PROPFIND', '/'))).keys()]
      if (copied !== 201) expect(after).toEqual(before)
      else expect(after).toContain('/c/b/y')
      if (removed === 204) expect(after).not.toContain('/a/')
      const marks = []
      for await (const [key] of server.index.list('t', 'u')) marks.push(key)
      expect(marks).toEqual([])
      for (const path of ['/a', '/c']) await later.send('DELETE', path)
      expect(server.retained.size).toBe(0)
    }
  })
})
