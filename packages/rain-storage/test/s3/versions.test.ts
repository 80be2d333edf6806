import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stampOver } from '../../src/s3/records.ts'
import { elementsOf, textOf } from '../../src/s3/xml.ts'
import { type Ask, alice, createGateway } from './gateway-client.ts'

const versioning = (status: string) => `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`

/** What S3 says of versions, the slow way: every key has a list, the newest first. */
class Model {
  state: 'none' | 'Enabled' | 'Suspended' = 'none'
  readonly keys = new Map<string, { id: string; body: string | undefined }[]>()

  write(key: string, id: string, body: string | undefined): void {
    let versions = this.keys.get(key) ?? []
    if (this.state !== 'Enabled') versions = versions.filter((version) => version.id !== 'null')
    this.keys.set(key, [{ id: this.state === 'Enabled' ? id : 'null', body }, ...versions])
  }

  delete(key: string, id: string): void {
    if (this.state === 'none') this.remove(key, 'null')
    else this.write(key, id, undefined)
  }

  remove(key: string, id: string): void {
    const left = (this.keys.get(key) ?? []).filter((version) => version.id !== id)
    if (left.length === 0) this.keys.delete(key)
    else this.keys.set(key, left)
  }

  list(): string[] {
    return [...this.keys]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, versions]) => versions.map(({ id, body }, i) => `${key} ${id} ${i === 0} ${body === undefined}`))
  }
}

async function listed(ask: Ask, max: number): Promise<string[]> {
  const all: string[] = []
  let marker = ''
  for (;;) {
    const { text } = await ask('GET', `/versions?versions&max-keys=${max}${marker}`)
    const page = (kind: string) =>
      elementsOf(text, kind).map((entry) => ({
        key: textOf(entry, 'Key')!,
        line: `${textOf(entry, 'Key')} ${textOf(entry, 'VersionId')} ${textOf(entry, 'IsLatest')} ${kind === 'DeleteMarker'}`,
      }))
    all.push(...[...page('Version'), ...page('DeleteMarker')].map(({ line }) => line))
    if (textOf(text, 'IsTruncated') === 'false') return all
    marker = `&key-marker=${textOf(text, 'NextKeyMarker')}&version-id-marker=${textOf(text, 'NextVersionIdMarker')}`
  }
}

const command = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'b/c') }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'b/c') }),
  fc.record({ kind: fc.constant('remove' as const), key: fc.constantFrom('a', 'b', 'b/c'), which: fc.nat(4) }),
  fc.record({ kind: fc.constant('state' as const), state: fc.constantFrom('Enabled' as const, 'Suspended' as const) }),
  fc.record({ kind: fc.constant('tick' as const), ms: fc.integer({ min: -5, max: 5 }) }),
)

describe('versions of objects', () => {
  it('are those of a plain model, in lists of every page size, whatever the clock does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), fc.integer({ min: 1, max: 4 }), async (commands, max) => {
        const { ask, clock, held } = createGateway()
        const s3 = ask(alice)
        const model = new Model()
        await s3('PUT', '/versions')
        for (const [i, step] of commands.entries()) {
          if (step.kind === 'tick') clock.ms += step.ms
          if (step.kind === 'state') {
            await s3('PUT', '/versions?versioning', versioning(step.state))
            model.state = step.state
          }
          if (step.kind === 'put') {
            const { headers } = await s3('PUT', `/versions/${step.key}`, `body ${i}`)
            model.write(step.key, headers.get('x-amz-version-id') ?? 'null', `body ${i}`)
          }
          if (step.kind === 'delete') {
            const { headers } = await s3('DELETE', `/versions/${step.key}`)
            model.delete(step.key, headers.get('x-amz-version-id') ?? 'null')
          }
          const id = step.kind === 'remove' ? model.keys.get(step.key)?.[step.which]?.id : undefined
          if (step.kind === 'remove' && id !== undefined) {
            expect((await s3('DELETE', `/versions/${step.key}?versionId=${id}`)).status).toBe(204)
            model.remove(step.key, id)
          }
        }
        expect((await listed(s3, max)).sort()).toEqual(model.list().sort())
        for (const [key, versions] of model.keys) {
          for (const { id, body } of versions) {
            const { status, text } = await s3('GET', `/versions/${key}?versionId=${id}`)
            expect([status, body === undefined ? '' : text]).toEqual(body === undefined ? [405, ''] : [200, body])
          }
          const newest = await s3('GET', `/versions/${key}`)
          expect(newest.status).toBe(versions[0]!.body === undefined ? 404 : 200)
        }
        const live = [...model.keys].filter(([, [first]]) => first!.body !== undefined).map(([key]) => key)
        const { text } = await s3('GET', '/versions?list-type=2')
        expect(elementsOf(text, 'Contents').map((entry) => textOf(entry, 'Key'))).toEqual(live.sort())
        // nothing is kept that no version names
        for (const line of await listed(s3, 1000)) {
          const [key, id] = line.split(' ')
          await s3('DELETE', `/versions/${key}?versionId=${id}`)
        }
        expect(held()).toEqual([])
        expect((await s3('DELETE', '/versions')).status).toBe(204)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  it('lists the newest of a key first', async () => {
    const s3 = createGateway().ask(alice)
    await s3('PUT', '/versions')
    await s3('PUT', '/versions/x', 'before')
    await s3('PUT', '/versions?versioning', versioning('Enabled'))
    const ids = ['null']
    for (let i = 0; i < 5; i++) ids.unshift((await s3('PUT', '/versions/x', `${i}`)).headers.get('x-amz-version-id')!)
    for (const max of [1, 2, 3, 100]) expect((await listed(s3, max)).map((line) => line.split(' ')[1])).toEqual(ids)
  })

  it('called null are one at most, written when versioning is off or suspended', async () => {
    const { ask, held } = createGateway()
    const s3 = ask(alice)
    await s3('PUT', '/versions')
    await s3('PUT', '/versions/x', 'off')
    await s3('PUT', '/versions?versioning', versioning('Enabled'))
    await s3('PUT', '/versions/x', 'enabled')
    expect((await s3('GET', '/versions/x?versionId=null')).text).toBe('off')
    await s3('PUT', '/versions?versioning', versioning('Suspended'))
    await s3('PUT', '/versions/x', 'suspended')
    expect((await listed(s3, 1)).map((line) => line.split(' ')[1] === 'null')).toEqual([true, false])
    expect((await s3('GET', '/versions/x?versionId=null')).text).toBe('suspended')
    expect(held()).toHaveLength(2)
    const deleted = await s3('DELETE', '/versions/x')
    expect(deleted.headers.get('x-amz-version-id')).toBe('null')
    expect(held()).toHaveLength(1)
  })

  it('goes on behind a page whose versions were deleted meanwhile', async () => {
    const s3 = createGateway().ask(alice)
    await s3('PUT', '/versions')
    await s3('PUT', '/versions?versioning', versioning('Enabled'))
    for (let i = 0; i < 9; i++) await s3('PUT', `/versions/${i % 2}`, `${i}`)
    let marker = ''
    let seen = 0
    for (let truncated = true; truncated; ) {
      const { text } = await s3('GET', `/versions?versions&max-keys=2${marker}`)
      for (const entry of elementsOf(text, 'Version')) {
        seen++
        await s3('DELETE', `/versions/${textOf(entry, 'Key')}?versionId=${textOf(entry, 'VersionId')}`)
      }
      truncated = textOf(text, 'IsTruncated') === 'true'
      marker = `&key-marker=${textOf(text, 'NextKeyMarker')}&version-id-marker=${textOf(text, 'NextVersionIdMarker')}`
    }
    expect(seen).toBe(9)
    expect((await s3('DELETE', '/versions')).status).toBe(204)
  })

  it('copies a version, and completes an upload into a new one', async () => {
    const s3 = createGateway().ask(alice)
    await s3('PUT', '/versions')
    await s3('PUT', '/versions?versioning', versioning('Enabled'))
    const old = (await s3('PUT', '/versions/x', 'old')).headers.get('x-amz-version-id')!
    await s3('PUT', '/versions/x', 'new')
    const copy = await s3('PUT', '/versions/y', '', { 'x-amz-copy-source': `versions/x?versionId=${old}` })
    expect(copy.headers.get('x-amz-copy-source-version-id')).toBe(old)
    expect((await s3('GET', '/versions/y')).text).toBe('old')
    const marker = (await s3('DELETE', '/versions/x')).headers.get('x-amz-version-id')!
    const refused = (source: string) => s3('PUT', '/versions/z', '', { 'x-amz-copy-source': source })
    expect((await refused(`versions/x?versionId=${marker}`)).code).toBe('InvalidRequest')
    expect((await refused('versions/x')).code).toBe('NoSuchKey')
    const { text } = await s3('POST', '/versions/x?uploads')
    const upload = textOf(text, 'UploadId')!
    const part = await s3('PUT', `/versions/x?uploadId=${upload}&partNumber=1`, 'by parts')
    const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part></CompleteMultipartUpload>`
    const done = await s3('POST', `/versions/x?uploadId=${upload}`, list)
    const id = done.headers.get('x-amz-version-id')!
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect((await s3('GET', '/versions/x')).headers.get('x-amz-version-id')).toBe(id)
    expect((await s3('GET', `/versions/x?versionId=${old}`)).text).toBe('old')
    // the marker below the new version stands as it did
    expect((await s3('HEAD', `/versions/x?versionId=${marker}`)).status).toBe(405)
  })

  it('says of a deleted object that it is deleted, and brings it back with the marker gone', async () => {
    const s3 = createGateway().ask(alice)
    await s3('PUT', '/versions')
    await s3('PUT', '/versions?versioning', versioning('Enabled'))
    await s3('PUT', '/versions/x', 'kept')
    const deleted = await s3('DELETE', '/versions/x')
    expect(deleted.headers.get('x-amz-delete-marker')).toBe('true')
    const gone = await s3('GET', '/versions/x')
    expect([gone.status, gone.code, gone.headers.get('x-amz-delete-marker')]).toEqual([404, 'NoSuchKey', 'true'])
    expect((await s3('DELETE', '/versions')).code).toBe('BucketNotEmpty')
    const id = deleted.headers.get('x-amz-version-id')!
    const removed = await s3('DELETE', `/versions/x?versionId=${id}`)
    expect(removed.headers.get('x-amz-delete-marker')).toBe('true')
    expect((await s3('GET', '/versions/x')).text).toBe('kept')
  })
})

describe('stamps of versions', () => {
  it('sort before that of the version below, whatever the clock says', () => {
    const times = fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(times, (clock) => {
        const stamps: string[] = []
        for (const ms of clock) stamps.unshift(stampOver(stamps[0], ms, '0'.repeat(18)))
        expect([...stamps].sort()).toEqual(stamps)
        expect(new Set(stamps).size).toBe(stamps.length)
      }),
    )
  })
})
