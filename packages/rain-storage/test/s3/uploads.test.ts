import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import { createMemoryIndex } from '../../src/s3/object-index.ts'
import { elementsOf, textOf } from '../../src/s3/xml.ts'
import { alice, createGateway } from './gateway-client.ts'

describe('uploads in progress', () => {
  it('are listed by key, in pages of every size, with what keys have in common once', async () => {
    const keys = fc.array(fc.constantFrom('a', 'a/1', 'a/2', 'b', 'b/c/3', 'd', 'é', 'z/'), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        keys,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('', '/'),
        async (wanted, max, delimiter) => {
          const s3 = createGateway().ask(alice)
          await s3('PUT', '/uploads')
          for (const key of wanted) await s3('POST', `/uploads/${encodeURIComponent(key)}?uploads`)
          const seen: string[] = []
          let marker = ''
          for (;;) {
            const { text } = await s3('GET', `/uploads?uploads&max-uploads=${max}&delimiter=${delimiter}${marker}`)
            const page = [
              ...elementsOf(text, 'Upload').map((upload) => textOf(upload, 'Key')!),
              ...elementsOf(text, 'CommonPrefixes').map((entry) => textOf(entry, 'Prefix')!),
            ]
            expect(page.length).toBeLessThanOrEqual(max)
            seen.push(...page)
            if (textOf(text, 'IsTruncated') === 'false') break
            const next = encodeURIComponent(textOf(text, 'NextKeyMarker')!)
            marker = `&key-marker=${next}&upload-id-marker=${textOf(text, 'NextUploadIdMarker')}`
          }
          const common = (key: string) => key.slice(0, key.indexOf('/') + 1)
          const grouped = (key: string) => delimiter !== '' && key.includes('/')
          const expected = [...wanted.filter((key) => !grouped(key)), ...new Set(wanted.filter(grouped).map(common))]
          expect([...seen].sort()).toEqual(expected.sort())
        },
      ),
      { numRuns: 60 },
    )
  })

  it('belong to who began them', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/uploads', '', { 'x-amz-acl': 'public-read-write' })
    const { text } = await ask(alice)('POST', '/uploads/x?uploads')
    const upload = `/uploads/x?uploadId=${textOf(text, 'UploadId')}`
    for (const method of ['GET', 'DELETE'] as const)
      expect((await ask(undefined)(method, upload)).code).toBe('AccessDenied')
    expect((await ask(alice)('GET', upload)).status).toBe(200)
    expect((await ask(alice)('DELETE', upload)).status).toBe(204)
    expect((await ask(alice)('DELETE', upload)).code).toBe('NoSuchUpload')
    expect((await ask(undefined)('DELETE', upload)).code).toBe('AccessDenied')
  })
})

describe('what happens at the same time', () => {
  /** Content, and what of it was let go by all that named it: it may be collected then. */
  const watched = () => {
    const lost: string[] = []
    const counts = new Map<string, number>()
    const content = {
      ...createUnixfsContent(createMemoryBlockStore()),
      retain: async (ref: string) => void counts.set(ref, (counts.get(ref) ?? 0) + 1),
      async release(ref: string) {
        counts.set(ref, counts.get(ref)! - 1)
        if (counts.get(ref) === 0) lost.push(ref)
      },
    }
    return { content, lost }
  }
  const begin = async (s3: ReturnType<ReturnType<typeof createGateway>['ask']>) => {
    await s3('PUT', '/uploads')
    const { text } = await s3('POST', '/uploads/x?uploads')
    const id = textOf(text, 'UploadId')
    const { headers } = await s3('PUT', `/uploads/x?partNumber=1&uploadId=${id}`, 'one')
    const part = `<Part><PartNumber>1</PartNumber><ETag>${headers.get('etag')}</ETag></Part>`
    return {
      id,
      complete: () =>
        s3('POST', `/uploads/x?uploadId=${id}`, `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`),
    }
  }

  it('an upload that is completed twice has its content once, and both clients have their answer', async () => {
    const { ask, held } = createGateway()
    const s3 = ask(alice)
    const { complete } = await begin(s3)
    const answers = await Promise.all([complete(), complete(), complete()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(held().map(([, count]) => count)).toEqual([1])
    expect((await s3('GET', '/uploads/x')).text).toBe('one')
    await s3('DELETE', '/uploads/x')
    expect(held()).toEqual([])
  })

  it('an upload whose part is replaced or that is aborted while it is completed names no content that was let go', async () => {
    for (const other of ['abort', 'replace'] as const) {
      const index = createMemoryIndex()
      let between: (() => Promise<unknown>) | undefined
      const { content, lost } = watched()
      const { ask } = createGateway({
        content,
        index: {
          ...index,
          async *list(from, to) {
            yield* index.list(from, to)
            const then = from.startsWith('p\0') ? between : undefined
            if (then !== undefined) between = undefined
            await then?.()
          },
        },
      })
      const s3 = ask(alice)
      const { id, complete } = await begin(s3)
      let rival: Promise<unknown> | undefined
      between = async () => {
        rival =
          other === 'abort'
            ? s3('DELETE', `/uploads/x?uploadId=${id}`)
            : s3('PUT', `/uploads/x?partNumber=1&uploadId=${id}`, 'two')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect((await complete()).status).toBe(200)
      await rival
      expect((await s3('GET', '/uploads/x')).text).toBe('one')
      expect(lost).toEqual([])
    }
  })

  it('a copy has content that is still there, whatever becomes of its source', async () => {
    const index = createMemoryIndex()
    const { content, lost } = watched()
    let between: (() => Promise<unknown>) | undefined
    const { ask } = createGateway({
      content,
      index: {
        ...index,
        async get(key) {
          const value = await index.get(key)
          const then = key.startsWith('o\0uploads\0source') ? between : undefined
          if (then !== undefined) between = undefined
          await then?.()
          return value
        },
      },
    })
    const s3 = ask(alice)
    await s3('PUT', '/uploads')
    await s3('PUT', '/uploads/source', 'one')
    let deleted: Promise<unknown> | undefined
    between = async () => {
      deleted = s3('DELETE', '/uploads/source')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { code } = await s3('PUT', '/uploads/copy', '', { 'x-amz-copy-source': '/uploads/source' })
    await deleted
    // The deletion was first. What nobody holds for a moment may be collected in it, so nothing may be made of it again.
    expect([code, (await s3('GET', '/uploads/copy')).status]).toEqual(['NoSuchKey', 404])
    expect(lost).toHaveLength(1)
    await s3('PUT', '/uploads/source', 'two')
    expect((await s3('PUT', '/uploads/copy', '', { 'x-amz-copy-source': '/uploads/source' })).status).toBe(200)
    await s3('DELETE', '/uploads/source')
    expect((await s3('GET', '/uploads/copy')).text).toBe('two')
    expect(lost).toHaveLength(1)
  })
})
