import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
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
})
