// Cases of ipfs/gateway-conformance v0.13 (path, subdomain, DNSLink, IPNS, TAR, _redirects, proxy), by its names; the fixtures come from the vectors folder.
// What is left out, and why, stands in docs/gateway.md.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat } from '../../src/content/bytes.ts'
import { readCar } from '../../src/content/car.ts'
import { exportFile } from '../../src/content/export-file.ts'
import { resolvePath } from '../../src/content/resolve.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { inlineDomain } from '../../src/gateway/hosts.ts'
import { formatName, parseName } from '../../src/ipns/name.ts'
import { readRecord } from '../../src/ipns/record.ts'
import { serveHttp } from '../../src/platform/http-server.ts'

const vectors = process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname
const fixtures = join(vectors, 'gateway-conformance/fixtures')
const HOST = 'gw.example:8080'

const store = createMemoryBlockStore()
const records = new Map<string, Uint8Array>()
const domains = new Map<string, string>()
const gateway = createGateway({
  blocks: store,
  deserialise: true,
  hosts: [HOST],
  trustForwarded: true,
  names: {
    nowMs: Date.now,
    record: async (name) => records.get(formatName(name)),
    dnsLink: async (domain) => domains.get(domain),
  },
})

async function load(name: string): Promise<CID> {
  const car = await readCar([readFileSync(join(fixtures, name))])
  for await (const { cid, bytes } of car.blocks) await store.put(cid, new Uint8Array(bytes))
  return car.roots[0]!
}
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  gateway(new Request(url.startsWith('http') ? url : `http://127.0.0.1${url}`, { headers, method }))
const textOf = async (url: string, headers: Record<string, string> = {}) => (await ask(url, headers)).text()
const at = async (root: CID, ...path: string[]) => (await resolvePath(store, root, path)).cid
const contentOf = async (cid: CID) => {
  const parts: Uint8Array[] = []
  for await (const part of exportFile(store, cid)) parts.push(part)
  return concat(parts)
}
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())

describe.skipIf(!existsSync(fixtures))('gateway-conformance (skipped without the vectors folder)', () => {
  let listed: CID
  let cache: CID
  let sub: CID
  let redirects: CID
  const cacheName = 'k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe'
  beforeAll(async () => {
    listed = await load('dir_listing/fixtures.car')
    cache = await load('gateway-cache/fixtures.car')
    sub = await load('subdomain_gateway/fixtures.car')
    redirects = await load('redirects_file/redirects.car')
    await load('redirects_file/redirects-spa.car')
    for (const folder of readdirSync(fixtures, { withFileTypes: true })) {
      if (!folder.isDirectory()) continue
      for (const file of readdirSync(join(fixtures, folder.name))) {
        const path = join(fixtures, folder.name, file)
        if (file.endsWith('.ipns-record'))
          records.set(formatName(parseName(file.split(/[_.]/)[0]!)!), new Uint8Array(readFileSync(path)))
        if (file === 'dnslink.yml') {
          const text = readFileSync(path, 'utf8')
          for (const [, domain, target] of text.matchAll(/domain: (\S+)\s(?:\s*#.*\s)*\s*path: (\S+)/g))
            domains.set(domain!, target!)
        }
      }
    }
    expect(records.size).toBeGreaterThan(10)
    expect(domains.size).toBe(8)
  })

  describe('path gateway', () => {
    it('lists directories', async () => {
      const root = await textOf(`/ipfs/${listed}/`)
      expect(root).toContain('Index of')
      expect(root).not.toContain(`<a href="/ipfs/${listed}/">..</a>`)
      const moved = await ask(`/ipfs/${listed}/ą/ę`)
      expect(moved.status).toBe(301)
      expect(moved.headers.get('location')).toBe(`/ipfs/${listed}/%C4%85/%C4%99/`)
      const response = await ask(`/ipfs/${listed}/ą/ę/`)
      expect(response.headers.get('etag')).toContain('"DirIndex-')
      const page = await response.text()
      const base = `/ipfs/${listed}`
      expect(page).toContain(
        `/ipfs/<a href="${base}">${listed}</a>/<a href="${base}/%C4%85">ą</a>/<a href="${base}/%C4%85/%C4%99">ę</a>`,
      )
      expect(page).toContain(`<a href="${base}/%C4%85/%C4%99/..">..</a>`)
      expect(page).toContain(`<a href="${base}/%C4%85/%C4%99/file-%C5%BA%C5%82.txt">file-źł.txt</a>`)
      expect((await ask(`/ipfs/${listed}/i-do-not-exist`)).status).toBe(404)
    })

    it.each([['ipfs'], ['ipns']] as const)('caches /%s/ as the specification says', async (space) => {
      const base = space === 'ipfs' ? `/ipfs/${cache}` : `/ipns/${cacheName}`
      const steps = ['root2', 'root3', 'root4', 'index.html']
      const cids = await Promise.all([0, 1, 2, 3, 4].map((n) => at(cache, ...steps.slice(0, n))))
      const folder = await ask(`${base}/root2/root3/`)
      expect(folder.status).toBe(200)
      expect(folder.headers.get('x-ipfs-path')).toBe(`${base}/root2/root3/`)
      expect(folder.headers.get('x-ipfs-roots')).toBe(cids.slice(0, 3).join(','))
      expect(folder.headers.get('etag')).toMatch(new RegExp(`DirIndex-.*_CID-${cids[2]}`))
      const index = await ask(`${base}/root2/root3/root4/`)
      expect(index.headers.get('x-ipfs-roots')).toBe(cids.slice(0, 4).join(','))
      expect(index.headers.get('etag')).toBe(`"${cids[3]}"`)
      const file = await ask(`${base}/root2/root3/root4/index.html`)
      expect(file.headers.get('x-ipfs-roots')).toBe(cids.join(','))
      expect(file.headers.get('etag')).toBe(`"${cids[4]}"`)
      expect(await file.text()).toBe('hello\n')
      expect(await bytesOf(await ask(`${base}/root2/root3/root4/?format=raw`))).toEqual(await store.get(cids[3]!))
      const kept = file.headers.get('cache-control')
      if (space === 'ipfs') {
        expect(kept).toBe('public, max-age=29030400, immutable')
        expect(folder.headers.get('cache-control')).toBe('public, max-age=604800, stale-while-revalidate=2678400')
      } else expect(kept).toMatch(/^public, max-age=\d+$/)
      for (const [path, tag] of [
        ['root2/root3/root4/index.html', `"${cids[4]}"`],
        ['root2/root3/root4/index.html', `"fakeEtag1", "fakeEtag2", "${cids[4]}"`],
        ['root2/root3/root4/index.html', `W/"${cids[4]}"`],
        ['root2/root3/root4/index.html', '*'],
        ['root2/root3/root4/', `"${cids[3]}"`],
        ['root2/root3/', folder.headers.get('etag')!],
        ['root2/root3/', `W/${folder.headers.get('etag')}`],
      ]) {
        expect((await ask(`${base}/${path}`, { 'if-none-match': tag! })).status, `${path} ${tag}`).toBe(304)
      }
    })

    it('only-if-cached asks the local store', async () => {
      const only = { 'cache-control': 'only-if-cached' }
      for (const method of ['GET', 'HEAD']) {
        expect((await ask(`/ipfs/${cache}/root2/root3/root4/?format=raw`, only, method)).status).toBe(200)
        expect((await ask('/ipfs/QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN', only, method)).status).toBe(412)
      }
    })

    it('symbolic links, encoded names and ranges', async () => {
      const links = await load('path_gateway_unixfs/symlink.car')
      const page = await textOf(`/ipfs/${links}/`)
      expect(page).toContain('>foo<')
      expect(page).toContain('>bar<')
      expect(await bytesOf(await ask(`/ipfs/${links}?format=raw`))).toEqual(await store.get(links))
      expect(await textOf(`/ipfs/${links}/bar`)).toBe('foo')
      const encoded = await load('path_gateway_unixfs/dir-with-percent-encoded-filename.car')
      expect(await bytesOf(await ask(`/ipfs/${encoded}/Portugal%252C+España=Peninsula%20Ibérica.txt`))).toEqual(
        await contentOf(await at(encoded, 'Portugal%2C+España=Peninsula Ibérica.txt')),
      )
      const files = await load('path_gateway_unixfs/dir-with-files.car')
      const ascii = await contentOf(await at(files, 'ascii.txt'))
      expect((await ask(`/ipfs/${files}/ascii.txt`)).headers.get('accept-ranges')).toBe('bytes')
      for (const [range, start, end] of [
        ['bytes=6-16', 6, 17],
        ['bytes=-3', 28, 31],
        ['bytes=6-16,0-4', 6, 17],
      ] as const) {
        const part = await ask(`/ipfs/${files}/ascii.txt`, { range })
        expect(part.status).toBe(206)
        expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/31`)
        expect(await bytesOf(part)).toEqual(ascii.slice(start, end))
      }
      const missing = await load('trustless_gateway_car/file-3k-and-3-blocks-missing-block.car')
      for (const [range, total] of [
        ['997-1000', 4],
        ['2200-2201', 2],
      ] as const) {
        const part = await ask(`/ipfs/${missing}`, { range: `bytes=${range}` })
        expect(part.status).toBe(206)
        expect(part.headers.get('content-range')).toBe(`bytes ${range}/3072`)
        expect(await bytesOf(part)).toHaveLength(total)
      }
    })

    it('lets pages of other origins read', async () => {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await ask('/ipfs/bafkqabtimvwgy3yk/', {}, method)
        expect(headers.get('access-control-allow-origin')).toBe('*')
        for (const word of ['GET', 'HEAD', 'OPTIONS'])
          expect(headers.get('access-control-allow-methods')).toContain(word)
        for (const word of ['Content-Type', 'Range', 'User-Agent', 'X-Requested-With'])
          expect(headers.get('access-control-allow-headers')).toContain(word)
        for (const word of ['Content-Range', 'Content-Length', 'X-Ipfs-Path', 'X-Ipfs-Roots', 'X-Chunked-Output'])
          expect(headers.get('access-control-expose-headers')).toContain(word)
      }
    })
  })

  describe('documents', () => {
    it('JSON in UnixFS has its type, and the query goes before the header', async () => {
      const root = await load('path_gateway_dag/gateway-json-cbor.car')
      const json = await at(root, 'ą', 'ę', 't.json')
      for (const [query, accept] of [
        ['', undefined],
        ['', 'application/json'],
        ['?format=json', 'application/vnd.ipld.raw'],
      ] as const) {
        const response = await ask(`/ipfs/${json}${query}`, accept === undefined ? {} : { accept })
        expect(response.headers.get('content-type')).toBe('application/json')
        expect(await bytesOf(response)).toEqual(await contentOf(json))
      }
      const file = await at(root, 'ą', 'ę', 'file-źł.txt')
      for (const format of ['dag-json', 'dag-cbor']) {
        expect((await ask(`/ipfs/${file}?format=${format}`)).status).toBe(406)
        expect((await ask(`/ipfs/${file}`, { accept: `application/vnd.ipld.${format}` })).status).toBe(406)
      }
    })

    it.each([
      ['json', 'inline'],
      ['cbor', 'attachment'],
    ] as const)('plain %s as it is', async (format, kind) => {
      const cid = await load(`path_gateway_dag/plain-${format}.car`)
      for (const [query, headers] of [
        ['', {}],
        [`?format=${format}`, {}],
        ['', { accept: `application/${format}` }],
      ] as const) {
        const response = await ask(`/ipfs/${cid}${query}`, headers)
        expect(response.headers.get('content-type')).toBe(`application/${format}`)
        expect(response.headers.get('content-disposition')).toBe(`${kind}; filename="${cid}.${format}"`)
        expect(await bytesOf(response)).toEqual(await store.get(cid))
        const part = await ask(`/ipfs/${cid}${query}`, { ...headers, range: 'bytes=1-4,6-8' })
        expect(part.status).toBe(206)
        expect(await bytesOf(part)).toEqual((await store.get(cid)).slice(1, 5))
      }
    })

    it.each([
      ['json', 'inline', 'k51qzi5uqu5dhjghbwdvbo6mi40htrq6e2z4pwgp15pgv3ho1azvidttzh8yy2'],
      ['cbor', 'attachment', 'k51qzi5uqu5dghjous0agrwavl8vzl64xckoqzwqeqwudfr74kfd11zcyk3b7l'],
    ] as const)('dag-%s as it is, by path, as a page, and by name', async (format, kind, name) => {
      const cid = await load(`path_gateway_dag/dag-${format}-traversal.car`)
      const block = await store.get(cid)
      const native = `application/vnd.ipld.dag-${format}`
      for (const base of [`/ipfs/${cid}`, `/ipns/${name}`]) {
        for (const [query, headers, type] of [
          ['', {}, native],
          [`?format=dag-${format}`, {}, native],
          ['', { accept: native }, native],
          [`?format=${format}`, {}, `application/${format}`],
          ['', { accept: `application/${format}` }, `application/${format}`],
        ] as const) {
          const response = await ask(`${base}${query}`, headers)
          expect(response.headers.get('content-type')).toBe(type)
          expect(response.headers.get('content-length')).toBe(String(block.length))
          expect(response.headers.get('content-disposition')).toBe(`${kind}; filename="${cid}.${format}"`)
          expect(await bytesOf(response)).toEqual(block)
        }
        const answer = await ask(base, { accept: native })
        expect(answer.headers.get('etag')).toBe(`"${cid}.dag-${format}"`)
        expect(answer.headers.get('x-ipfs-path')).toBe(base)
        expect(answer.headers.get('x-ipfs-roots')).toBe(String(cid))
        const page = await ask(`${base}/`, { accept: 'text/html' })
        expect(page.headers.get('etag')).toContain('DagIndex-')
        expect(page.headers.get('content-type')).toContain('text/html')
        expect(page.headers.get('content-disposition')).toBeNull()
        expect(await page.text()).toContain('</html>')
      }
      const named = await ask(`/ipfs/${cid}?filename=foobar.${format}`, { accept: native })
      expect(named.headers.get('content-disposition')).toBe(`${kind}; filename="foobar.${format}"`)
      const download = await ask(`/ipfs/${cid}?filename=foobar.${format}&download=true`, { accept: native })
      expect(download.headers.get('content-disposition')).toBe(`attachment; filename="foobar.${format}"`)
      for (const query of ['', `?format=dag-${format}`]) {
        const head = await ask(`/ipfs/${cid}${query}`, {}, 'HEAD')
        expect(head.status).toBe(200)
        expect(head.headers.get('content-type')).toBe(native)
        expect(head.headers.get('content-length')).toBe(String(block.length))
      }
      const other = format === 'json' ? 'dag-cbor' : 'dag-json'
      expect((await ask(`/ipfs/${cid}?format=${other}`)).status).toBe(406)
      expect((await ask(`/ipfs/${cid}`, { accept: `application/vnd.ipld.${other}` })).status).toBe(406)
      expect((await ask(`/ipfs/${cid}/foo?format=dag-${format}`)).status).toBe(501)
      expect((await ask(`/ipfs/${cid}/foo/i-do-not-exist`)).status).toBe(404)
      const deep = await bytesOf(await ask(`/ipfs/${cid}/foo/link/bar?format=dag-${format}`))
      if (format === 'json') expect(JSON.parse(new TextDecoder().decode(deep))).toEqual({ hello: 'this is not a link' })
      else expect(Buffer.from(deep).toString('hex')).toBe('a16568656c6c6f7274686973206973206e6f742061206c696e6b')
    })
  })

  describe('IPNS', () => {
    const name = (part: string) => {
      const file = readdirSync(join(fixtures, 'ipns_records')).find((candidate) => candidate.includes(part))!
      return file.split('_')[0]!
    }

    it('gives what valid records point at, and nothing for others', async () => {
      for (const valid of ['_v1-v2-broken-signature-v1.', '_v1-v2.', '_v2.']) {
        const key = name(valid)
        const bytes = records.get(key)!
        const { value } = await readRecord(defaultCrypto(), parseName(key)!, bytes, Date.now())
        const response = await ask(`/ipns/${key}`)
        expect(response.status).toBe(200)
        expect(await bytesOf(response)).toEqual(CID.parse(value.slice('/ipfs/'.length)).multihash.digest)
      }
      for (const broken of ['_v1.', '_v1-v2-broken-v1-value.', '_v1-v2-broken-signature-v2.']) {
        const { status } = await ask(`/ipns/${name(broken)}`)
        expect(status).toBeGreaterThanOrEqual(500)
      }
    })

    it('takes no record that holds another key than that of the name', async () => {
      const file = 'subdomain_gateway/QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3.ipns-record'
      const bytes = new Uint8Array(readFileSync(join(fixtures, file)))
      const name = parseName('QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3')!
      const crypto = defaultCrypto()
      expect((await readRecord(crypto, name, bytes, Date.now())).value).toMatch(/^\/ipfs\//)
      const other = parseName('QmcJM7PRfkSbcM5cf1QugM5R37TLRKyJGgBEhXjLTB8uA2')!
      await expect(readRecord(crypto, other, bytes, Date.now())).rejects.toMatchObject({ code: 'STORAGE_UNAUTHENTIC' })
    })

    it('gives records', async () => {
      for (const valid of ['_v1-v2.', '_v2.']) {
        const key = name(valid)
        for (const [query, headers] of [
          ['?format=ipns-record', {}],
          ['', { accept: 'application/vnd.ipfs.ipns-record' }],
        ] as const) {
          const response = await ask(`/ipns/${key}${query}`, headers)
          expect(response.headers.get('content-type')).toBe('application/vnd.ipfs.ipns-record')
          expect(response.headers.get('content-disposition')).toContain('attachment;')
          expect(response.headers.get('cache-control')).toBe('public, max-age=1800')
          expect(await bytesOf(response)).toEqual(records.get(key))
        }
        const named = await ask(`/ipns/${key}?format=ipns-record&filename=testтест.ipns-record`)
        expect(named.headers.get('content-disposition')).toBe(
          `attachment; filename="test____.ipns-record"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.ipns-record`,
        )
      }
    })

    it('redirects names to their one form, and follows a name with a path', async () => {
      for (const [from, to] of [
        [
          '12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK',
          'k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8',
        ],
        ['QmcJM7PRfkSbcM5cf1QugM5R37TLRKyJGgBEhXjLTB8uA2', 'k2k4r8ol4m8kkcqz509c1rcjwunebj02gcnm5excpx842u736nja8ger'],
      ]) {
        const response = await ask(`/ipns/${from}/root2/`)
        expect(response.status).toBe(302)
        expect(response.headers.get('location')).toBe(`/ipns/${to}/root2/`)
      }
      const key = 'k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c'
      expect(await textOf(`/ipns/${key}/root3/root4/index.html`)).toBe('hello\n')
    })
  })

  it('TAR archives, and none that leads out of its root', async () => {
    const root = await load('path_gateway_tar/fixtures.car')
    const file = await at(root, 'ą', 'ę', 'file-źł.txt')
    for (const [query, headers] of [
      ['?format=tar', {}],
      ['', { accept: 'application/x-tar' }],
    ] as const) {
      const response = await ask(`/ipfs/${file}${query}`, headers)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-disposition')).toContain('attachment;')
      expect(response.headers.get('etag')).toContain(`W/"${file}.x-tar`)
      expect(response.headers.get('content-type')).toContain('application/x-tar')
      expect(await untar(await bytesOf(response))).toEqual({ [`${file}`]: 'I am a txt file on path with utf8\n' })
    }
    expect(await untar(await bytesOf(await ask(`/ipfs/${root}?format=tar`)))).toMatchObject({
      [`${root}/ą/ę/file-źł.txt`]: 'I am a txt file on path with utf8\n',
    })
    const named = await ask(`/ipfs/${root}?filename=testтест.tar&format=tar`)
    expect(named.headers.get('content-disposition')).toBe(
      `attachment; filename="test____.tar"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.tar`,
    )
    const outside = await load('path_gateway_tar/outside-root.car')
    expect((await ask(`/ipfs/${outside}?format=tar`)).status).toBeGreaterThanOrEqual(400)
    const inside = await load('path_gateway_tar/inside-root.car')
    const names = Object.keys(await untar(await bytesOf(await ask(`/ipfs/${inside}?format=tar`))))
    expect(names).toContain(`${inside}/foobar/file`)
  })

  describe('subdomain gateway', () => {
    const site = (label: string, path = '/', namespace = 'ipfs') => `http://${label}.${namespace}.${HOST}${path}`

    it('redirects paths to subdomains', async () => {
      const [v1, v0, v0to1, long, folder] = await Promise.all(
        ['hello-CIDv1', 'hello-CIDv0', 'hello-CIDv0to1', 'hello-CIDv1_TOO_LONG', 'testdirlisting'].map((n) =>
          at(sub, n),
        ),
      )
      const encoded = await load('path_gateway_unixfs/dir-with-percent-encoded-filename.car')
      for (const [path, location] of [
        [`/ipfs/${v1}/`, site(String(v1))],
        [`/ipfs/${folder}/`, site(String(folder!.toV1()))],
        [`/ipfs/${v0}/`, site(String(v0to1))],
        [
          `/ipfs/${encoded}/Portugal%252C+España=Peninsula%20Ibérica.txt`,
          site(String(encoded), '/Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt'),
        ],
      ]) {
        const response = await ask(`http://${HOST}${path}`)
        expect(response.status).toBe(301)
        expect(response.headers.get('location')).toBe(location)
      }
      const invalid = await textOf(`http://${HOST}/ipfs/QmInvalidCID`)
      expect(invalid).toContain('invalid path "/ipfs/QmInvalidCID"')
      for (const proto of ['https', 'http']) {
        for (const [host, more] of [
          [HOST, {}],
          ['fake.domain.com', { 'x-forwarded-host': HOST }],
        ] as const) {
          const response = await ask(`http://${host}/ipfs/${v1}`, { 'x-forwarded-proto': proto, ...more })
          expect(response.status).toBe(301)
          expect(response.headers.get('location')).toBe(`${proto}://${v1}.ipfs.${HOST}/`)
        }
      }
      expect((await ask(`http://fake.domain.com/ipfs/${v1}`)).status).toBe(200)
      const uri = 'ipfs://QmXoypizjW3WknFiJnKLwHCnL72vedxjQkDDP1mXWo6uco/wiki/Diego_Maradona.html'
      const handler = await ask(`http://${HOST}/ipfs/?uri=${encodeURIComponent(uri)}`)
      expect(handler.status).toBe(301)
      expect(handler.headers.get('location')).toBe(`/ipfs/${uri.slice('ipfs://'.length)}`)
      for (const url of [`http://${HOST}/ipfs/${long}/`, site(String(long))]) {
        const response = await ask(url)
        expect(response.status).toBe(400)
        expect(await response.text()).toContain('CID incompatible with DNS label length limit of 63')
      }
    })

    it('serves one root a subdomain', async () => {
      const [v1, folder] = await Promise.all(['hello-CIDv1', 'testdirlisting'].map((n) => at(sub, n)))
      const label = String(folder!.toV1())
      expect(await textOf(site(String(v1)))).toBe('hello\n')
      expect((await ask(site(String(v1), `/ipfs/${v1}/`))).status).toBe(404)
      expect(await textOf(site(label, '/ipfs/file.txt'))).toContain('I am a txt file')
      const page = await textOf(site(label))
      expect(page).toContain('<a href="/hello">hello</a>')
      expect(page).toContain('<a href="/ipfs">ipfs</a>')
      expect(await textOf(site(label, '/ipfs/ipns/bar'))).toContain('text-file-content')
      const deep = await textOf(site(label, '/ipfs/ipns/'))
      expect(deep).toContain('<a href="/ipfs/ipns/..">..</a>')
      expect(deep).toContain('<a href="/ipfs/ipns/bar">bar</a>')
      const base = `//${HOST}/ipfs/${label}`
      expect(deep).toContain(
        `/ipfs/<a href="${base}">${label}</a>/<a href="${base}/ipfs">ipfs</a>/<a href="${base}/ipfs/ipns">ipns</a>`,
      )
      const moved = await ask(site(String(listed), '/ą/ę'))
      expect(moved.headers.get('location')).toBe('/%C4%85/%C4%99/')
      expect(await textOf(site(String(listed)))).not.toContain('<a href="/">..</a>')
      expect(await textOf(site(String(listed), '/ą/ę/'))).toContain(
        '<a href="/%C4%85/%C4%99/file-%C5%BA%C5%82.txt">file-źł.txt</a>',
      )
    })

    it('serves names and domains', async () => {
      for (const id of [
        'QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3',
        '12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d',
      ]) {
        const name = parseName(id)!
        const label = formatName(name)
        for (const text of [id, label]) {
          const response = await ask(`http://${HOST}/ipns/${text}`)
          expect(response.status).toBe(301)
          expect(response.headers.get('location')).toBe(site(label, '/', 'ipns'))
        }
        expect(await textOf(site(label, '/', 'ipns'))).toBe('hello\n')
        const foreign = await ask(site(CID.createV1(0x70, name.multihash).toString(base36), '/', 'ipns'))
        expect(foreign.status).toBe(301)
        expect(foreign.headers.get('location')).toBe(site(label, '/', 'ipns'))
      }
      const wikipedia = 'en.wikipedia-on-ipfs.example.org'
      const inlined = 'en-wikipedia--on--ipfs-example-org'
      expect(inlineDomain(wikipedia)).toBe(inlined)
      expect((await ask(`http://${HOST}/ipns/${wikipedia}/wiki/`)).headers.get('location')).toBe(
        site(inlined, '/wiki/', 'ipns'),
      )
      const secure = await ask(`http://${HOST}/ipns/${wikipedia}/wiki/`, { 'x-forwarded-proto': 'https' })
      expect(secure.headers.get('location')).toBe(`https://${inlined}.ipns.${HOST}/wiki/`)
      const handler = await ask(`http://${HOST}/ipns/?uri=${encodeURIComponent(`ipns://${wikipedia}`)}`)
      expect(handler.headers.get('location')).toBe(`/ipns/${wikipedia}`)
      for (const domain of [
        'dnslink-test.example.org',
        'dnslink-over-ipns.example.org',
        'dnslink-over-ipns-cidv1.example.org',
      ]) {
        expect(await textOf(site(domain, '/', 'ipns'))).toBe('hello\n')
        expect(await textOf(site(inlineDomain(domain), '/', 'ipns'))).toBe('hello\n')
      }
    })
  })

  describe('DNSLink gateway', () => {
    it('serves domains', async () => {
      for (const domain of ['dnslink-over-ipns.example.org', 'dnslink-over-ipns-cidv1.example.org'])
        expect(await textOf(`http://${domain}/`)).toBe('hello\n')
      expect(await textOf('http://dnslink-subpath.example.org/root3/root4/index.html')).toBe('hello\n')
      const domain = 'dnslink-dir-listing.example.org'
      expect(await textOf(`http://${domain}/`)).not.toContain('<a href="/">..</a>')
      expect((await ask(`http://${domain}/ą/ę`)).headers.get('location')).toBe('/%C4%85/%C4%99/')
      const response = await ask(`http://${domain}/ą/ę/`)
      expect(response.headers.get('etag')).toContain('"DirIndex-')
      const page = await response.text()
      const file = await at(listed, 'ą', 'ę', 'file-źł.txt')
      for (const part of [
        'Index of',
        '<a href="/%C4%85/%C4%99/..">..</a>',
        `/ipns/<a href="//${domain}/">${domain}</a>/<a href="//${domain}/%C4%85">ą</a>/<a href="//${domain}/%C4%85/%C4%99">ę</a>`,
        '<a href="/%C4%85/%C4%99/file-%C5%BA%C5%82.txt">file-źł.txt</a>',
        `<a class="ipfs-hash" translate="no" href="https://cid.ipfs.tech/#${file}" target="_blank" rel="noreferrer noopener">`,
      ])
        expect(page).toContain(part)
    })
  })

  describe('_redirects', () => {
    const host = async (folder: string) => `http://${(await at(redirects, folder)).toV1()}.ipfs.${HOST}`

    it('redirects, rewrites and gives own error pages', async () => {
      const base = await host('examples')
      for (const [path, status, location] of [
        ['/redirect-one', 301, '/one.html'],
        ['/301-redirect-one', 301, '/one.html'],
        ['/302-redirect-two', 302, '/two.html'],
        ['/posts/2022/01/01/hello-world', 301, '/articles/2022/01/01/hello-world'],
        ['/splat/one.html', 301, '/redirected-splat/one.html'],
      ] as const) {
        const response = await ask(base + path)
        expect(response.status).toBe(status)
        expect(response.headers.get('location')).toBe(location)
      }
      for (const path of ['/200-index', '/catch-all']) expect(await textOf(base + path)).toContain('my index')
      for (const [path, status] of [
        ['not-found', 404],
        ['gone', 410],
        ['unavail', 451],
      ] as const) {
        const response = await ask(`${base}/${path}/has-no-redirects-entry`)
        const page = await at(redirects, 'examples', `${status}.html`)
        expect(response.status).toBe(status)
        expect(response.headers.get('cache-control')).toBe('public, max-age=29030400, immutable')
        expect(response.headers.get('etag')).toBe(`"${page}"`)
        expect(await bytesOf(response)).toEqual(await contentOf(page))
      }
      expect((await ask(`${await host('newlines')}/redirect-one`)).headers.get('location')).toBe('/one.html')
      expect((await ask(`${await host('good-codes')}/a301`)).headers.get('location')).toBe('/b301')
      expect(await textOf(`${await host('bad-codes')}/found.html`)).toContain('my found')
      expect((await ask(`/ipfs/${await at(redirects, 'examples')}/redirect-one`)).status).toBe(404)
    })

    it('says what is wrong with a file', async () => {
      for (const [folder, part] of [
        ['forced', 'could not parse _redirects:'],
        ['too-large', 'redirects file size cannot exceed'],
      ] as const) {
        const response = await ask(`${await host(folder)}/not-found`)
        expect(response.status).toBe(500)
        expect(await response.text()).toContain(part)
      }
    })

    it('works on domains, with caching', async () => {
      const domain = 'http://dnslink-redirects-examples.example.org'
      expect((await ask(`${domain}/redirect-one`)).headers.get('location')).toBe('/one.html')
      const missing = await ask(`${domain}/not-found/has-no-redirects-entry`)
      expect(missing.status).toBe(404)
      expect(missing.headers.get('etag')).toBe('"Qmd9GD7Bauh6N2ZLfNnYS3b7QVAijbud83b8GE8LPMNBBP"')
      expect(missing.headers.get('cache-control') ?? '').not.toContain('immutable')
      expect(await missing.text()).toContain('my 404')
      const spa = CID.parse('bafybeib5lboymwd6p2eo4qb2lkueaine577flvsjjeuevmp2nlio72xv5q')
      const index = await contentOf(await at(spa, 'index.html'))
      for (const url of [
        `http://${spa}.ipfs.${HOST}/missing-page`,
        `http://${inlineDomain('dnslink-enabled-with-spa.example.org')}.ipns.${HOST}/missing-page`,
        'http://dnslink-enabled-with-spa.example.org/missing-page',
      ]) {
        const response = await ask(url, { accept: 'text/html' })
        expect(response.status).toBe(200)
        expect(await bytesOf(response)).toEqual(index)
        const etag = response.headers.get('etag')!
        expect((await ask(url, { accept: 'text/html', 'if-none-match': etag })).status).toBe(304)
      }
    })
  })

  it('answers as an HTTP proxy and through a tunnel', async () => {
    const server = await serveHttp({ handler: gateway, port: 0, proxy: true })
    try {
      const [v1, v0, v0to1, folder] = await Promise.all(
        ['hello-CIDv1', 'hello-CIDv0', 'hello-CIDv0to1', 'testdirlisting'].map((n) => at(sub, n)),
      )
      const label = String(folder!.toV1())
      for (const tunnel of [false, true]) {
        const get = (host: string, path: string) => viaProxy(server.port, host, path, tunnel)
        expect(await get(`${v1}.ipfs.${HOST}`, '/')).toMatchObject({ status: 200, body: 'hello\n' })
        expect(await get(HOST, `/ipfs/${v0}/`)).toMatchObject({
          status: 301,
          location: `http://${v0to1}.ipfs.${HOST}/`,
        })
        expect((await get(`${label}.ipfs.${HOST}`, '/ipfs/file.txt')).body).toContain('I am a txt file')
      }
    } finally {
      await server.close()
    }
  })
})

interface Answer {
  readonly status: number | undefined
  readonly location: string | undefined
  readonly body: string
}

function viaProxy(port: number, host: string, path: string, tunnel: boolean): Promise<Answer> {
  const finish = (resolve: (answer: Answer) => void) => (response: import('node:http').IncomingMessage) => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => (body += part))
    response.on('end', () => resolve({ status: response.statusCode, location: response.headers.location, body }))
  }
  return new Promise((resolve, reject) => {
    if (!tunnel) {
      const options = { port, path: `http://${host}${path}`, headers: { host } }
      httpRequest(options, finish(resolve)).on('error', reject).end()
      return
    }
    const opening = httpRequest({ port, method: 'CONNECT', path: host })
    opening.on('connect', (_, socket) => {
      httpRequest({ createConnection: () => socket, path, headers: { host, connection: 'close' } }, finish(resolve))
        .on('error', reject)
        .end()
    })
    opening.on('error', reject).end()
  })
}

/** Files of an archive by name; extended headers are read, checksums checked. */
async function untar(bytes: Uint8Array): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const text = (from: number, length: number) =>
    Buffer.from(bytes.subarray(from, from + length))
      .toString('utf8')
      .replace(/\0.*$/s, '')
  let long: string | undefined
  for (let at = 0; bytes[at] !== 0; ) {
    const block = Uint8Array.from(bytes.subarray(at, at + 512))
    block.fill(32, 148, 156)
    expect(block.reduce((sum, byte) => sum + byte, 0)).toBe(Number.parseInt(text(at + 148, 8), 8))
    const size = Number.parseInt(text(at + 124, 12), 8)
    const type = text(at + 156, 1)
    const body = Buffer.from(bytes.subarray(at + 512, at + 512 + size)).toString('utf8')
    if (type === 'x') long = /path=(.*)\n/.exec(body)?.[1]
    else {
      if (type === '0') files[long ?? text(at, 100)] = body
      long = undefined
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
