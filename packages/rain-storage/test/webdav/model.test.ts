import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createServer, foundIn, lockInfo, ORIGIN, removeProperty, setProperty } from './client.ts'
import { type Asking, ReferenceDav } from './reference-dav.ts'

const accounts = ['ann', 'ben']
const name = fc.constantFrom('a', 'b', 'ö %#?')
/** The number of a path that is there, with or without a name below it: paths made up at random are seldom there. */
const path = fc.record({ there: fc.nat(30), below: fc.option(name, { nil: undefined, freq: 4 }) })
const account = fc.constantFrom(...accounts)
/** Which of the locks ever made are named in the If header, by their number. */
const tokens = fc.oneof(
  { weight: 3, arbitrary: fc.constant<number[] | 'all'>([]) },
  { weight: 3, arbitrary: fc.constant<number[] | 'all'>('all') },
  fc.array(fc.nat(4), { minLength: 1, maxLength: 2 }),
)
const condition = fc.oneof(
  { weight: 12, arbitrary: fc.constant('none' as const) },
  fc.constantFrom('match' as const, 'none-match' as const),
)
const seconds = fc.constantFrom(10, 100)
const operation = fc
  .record({
    path,
    to: path,
    account,
    tokens,
    condition,
    seconds,
    bits: fc.nat(7),
    text: fc.constantFrom('', 'x', 'yy'),
  })
  .chain((common) =>
    fc.oneof(
      ...[
        ['MKCOL', 6] as const,
        ['PUT', 6] as const,
        ['DELETE', 2] as const,
        ['COPY', 4] as const,
        ['MOVE', 4] as const,
        ['PROPPATCH', 2] as const,
        ['LOCK', 3] as const,
        ['REFRESH', 1] as const,
        ['UNLOCK', 1] as const,
        ['WAIT', 1] as const,
        ['RESTART', 1] as const,
      ].map(([method, weight]) => ({ weight, arbitrary: fc.constant({ method, ...common }) })),
    ),
  )
type Operation = Parameters<Parameters<typeof operation.map>[0]>[0]

const encoded = (text: string) => text.split('/').map(encodeURIComponent).join('/') || '/'

it('random requests of two accounts do what the plain tree of the reference does, and keep no content too much', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }), async (operations) => {
      let server = createServer({
        accounts: accounts.map((name) => ({ name, password: `password of ${name}` })),
        anonymous: 'nothing',
      })
      const { index, clock, retained } = server
      const reference = new ReferenceDav(clock.ms)
      const made: { token: string; path: string }[] = []
      for (const operation of operations) {
        if (operation.method === 'WAIT') {
          clock.ms += operation.seconds * 500
          reference.nowMs = clock.ms
        } else if (operation.method === 'RESTART') {
          server = server.again()
          server.clock.ms = clock.ms
          server = { ...server, clock }
        } else await compare(operation)
        await sameState()
      }
      const left = []
      for await (const [key] of index.list('t', 'u')) left.push(key)
      expect(left).toEqual([])

      async function compare(operation: Operation) {
        const { method, bits, text, seconds, account } = operation
        const [one, two] = [(bits & 1) > 0, (bits & 2) > 0]
        const makes = ['MKCOL', 'PUT', 'LOCK'].includes(method)
        const chosen = ({ there, below }: Operation['path'], isNew: boolean) => {
          const paths = [...reference.entries.keys()].sort()
          return paths[there % paths.length]! + (below === undefined || !isNew ? '' : `/${below}`)
        }
        const last = made.at(-1 - (bits >> 1))
        const ofLock = last !== undefined && one && ['REFRESH', 'UNLOCK'].includes(method)
        const path = ofLock ? last.path : chosen(operation.path, makes || bits === 7)
        const to = chosen(operation.to, true)
        const named = ofLock
          ? [last]
          : operation.tokens === 'all'
            ? made
            : operation.tokens.flatMap((i) => made.at(-1 - i) ?? [])
        const asking: Asking = { account, tokens: named.map(({ token }) => token), condition: operation.condition }
        const headers: Record<string, string> = {}
        if (named.length > 0)
          headers.if = named.map(({ token, path }) => `<${ORIGIN}${encoded(path)}> (<${token}>)`).join(' ')
        if (asking.condition === 'match') headers['if-match'] = '"other"'
        if (asking.condition === 'none-match') headers['if-none-match'] = '*'
        const send = (method: string, more: Record<string, string> = {}, body?: string) =>
          server.send(method, encoded(path), {
            headers: { ...headers, ...more },
            account,
            ...(body === undefined ? {} : { body }),
          })
        let response: Response
        let wanted: number
        switch (method) {
          case 'MKCOL':
            response = await send(method)
            wanted = reference.mkcol(path, asking)
            break
          case 'PUT':
            response = await send(method, {}, text)
            wanted = reference.put(path, text, asking)
            break
          case 'DELETE':
            response = await send(method)
            wanted = reference.delete(path, asking)
            break
          case 'COPY':
          case 'MOVE': {
            const deep = method === 'MOVE' || two
            const depth = deep ? 'infinity' : '0'
            response = await send(method, { destination: ORIGIN + encoded(to), overwrite: one ? 'T' : 'F', depth })
            wanted = reference.transfer(method, path, to, one, deep, asking)
            break
          }
          case 'PROPPATCH':
            response = await send(method, {}, one ? setProperty('p', text) : removeProperty('p'))
            wanted = reference.proppatch(path, 'p', one ? text : undefined, asking)
            break
          case 'LOCK':
            response = await send(
              method,
              { depth: one ? 'infinity' : '0', timeout: `Second-${seconds}` },
              lockInfo(two ? 'exclusive' : 'shared'),
            )
            wanted = reference.lock(path, one, two, seconds, asking)
            if (wanted < 202) {
              const token = response.headers.get('lock-token')!.slice(1, -1)
              reference.named(token)
              made.push({ token, path })
            }
            break
          case 'REFRESH':
            response = await send('LOCK', { timeout: `Second-${seconds}` })
            wanted = reference.refresh(path, seconds, asking)
            break
          default: {
            const token = last?.token ?? 'urn:none'
            response = await send('UNLOCK', { 'lock-token': `<${token}>` })
            wanted = reference.unlock(path, token, asking)
          }
        }
        expect({ operation, status: response.status }).toEqual({ operation, status: wanted })
      }

      async function sameState() {
        const found = await foundIn(await server.send('PROPFIND', '/', { account: 'ann' }))
        const tree = new Map<string, unknown>()
        const bodies = new Set<string>()
        for (const [href, { properties }] of found) {
          const collection = properties.get('resourcetype')!.children.length > 0
          const get = collection ? undefined : await server.send('GET', href, { account: 'ann' })
          const body = (await get?.text()) ?? ''
          if (!collection) expect(properties.get('getcontentlength')?.text).toBe(String(body.length))
          if (!collection) bodies.add(body)
          const locks = properties
            .get('lockdiscovery')!
            .children.map((lock) => lock.children.find(({ local }) => local === 'locktoken')!.children[0]!.text)
          const key = decodeURIComponent(href.replace(/\/$/, ''))
          tree.set(key, { collection, body, property: properties.get('p')?.text, locks: locks.sort() })
        }
        const wanted = new Map<string, unknown>()
        for (const [key, { collection, body, properties }] of reference.entries) {
          const locks = reference.covering(key).map(({ token }) => token)
          wanted.set(key, { collection, body, property: properties.get('p'), locks: locks.sort() })
        }
        expect(tree).toEqual(wanted)
        // an empty file made by LOCK names no content, one that was put empty does
        bodies.delete('')
        expect(retained.size - bodies.size).toBeOneOf([0, 1])
        const sizes = [...reference.entries.values()].reduce((sum, { body }) => sum + body.length, 0)
        const asked = '<propfind xmlns="DAV:"><prop><quota-used-bytes/></prop></propfind>'
        const root = await server.send('PROPFIND', '/', { account: 'ann', headers: { depth: '0' }, body: asked })
        expect((await foundIn(root)).get('/')!.properties.get('quota-used-bytes')!.text).toBe(String(sizes))
      }
    }),
    { numRuns: 60 },
  )
}, 120_000)
