import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeKey, s3Address } from '../../src/s3/address.ts'
import { textOf } from '../../src/s3/xml.ts'
import { alice, createGateway } from './gateway-client.ts'

const domains = ['s3.test', 'deep.s3.test']

describe('the address of a bucket', () => {
  it('stands in the host below a domain, the longest first, and in the path everywhere else', () => {
    const read = (url: string) => s3Address(new URL(url), domains)
    expect(read('http://photos.s3.test/a/b%20c')).toEqual({
      bucket: 'photos',
      encodedKey: 'a/b%20c',
      bucketUrl: 'http://photos.s3.test',
    })
    expect(read('http://x.deep.s3.test:9000/k')).toMatchObject({ bucket: 'x', bucketUrl: 'http://x.deep.s3.test:9000' })
    expect(read('http://my.photos.S3.test/k')).toMatchObject({ bucket: 'my.photos', encodedKey: 'k' })
    // `deep` is a name of its own, no bucket of the shorter one.
    expect(read('http://deep.s3.test/photos/k')).toMatchObject({ bucket: 'deep', encodedKey: 'photos/k' })
    expect(read('http://s3.test/photos/k')).toMatchObject({ bucket: 'photos', encodedKey: 'k' })
    expect(read('http://evils3.test/photos/k')).toMatchObject({
      bucket: 'photos',
      bucketUrl: 'http://evils3.test/photos',
    })
    expect(s3Address(new URL('http://photos.s3.test/a/b'))).toMatchObject({ bucket: 'a', encodedKey: 'b' })
  })

  it('means the same in both forms, whatever the key', () => {
    // Segments of dots alone have gone from a URL before anybody reads it.
    const keys = fc.string({ unit: 'binary', maxLength: 20 }).filter((key) => !/\/\.{1,2}(\/|$)/.test(key))
    fc.assert(
      fc.property(keys, (key) => {
        const [inHost, inPath] = ['http://photos.s3.test', 'http://s3.test/photos'].map((bucketUrl) => {
          const read = s3Address(new URL(`${bucketUrl}/k${encodeKey(key)}`), domains)
          expect(read.bucketUrl).toBe(bucketUrl)
          return [read.bucket, decodeURIComponent(read.encodedKey)]
        })
        expect(inHost).toEqual(inPath)
        expect(inPath![1]).toBe(`k${key}`)
      }),
    )
  })
})

describe('the gateway', () => {
  it('takes requests that are signed for the host of a bucket, and answers with addresses of that form', async () => {
    const { ask } = createGateway({ domains: ['s3.test'] })
    const as = ask(alice)
    const inHost = (path: string) => `http://photos.s3.test${path}`
    expect((await as('PUT', inHost('/'))).status).toBe(200)
    expect((await as('PUT', inHost('/a/b c'), 'words')).status).toBe(200)
    expect((await as('GET', '/photos/a/b%20c')).text).toBe('words')
    const { text } = await as('POST', inHost('/large?uploads'))
    const upload = textOf(text, 'UploadId')
    const { headers } = await as('PUT', inHost(`/large?uploadId=${upload}&partNumber=1`), 'part')
    const parts = `<Part><PartNumber>1</PartNumber><ETag>${headers.get('etag')}</ETag></Part>`
    const whole = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
    const done = await as('POST', inHost(`/large?uploadId=${upload}`), whole)
    expect(textOf(done.text, 'Location')).toBe('http://photos.s3.test/large')
    expect((await as('GET', inHost('/?list-type=2'))).text).toContain('<Key>a/b c</Key>')
    // Without the domain the host says nothing, and the signature is as good.
    expect((await createGateway().ask(alice)('GET', inHost('/?list-type=2'))).text).toContain('<ListAllMyBucketsResult')
  })
})
