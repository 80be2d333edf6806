import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
