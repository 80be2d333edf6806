import { execFile } from 'node:child_process'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import * as aws from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linksOf } from '../../src/content/links.ts'
import { type HttpServer, serveHttp } from '../../src/platform/http-server.ts'
import { openLevelIndex } from '../../src/platform/level-index.ts'
import { openPackStore, type PackStore } from '../../src/platform/pack/pack-store.ts'
import { nodeS3Defaults } from '../../src/platform/s3-defaults.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import type { ObjectIndex } from '../../src/s3/object-index.ts'
import { createS3Gateway } from '../../src/s3/s3-gateway.ts'
import { start } from './processes.ts'

const run = promisify(execFile)
const has = (tool: string) => existsSync(`/usr/bin/${tool}`)
let folder: string
let store: PackStore
let index: ObjectIndex
let server: HttpServer
let s3: aws.S3Client
const secret = { accessKeyId: 'AKIDZOS', secretAccessKey: 'secret/with+signs' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-s3-'))
  store = await openPackStore(join(folder, 'blocks'))
  index = await openLevelIndex(join(folder, 'index'))
  const handler = createS3Gateway({
    ...nodeS3Defaults,
    content: createUnixfsContent(store, store),
    index,
    credentials: new Map([[secret.accessKeyId, secret.secretAccessKey]]),
    domains: ['localhost'],
  })
  server = await serveHttp({ handler, port: 0 })
  s3 = new aws.S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials: secret })
  await s3.send(new aws.CreateBucketCommand({ Bucket: 'first' }))
})
afterAll(async () => {
  s3.destroy()
  await server.close()
  await index.close()
  await store.close()
  await rm(folder, { recursive: true })
})
const bytesOf = async (body: unknown) =>
  Buffer.from(await (body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray())

describe('the AWS SDK', () => {
  it('names buckets in the host, as it does unless it is told otherwise', async () => {
    const { port } = new URL(server.url)
    // Names below localhost are this machine's own, but not every resolver knows.
    const hosts = new Set<string>()
    const httpAgent = new Agent({
      lookup(host, _, found) {
        hosts.add(host)
        found(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    const client = new aws.S3Client({
      endpoint: `http://localhost:${port}`,
      region: 'us-east-1',
      credentials: secret,
      requestHandler: { httpAgent },
    })
    const named = { Bucket: 'first', Key: 'by host/ä' }
    await client.send(new aws.PutObjectCommand({ ...named, Body: 'words' }))
    const { Body } = await client.send(new aws.GetObjectCommand(named))
    expect(String(await bytesOf(Body))).toBe('words')
    expect([...hosts]).toEqual(['first.localhost'])
    const { Body: byPath } = await s3.send(new aws.GetObjectCommand(named))
    expect(String(await bytesOf(byPath))).toBe('words')
    await client.send(new aws.DeleteObjectCommand(named))
    client.destroy()
  })

  it('puts, gets, heads, ranges, copies and deletes', async () => {
    const Body = randomBytes(3_000_000)
    const key = { Bucket: 'first', Key: 'a dir/ö+&%?#.bin' }
    const put = await s3.send(
      new aws.PutObjectCommand({ ...key, Body, ContentType: 'image/x', Metadata: { color: 'blue' } }),
    )
    expect(put.ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`)
    const got = await s3.send(new aws.GetObjectCommand(key))
    expect(Buffer.compare(await bytesOf(got.Body), Body)).toBe(0)
    expect(got).toMatchObject({ ContentType: 'image/x', Metadata: { color: 'blue' }, ContentLength: Body.length })
    const part = await s3.send(new aws.GetObjectCommand({ ...key, Range: 'bytes=1000000-2100000' }))
    expect(Buffer.compare(await bytesOf(part.Body), Body.subarray(1_000_000, 2_100_001))).toBe(0)
    expect((await s3.send(new aws.HeadObjectCommand(key))).ContentLength).toBe(Body.length)
    await s3.send(
      new aws.CopyObjectCommand({
        Bucket: 'first',
        Key: 'copy',
        CopySource: encodeURI(`first/${key.Key}`).replace('?', '%3F').replace('#', '%23').replace('+', '%2B'),
      }),
    )
    await s3.send(new aws.DeleteObjectCommand(key))
    await expect(s3.send(new aws.GetObjectCommand(key))).rejects.toMatchObject({ name: 'NoSuchKey' })
    expect(
      Buffer.compare(
        await bytesOf((await s3.send(new aws.GetObjectCommand({ Bucket: 'first', Key: 'copy' }))).Body),
        Body,
      ),
    ).toBe(0)
    await s3.send(new aws.PutObjectCommand({ Bucket: 'first', Key: 'empty', Body: '' }))
    expect(
      await bytesOf((await s3.send(new aws.GetObjectCommand({ Bucket: 'first', Key: 'empty' }))).Body),
    ).toHaveLength(0)
    const etag = { IfNoneMatch: put.ETag! }
    await expect(s3.send(new aws.GetObjectCommand({ Bucket: 'first', Key: 'copy', ...etag }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    })
  })

  it('lists with prefixes, delimiters and pages', async () => {
    await s3.send(new aws.CreateBucketCommand({ Bucket: 'listing' }))
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'e/4', 'é']
    await Promise.all(keys.map((Key) => s3.send(new aws.PutObjectCommand({ Bucket: 'listing', Key, Body: Key }))))
    const all = await s3.send(new aws.ListObjectsV2Command({ Bucket: 'listing' }))
    expect(all.Contents!.map(({ Key }) => Key)).toEqual(keys)
    const top = await s3.send(new aws.ListObjectsV2Command({ Bucket: 'listing', Delimiter: '/' }))
    expect([top.Contents!.map(({ Key }) => Key), top.CommonPrefixes!.map(({ Prefix }) => Prefix)]).toEqual([
      ['a', 'd', 'é'],
      ['b/', 'e/'],
    ])
    for (const MaxKeys of [1, 2, 3]) {
      const seen: string[] = []
      for await (const page of aws.paginateListObjectsV2(
        { client: s3 },
        { Bucket: 'listing', Delimiter: '/', MaxKeys },
      )) {
        seen.push(
          ...(page.Contents ?? []).map(({ Key }) => Key!),
          ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
        )
      }
      expect(seen.sort()).toEqual(['a', 'b/', 'd', 'e/', 'é'])
    }
    const inside = await s3.send(new aws.ListObjectsCommand({ Bucket: 'listing', Prefix: 'b/', Delimiter: '/' }))
    expect([inside.Contents!.map(({ Key }) => Key), inside.CommonPrefixes!.map(({ Prefix }) => Prefix)]).toEqual([
      ['b/1', 'b/2'],
      ['b/c/'],
    ])
    await expect(s3.send(new aws.DeleteBucketCommand({ Bucket: 'listing' }))).rejects.toMatchObject({
      name: 'BucketNotEmpty',
    })
    const deleted = await s3.send(
      new aws.DeleteObjectsCommand({ Bucket: 'listing', Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    )
    expect(deleted.Deleted).toHaveLength(7)
    await s3.send(new aws.DeleteBucketCommand({ Bucket: 'listing' }))
    expect((await s3.send(new aws.ListBucketsCommand({}))).Buckets!.map(({ Name }) => Name)).toEqual(['first'])
    await expect(s3.send(new aws.HeadBucketCommand({ Bucket: 'listing' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    })
  })

  it('uploads in parts, in any order, and aborts', async () => {
    const Body = randomBytes(16 * 1024 * 1024)
    const upload = new Upload({
      client: s3,
      params: { Bucket: 'first', Key: 'big', Body },
      partSize: 5 * 1024 * 1024,
      queueSize: 4,
    })
    expect((await upload.done()).ETag).toMatch(/-4"$/)
    const got = await s3.send(
      new aws.GetObjectCommand({ Bucket: 'first', Key: 'big', Range: 'bytes=5000000-11000000' }),
    )
    expect(Buffer.compare(await bytesOf(got.Body), Body.subarray(5_000_000, 11_000_001))).toBe(0)
    const started = await s3.send(new aws.CreateMultipartUploadCommand({ Bucket: 'first', Key: 'gone' }))
    const id = { Bucket: 'first', Key: 'gone', UploadId: started.UploadId! }
    const small = await s3.send(new aws.UploadPartCommand({ ...id, PartNumber: 1, Body: 'x' }))
    await s3.send(
      new aws.UploadPartCopyCommand({ ...id, PartNumber: 2, CopySource: 'first/big', CopySourceRange: 'bytes=0-99' }),
    )
    expect((await s3.send(new aws.ListPartsCommand(id))).Parts).toHaveLength(2)
    expect((await s3.send(new aws.ListMultipartUploadsCommand({ Bucket: 'first' }))).Uploads).toHaveLength(1)
    await expect(
      s3.send(
        new aws.CompleteMultipartUploadCommand({
          ...id,
          MultipartUpload: {
            Parts: [
              { PartNumber: 1, ETag: small.ETag },
              { PartNumber: 2, ETag: '"no"' },
            ],
          },
        }),
      ),
    ).rejects.toMatchObject({ name: 'EntityTooSmall' })
    await s3.send(new aws.AbortMultipartUploadCommand(id))
    await expect(s3.send(new aws.ListPartsCommand(id))).rejects.toMatchObject({ name: 'NoSuchUpload' })
  })

  it('signs URLs that work once they are right, and is refused when it lies', async () => {
    const put = await getSignedUrl(s3, new aws.PutObjectCommand({ Bucket: 'first', Key: 'signed' }), { expiresIn: 60 })
    expect((await fetch(put, { method: 'PUT', body: 'by url' })).status).toBe(200)
    const get = await getSignedUrl(s3, new aws.GetObjectCommand({ Bucket: 'first', Key: 'signed' }), { expiresIn: 60 })
    expect(await (await fetch(get)).text()).toBe('by url')
    expect((await fetch(get.replace('signed?', 'big?'))).status).toBe(403)
    expect((await fetch(get, { method: 'DELETE' })).status).toBe(403)
    expect((await fetch(`${server.url}/first/signed`)).status).toBe(403)
    for (const credentials of [
      { ...secret, secretAccessKey: 'wrong' },
      { ...secret, accessKeyId: 'WRONG' },
    ]) {
      const other = new aws.S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true, credentials })
      await expect(other.send(new aws.ListBucketsCommand({}))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 403 },
      })
      other.destroy()
    }
  })

  it('checks the checksums of bodies, keeps them and gives them back', async () => {
    const Body = randomBytes(100_000)
    const sha256 = createHash('sha256').update(Body).digest('base64')
    const key = { Bucket: 'first', Key: 'checked' }
    const put = await s3.send(new aws.PutObjectCommand({ ...key, Body, ChecksumSHA256: sha256 }))
    expect(put.ChecksumSHA256).toBe(sha256)
    expect((await s3.send(new aws.HeadObjectCommand({ ...key, ChecksumMode: 'ENABLED' }))).ChecksumSHA256).toBe(sha256)
    const wrong = createHash('sha256').digest('base64')
    await expect(s3.send(new aws.PutObjectCommand({ ...key, Body, ChecksumSHA256: wrong }))).rejects.toMatchObject({
      name: 'BadDigest',
    })
    await expect(s3.send(new aws.PutObjectCommand({ ...key, Body, ContentMD5: 'bad' }))).rejects.toMatchObject({
      name: 'InvalidDigest',
    })
    // a stream is chunked, with the checksum behind it
    const stream = await s3.send(
      new aws.PutObjectCommand({
        ...key,
        Body: Readable.from([Body.subarray(0, 70_000), Body.subarray(70_000)]),
        ContentLength: Body.length,
        ChecksumAlgorithm: 'CRC32C',
      }),
    )
    expect(stream.ChecksumCRC32C).toMatch(/^.{6}==$/)
    const facts = await s3.send(
      new aws.GetObjectAttributesCommand({ ...key, ObjectAttributes: ['Checksum', 'ObjectSize', 'ETag'] }),
    )
    expect(facts).toMatchObject({ ObjectSize: 100_000, Checksum: { ChecksumCRC32C: stream.ChecksumCRC32C! } })
  })

  it('completes an upload again for a client that did not see the answer, and reads its parts', async () => {
    const key = { Bucket: 'first', Key: 'twice' }
    const bodies = [randomBytes(5 * 1024 * 1024), randomBytes(1000)]
    for (const { ChecksumAlgorithm, ChecksumType } of [
      { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' },
      { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' },
    ] as const) {
      const { UploadId } = await s3.send(
        new aws.CreateMultipartUploadCommand({ ...key, ChecksumAlgorithm, ChecksumType }),
      )
      const Parts: aws.CompletedPart[] = []
      for (const [i, Body] of bodies.entries()) {
        const part = { ...key, UploadId: UploadId!, PartNumber: i + 1 }
        const { ETag, ChecksumSHA256, ChecksumCRC32 } = await s3.send(
          new aws.UploadPartCommand({ ...part, Body, ChecksumAlgorithm }),
        )
        Parts.push({ PartNumber: i + 1, ETag: ETag!, ChecksumSHA256: ChecksumSHA256!, ChecksumCRC32: ChecksumCRC32! })
      }
      const complete = () =>
        s3.send(new aws.CompleteMultipartUploadCommand({ ...key, UploadId: UploadId!, MultipartUpload: { Parts } }))
      const first = await complete()
      const whole = Buffer.concat(bodies)
      if (ChecksumType === 'FULL_OBJECT')
        expect(Buffer.from(first.ChecksumCRC32!, 'base64').readUInt32BE()).toBe(crc32(whole))
      else expect(first.ChecksumSHA256).toMatch(/-2$/)
      expect((await complete()).ETag).toBe(first.ETag)
    }
    const second = await s3.send(new aws.GetObjectCommand({ ...key, PartNumber: 2, ChecksumMode: 'ENABLED' }))
    expect(second.PartsCount).toBe(2)
    expect(Buffer.from(second.ChecksumCRC32!, 'base64').readUInt32BE()).toBe(crc32(bodies[1]!))
    expect(Buffer.compare(await bytesOf(second.Body), bodies[1]!)).toBe(0)
    await expect(s3.send(new aws.GetObjectCommand({ ...key, PartNumber: 3 }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    })
    const facts = await s3.send(
      new aws.GetObjectAttributesCommand({ ...key, ObjectAttributes: ['ObjectParts'], MaxParts: 1 }),
    )
    expect(facts.ObjectParts).toMatchObject({ TotalPartsCount: 2, IsTruncated: true, Parts: [{ Size: 5_242_880 }] })
  })

  it('keeps conditions: of reading by date, of copying, and of writing', async () => {
    const key = { Bucket: 'first', Key: 'conditions' }
    await s3.send(new aws.PutObjectCommand({ ...key, Body: 'one', IfNoneMatch: '*' }))
    const failed = { name: 'PreconditionFailed' }
    await expect(s3.send(new aws.PutObjectCommand({ ...key, Body: 'two', IfNoneMatch: '*' }))).rejects.toMatchObject(
      failed,
    )
    await expect(s3.send(new aws.PutObjectCommand({ ...key, Body: 'two', IfMatch: '"no"' }))).rejects.toMatchObject(
      failed,
    )
    const head = await s3.send(new aws.HeadObjectCommand(key))
    await s3.send(new aws.PutObjectCommand({ ...key, Body: 'two', IfMatch: head.ETag! }))
    const later = new Date(Date.now() + 60_000)
    const before = new Date(Date.now() - 60_000)
    await expect(s3.send(new aws.GetObjectCommand({ ...key, IfModifiedSince: later }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    })
    await expect(s3.send(new aws.GetObjectCommand({ ...key, IfUnmodifiedSince: before }))).rejects.toMatchObject(failed)
    await s3.send(new aws.GetObjectCommand({ ...key, IfModifiedSince: before, IfUnmodifiedSince: later }))
    const copy = { Bucket: 'first', Key: 'conditions2', CopySource: 'first/conditions' }
    await expect(s3.send(new aws.CopyObjectCommand({ ...copy, CopySourceIfMatch: 'no' }))).rejects.toMatchObject(failed)
    const present = (await s3.send(new aws.HeadObjectCommand(key))).ETag!
    await expect(s3.send(new aws.CopyObjectCommand({ ...copy, CopySourceIfNoneMatch: present }))).rejects.toMatchObject(
      failed,
    )
    await expect(s3.send(new aws.DeleteObjectCommand({ ...key, IfMatch: '"no"' }))).rejects.toMatchObject(failed)
    const Objects = [
      { Key: 'conditions', ETag: '"no"' },
      { Key: 'conditions', VersionId: 'one' },
    ]
    const many = await s3.send(new aws.DeleteObjectsCommand({ Bucket: 'first', Delete: { Objects } }))
    expect(many.Errors!.map(({ Code }) => Code)).toEqual(['PreconditionFailed', 'NoSuchVersion'])
    expect((await s3.send(new aws.HeadObjectCommand(key))).ETag).toBe(present)
    // of several that want to be the first, one is
    const first = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) =>
        s3.send(new aws.PutObjectCommand({ Bucket: 'first', Key: 'raced', Body: `${i}`, IfNoneMatch: '*' })),
      ),
    )
    expect(first.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(s3.send(new aws.CopyObjectCommand({ ...copy, Key: 'conditions' }))).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    await s3.send(new aws.CopyObjectCommand({ ...copy, Key: 'conditions', MetadataDirective: 'REPLACE' }))
  })

  it('refuses what it does not have, and creates nothing by it', async () => {
    const Bucket = 'nothing-here'
    const website = { IndexDocument: { Suffix: 'index.html' } }
    await expect(
      s3.send(new aws.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website })),
    ).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await s3.send(new aws.CreateBucketCommand({ Bucket, ACL: 'private' }))
    await expect(
      s3.send(new aws.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website })),
    ).rejects.toMatchObject({ name: 'NotImplemented' })
    for (const ACL of ['public-read', 'authenticated-read'] as const) {
      await expect(s3.send(new aws.PutBucketAclCommand({ Bucket, ACL }))).rejects.toMatchObject({
        name: 'AccessControlListNotSupported',
      })
      await expect(s3.send(new aws.PutObjectCommand({ Bucket, Key: 'x', Body: '', ACL }))).rejects.toMatchObject({
        name: 'AccessControlListNotSupported',
      })
    }
    for (const more of [
      { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(32) },
      { ServerSideEncryption: 'aws:kms' },
      { WriteOffsetBytes: 1 },
    ] as const)
      await expect(s3.send(new aws.PutObjectCommand({ Bucket, Key: 'x', Body: '', ...more }))).rejects.toMatchObject({
        name: 'NotImplemented',
      })
    const locked = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date(Date.now() + 60_000) } as const
    await expect(s3.send(new aws.PutObjectCommand({ Bucket, Key: 'x', Body: '', ...locked }))).rejects.toMatchObject({
      name: 'InvalidRequest',
    })
    await expect(
      s3.send(new aws.PutObjectCommand({ Bucket, Key: 'x', Body: '', StorageClass: 'GLACIER' })),
    ).rejects.toMatchObject({ name: 'InvalidStorageClass' })
    const { Grants } = await s3.send(new aws.GetBucketAclCommand({ Bucket }))
    expect(Grants).toMatchObject([{ Permission: 'FULL_CONTROL', Grantee: { Type: 'CanonicalUser' } }])
    expect((await s3.send(new aws.GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic).toBe(false)
    await expect(s3.send(new aws.GetBucketLifecycleConfigurationCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchLifecycleConfiguration',
    })
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'x', Body: '' }))
    await expect(s3.send(new aws.GetObjectCommand({ Bucket, Key: 'x', VersionId: 'one' }))).rejects.toMatchObject({
      name: 'NoSuchVersion',
    })
    expect((await s3.send(new aws.ListObjectVersionsCommand({ Bucket }))).Versions).toMatchObject([
      { VersionId: 'null' },
    ])
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'x', VersionId: 'null' }))
    await s3.send(new aws.DeleteBucketCommand({ Bucket }))
  })

  it('lets pages of the origins in that a bucket names', async () => {
    const Bucket = 'shared-origin'
    await s3.send(new aws.CreateBucketCommand({ Bucket }))
    await expect(s3.send(new aws.GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    })
    const CORSRules = [{ AllowedMethods: ['PUT'], AllowedOrigins: ['https://*.example'], AllowedHeaders: ['x-amz-*'] }]
    await s3.send(new aws.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    expect((await s3.send(new aws.GetBucketCorsCommand({ Bucket }))).CORSRules).toMatchObject(CORSRules)
    const preflight = (origin: string) =>
      fetch(`${server.url}/${Bucket}/page`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'x-amz-date',
        },
      })
    expect((await preflight('https://a.example')).headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect((await preflight('https://evil.test')).status).toBe(403)
    const url = await getSignedUrl(s3, new aws.PutObjectCommand({ Bucket, Key: 'page' }), { expiresIn: 60 })
    const put = (origin: string) => fetch(url, { method: 'PUT', body: 'x', headers: { origin } })
    expect((await put('https://a.example')).headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect((await put('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull()
    await s3.send(new aws.DeleteBucketCorsCommand({ Bucket }))
    expect((await preflight('https://a.example')).status).toBe(403)
    await s3.send(new aws.DeleteObjectCommand({ Bucket, Key: 'page' }))
    await s3.send(new aws.DeleteBucketCommand({ Bucket }))
  })

  it('says no before the body comes, and goes on only when it wants it', async () => {
    const ask = (path: string, extra: Record<string, string>) =>
      new Promise<{ continued: boolean; status: number }>((resolve, reject) => {
        let continued = false
        const outgoing = request(`${server.url}${path}`, {
          method: 'PUT',
          headers: { expect: '100-continue', 'content-length': 4, ...extra },
        })
        outgoing.on('continue', () => {
          continued = true
          outgoing.end('body')
        })
        outgoing.on('response', (incoming) => {
          incoming.resume()
          resolve({ continued, status: incoming.statusCode ?? 0 })
          if (!continued) outgoing.destroy()
        })
        outgoing.on('error', reject)
        outgoing.flushHeaders()
      })
    expect(await ask('/first/unsigned', {})).toEqual({ continued: false, status: 403 })
    const url = new URL(
      await getSignedUrl(s3, new aws.PutObjectCommand({ Bucket: 'first', Key: 'waited' }), { expiresIn: 60 }),
    )
    expect(await ask(url.pathname + url.search, {})).toEqual({ continued: true, status: 200 })
    expect(await ask(url.pathname + url.search, { 'if-match': '"other"' })).toEqual({ continued: false, status: 412 })
  })

  it('keeps what is named and gives back what is not', async () => {
    const Body = randomBytes(500_000)
    await s3.send(new aws.PutObjectCommand({ Bucket: 'first', Key: 'one', Body }))
    await s3.send(new aws.PutObjectCommand({ Bucket: 'first', Key: 'two', Body }))
    await s3.send(new aws.DeleteObjectCommand({ Bucket: 'first', Key: 'one' }))
    await store.collect(linksOf)
    expect(
      Buffer.compare(
        await bytesOf((await s3.send(new aws.GetObjectCommand({ Bucket: 'first', Key: 'two' }))).Body),
        Body,
      ),
    ).toBe(0)
    const before = store.size
    await s3.send(new aws.DeleteObjectCommand({ Bucket: 'first', Key: 'two' }))
    await store.collect(linksOf)
    expect(store.size).toBeLessThan(before)
    expect(
      (await bytesOf((await s3.send(new aws.GetObjectCommand({ Bucket: 'first', Key: 'big' }))).Body)).length,
    ).toBe(16 * 1024 * 1024)
  })
})

describe('the AWS SDK for several owners', () => {
  const owners = {
    alice: { accessKeyId: 'AKALICE', secretAccessKey: 'secret-of-alice' },
    bob: { accessKeyId: 'AKBOB', secretAccessKey: 'secret-of-bob' },
  }
  let shared: HttpServer
  let sharedIndex: ObjectIndex
  let alice: aws.S3Client
  let bob: aws.S3Client
  beforeAll(async () => {
    sharedIndex = await openLevelIndex(join(folder, 'shared-index'))
    const handler = createS3Gateway({
      ...nodeS3Defaults,
      content: createUnixfsContent(store, store),
      index: sharedIndex,
      credentials: new Map(
        Object.entries(owners).map(([id, { accessKeyId, secretAccessKey }]) => [
          accessKeyId,
          { secretKey: secretAccessKey, owner: { id, displayName: id } },
        ]),
      ),
    })
    shared = await serveHttp({ handler, port: 0 })
    const client = (credentials: typeof owners.bob) =>
      new aws.S3Client({ endpoint: shared.url, region: 'us-east-1', forcePathStyle: true, credentials })
    alice = client(owners.alice)
    bob = client(owners.bob)
  })
  afterAll(async () => {
    alice.destroy()
    bob.destroy()
    await shared.close()
    await sharedIndex.close()
  })

  it('keeps versions, and their locks', async () => {
    const key = { Bucket: 'kept', Key: 'x' }
    await alice.send(new aws.CreateBucketCommand({ Bucket: 'kept', ObjectLockEnabledForBucket: true }))
    const first = await alice.send(new aws.PutObjectCommand({ ...key, Body: 'one' }))
    await alice.send(new aws.PutObjectCommand({ ...key, Body: 'two' }))
    const { VersionId: marker, DeleteMarker } = await alice.send(new aws.DeleteObjectCommand(key))
    expect(DeleteMarker).toBe(true)
    await expect(alice.send(new aws.GetObjectCommand(key))).rejects.toMatchObject({ name: 'NoSuchKey' })
    const old = { ...key, VersionId: first.VersionId! }
    expect((await bytesOf((await alice.send(new aws.GetObjectCommand(old))).Body)).toString()).toBe('one')
    const seen: (string | undefined)[] = []
    const paging: { KeyMarker?: string; VersionIdMarker?: string } = {}
    for (let more = true; more; ) {
      const page = await alice.send(new aws.ListObjectVersionsCommand({ Bucket: 'kept', MaxKeys: 1, ...paging }))
      for (const { VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) seen.push(VersionId)
      paging.KeyMarker = page.NextKeyMarker!
      paging.VersionIdMarker = page.NextVersionIdMarker!
      more = page.IsTruncated === true
    }
    expect(seen).toHaveLength(3)
    expect([seen[0], seen[2]]).toEqual([marker, first.VersionId])
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 3_600_000) } as const
    await alice.send(new aws.PutObjectRetentionCommand({ ...old, Retention }))
    expect(await alice.send(new aws.GetObjectRetentionCommand(old))).toMatchObject({
      Retention: { Mode: 'GOVERNANCE' },
    })
    await expect(alice.send(new aws.DeleteObjectCommand(old))).rejects.toMatchObject({ name: 'AccessDenied' })
    const Objects = seen.map((VersionId) => ({ Key: 'x', VersionId }))
    const removed = await alice.send(
      new aws.DeleteObjectsCommand({ Bucket: 'kept', Delete: { Objects }, BypassGovernanceRetention: true }),
    )
    expect(removed.Deleted).toHaveLength(3)
    await alice.send(new aws.DeleteBucketCommand({ Bucket: 'kept' }))
  })

  it('lets in whom the owner lets in: by policy, by access list, and by a form', async () => {
    const Bucket = 'shared'
    const key = { Bucket, Key: 'x' }
    const denied = { name: 'AccessDenied' }
    await alice.send(new aws.CreateBucketCommand({ Bucket }))
    await alice.send(new aws.PutObjectCommand({ ...key, Body: 'hers', Tagging: 'for=bob' }))
    await expect(bob.send(new aws.GetObjectCommand(key))).rejects.toMatchObject(denied)
    expect((await bob.send(new aws.ListBucketsCommand({}))).Buckets ?? []).toEqual([])
    await expect(bob.send(new aws.CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyExists',
    })
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::bob:root' },
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { StringEquals: { 's3:ExistingObjectTag/for': 'bob' } },
      },
    })
    await alice.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    expect((await alice.send(new aws.GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy)
    expect((await bytesOf((await bob.send(new aws.GetObjectCommand(key))).Body)).toString()).toBe('hers')
    const byAddress = (network: string) =>
      alice.send(
        new aws.PutBucketPolicyCommand({
          Bucket,
          Policy: JSON.stringify({
            Statement: {
              Effect: 'Allow',
              Principal: '*',
              Action: 's3:GetObject',
              Resource: `arn:aws:s3:::${Bucket}/*`,
              Condition: { IpAddress: { 'aws:SourceIp': network } },
            },
          }),
        }),
      )
    await byAddress('127.0.0.0/8')
    expect((await fetch(`${shared.url}/${Bucket}/x`)).status).toBe(200)
    await byAddress('10.0.0.0/8')
    expect((await fetch(`${shared.url}/${Bucket}/x`)).status).toBe(403)
    await alice.send(new aws.DeleteBucketPolicyCommand({ Bucket }))
    await expect(bob.send(new aws.GetObjectCommand(key))).rejects.toMatchObject(denied)
    await expect(alice.send(new aws.PutObjectAclCommand({ ...key, ACL: 'public-read' }))).rejects.toMatchObject({
      name: 'AccessControlListNotSupported',
    })
    const Rules = [{ ObjectOwnership: 'ObjectWriter' }] as const
    await alice.send(new aws.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [...Rules] } }))
    expect((await fetch(`${shared.url}/${Bucket}/x`)).status).toBe(403)
    await alice.send(new aws.PutObjectAclCommand({ ...key, ACL: 'public-read' }))
    expect(await (await fetch(`${shared.url}/${Bucket}/x`)).text()).toBe('hers')
    expect((await alice.send(new aws.GetObjectAclCommand(key))).Grants).toHaveLength(2)
    const PublicAccessBlockConfiguration = { IgnorePublicAcls: true }
    await alice.send(new aws.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }))
    expect((await fetch(`${shared.url}/${Bucket}/x`)).status).toBe(403)
    // a form of the platform, that Alice signed for a page
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const own = {
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': `AKALICE/${date.slice(0, 8)}/us-east-1/s3/aws4_request`,
      'x-amz-date': date,
    }
    const named = [{ bucket: Bucket }, ['starts-with', '$key', 'in/'], ['content-length-range', 1, 100]]
    const conditions = [...named, ...Object.entries(own).map(([name, value]) => ({ [name]: value }))]
    const expiration = new Date(Date.now() + 60_000).toISOString()
    const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
    const signing = [date.slice(0, 8), 'us-east-1', 's3', 'aws4_request'].reduce<string | Buffer>(
      (secretKey, part) => createHmac('sha256', secretKey).update(part).digest(),
      `AWS4${owners.alice.secretAccessKey}`,
    )
    const form = (file: string) => {
      const data = new FormData()
      data.set('key', 'in/$' + '{filename}')
      for (const [name, value] of Object.entries(own)) data.set(name, value)
      data.set('policy', policy)
      data.set('x-amz-signature', createHmac('sha256', signing).update(policy).digest('hex'))
      data.set('file', new Blob([file]), 'page.txt')
      return fetch(`${shared.url}/${Bucket}`, { method: 'POST', body: data })
    }
    expect((await form('by form')).status).toBe(204)
    expect((await form('x'.repeat(101))).status).toBe(400)
    const stored = await alice.send(new aws.GetObjectCommand({ Bucket, Key: 'in/page.txt' }))
    expect((await bytesOf(stored.Body)).toString()).toBe('by form')
  })
})

it('serve-s3 gives every owner keys, and lets in whom it is told', async () => {
  const home = join(folder, 'home')
  const served = async (...more: string[]) => {
    const { ready, kill } = await start('../../src/cli/main.ts', ['serve-s3', '--port', '0', '--home', home, ...more])
    return { url: ready.url!, file: ready.credentials!, kill }
  }
  const buckets = (url: string, { accessKey, secretKey }: { accessKey: string; secretKey: string }) => {
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
    const client = new aws.S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials })
    const Bucket = `of-${accessKey.toLowerCase()}`
    return client
      .send(new aws.CreateBucketCommand({ Bucket }))
      .then(() => client.send(new aws.ListBucketsCommand({})))
      .then(({ Buckets }) => Buckets!.map(({ Name }) => Name === Bucket))
      .finally(() => client.destroy())
  }
  const both = await served('--owners', 'alice,bob')
  const { owners, ...own } = JSON.parse(await readFile(both.file, 'utf8'))
  for (const keys of [own, owners.alice, owners.bob]) expect(await buckets(both.url, keys)).toEqual([true])
  await both.kill()
  const one = await served('--owners', 'bob')
  expect(await buckets(one.url, owners.bob)).toEqual([true])
  await expect(buckets(one.url, owners.alice)).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
  await one.kill()
})

describe('other clients', () => {
  it.skipIf(!has('rclone'))(
    `rclone copies a tree and checks it ${has('rclone') ? '' : '(skipped: rclone is not installed)'}`,
    async () => {
      const tree = join(folder, 'tree')
      await mkdir(join(tree, 'sub'), { recursive: true })
      for (let i = 0; i < 12; i++)
        await writeFile(join(tree, i % 2 ? 'sub' : '', `file ${i}.bin`), randomBytes(i * 50_000))
      await writeFile(join(tree, 'large.bin'), randomBytes(12_000_000))
      const env = {
        // nothing of the machine's own configuration
        PATH: process.env.PATH ?? '',
        HOME: folder,
        RCLONE_CONFIG: join(folder, 'rclone.conf'),
        RCLONE_CONFIG_Z_TYPE: 's3',
        RCLONE_CONFIG_Z_PROVIDER: 'Other',
        RCLONE_CONFIG_Z_ENDPOINT: server.url,
        RCLONE_CONFIG_Z_ACCESS_KEY_ID: secret.accessKeyId,
        RCLONE_CONFIG_Z_SECRET_ACCESS_KEY: secret.secretAccessKey,
        RCLONE_CONFIG_Z_REGION: 'us-east-1',
      }
      await run('rclone', ['copy', tree, 'z:rclone/tree', '--s3-upload-cutoff', '5M', '--s3-chunk-size', '5M'], { env })
      await run('rclone', ['check', tree, 'z:rclone/tree', '--download'], { env })
      await run('rclone', ['check', tree, 'z:rclone/tree'], { env })
      expect(
        (await run('rclone', ['lsf', '-R', '--files-only', 'z:rclone'], { env })).stdout.trim().split('\n'),
      ).toHaveLength(13)
      await run('rclone', ['purge', 'z:rclone'], { env })
    },
  )

  it.skipIf(!has('restic'))(
    `restic backs up, checks and restores ${has('restic') ? '' : '(skipped: restic is not installed)'}`,
    async () => {
      const tree = join(folder, 'backup')
      await mkdir(tree)
      const bytes = randomBytes(4_000_000)
      await writeFile(join(tree, 'data'), bytes)
      const env = {
        ...process.env,
        AWS_ACCESS_KEY_ID: secret.accessKeyId,
        AWS_SECRET_ACCESS_KEY: secret.secretAccessKey,
        RESTIC_PASSWORD: 'p',
        RESTIC_CACHE_DIR: join(folder, 'cache'),
      }
      const restic = (...args: string[]) => run('restic', ['-r', `s3:${server.url}/restic`, ...args], { env })
      await restic('init')
      await restic('backup', tree)
      await restic('check', '--read-data')
      await restic('restore', 'latest', '--target', join(folder, 'restored'))
      expect(Buffer.compare(await readFile(join(folder, 'restored', tree, 'data')), bytes)).toBe(0)
    },
  )

  const mountable = has('s3fs') && has('fio') && existsSync('/dev/fuse')
  it.skipIf(!mountable)(
    `s3fs mounts a bucket, fio writes and verifies, and verifies after a new mount ${mountable ? '' : '(skipped: needs s3fs, fio and /dev/fuse)'}`,
    async () => {
      await s3.send(new aws.CreateBucketCommand({ Bucket: 'mounted' }))
      const mount = join(folder, 'mount')
      const passwords = join(folder, 'passwords')
      await mkdir(mount)
      await writeFile(passwords, `${secret.accessKeyId}:${secret.secretAccessKey}`, { mode: 0o600 })
      const options = `passwd_file=${passwords},url=${server.url},use_path_request_style,sigv4`
      const mounted = async (work: () => Promise<unknown>) => {
        await run('s3fs', ['mounted', mount, '-o', options])
        try {
          await work()
        } finally {
          await run('fusermount', ['-u', mount])
        }
      }
      const job = ['--name=job', `--directory=${mount}`, '--size=24M', '--bs=128k', '--rw=randwrite', '--ioengine=sync']
      const verify = ['--verify=crc32c', '--verify_fatal=1', '--verify_state_save=0']
      // above 10 MB s3fs writes by parts, and what it did not change it copies
      await mounted(() => run('fio', [...job, ...verify, '--do_verify=1'], { cwd: folder }))
      await mounted(() => run('fio', [...job, ...verify, '--verify_only'], { cwd: folder }))
      await mounted(async () => {
        await run('mv', [join(mount, 'job.0.0'), join(mount, 'moved')])
        const whole = await readFile(join(mount, 'moved'))
        const object = await s3.send(new aws.GetObjectCommand({ Bucket: 'mounted', Key: 'moved' }))
        expect(Buffer.compare(await bytesOf(object.Body), whole)).toBe(0)
        expect(whole).toHaveLength(24 * 1024 * 1024)
        await rm(join(mount, 'moved'))
      })
      expect((await s3.send(new aws.ListObjectsV2Command({ Bucket: 'mounted' }))).KeyCount).toBe(0)
    },
  )
})
