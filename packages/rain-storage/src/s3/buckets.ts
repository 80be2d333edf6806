/** Buckets, objects and uploads over the index: names and records, no HTTP. */
import * as dagCbor from '@ipld/dag-cbor'
import type { Checksum } from './checksum.ts'
import type { CorsRule } from './cors.ts'
import { S3Failure } from './failure.ts'
import type { ObjectContent } from './object-content.ts'
import type { IndexChange, ObjectIndex } from './object-index.ts'

/** A stored object or part. */
export interface ObjectRecord {
  readonly parts: readonly { readonly ref: string; readonly size: number }[]
  readonly size: number
  /** without quotes */
  readonly etag: string
  readonly modifiedMs: number
  /** content-type, cache-control … and x-amz-meta-… as given */
  readonly headers: Readonly<Record<string, string>>
  /** given with the body, and checked */
  readonly checksum?: Checksum
  /** the upload that it was made by */
  readonly upload?: string
  /** of the parts of an upload, when all have one */
  readonly partChecksums?: readonly Checksum[]
}

/** A bucket. */
export interface BucketRecord {
  readonly createdMs: number
  readonly cors?: readonly CorsRule[]
  /** where its creator wanted it: remembered, not acted on */
  readonly location?: string
}

/** An upload in progress. */
export interface UploadRecord {
  readonly key: string
  readonly startedMs: number
  readonly headers: Readonly<Record<string, string>>
  /** the checksum that the whole shall have */
  readonly checksum?: Pick<Checksum, 'name' | 'type'>
}

const END = '\u{10ffff}'
const bucketKey = (bucket: string) => `b\0${bucket}`
const objectKey = (bucket: string, key: string) => `o\0${bucket}\0${key}`
const uploadKey = (bucket: string, id: string) => `u\0${bucket}\0${id}`
const partKey = (id: string, part: number) => `p\0${id}\0${String(part).padStart(5, '0')}`
const refKey = (ref: string) => `r\0${ref}`

/** A page of a listing. */
export interface ListPage {
  readonly objects: { key: string; record: ObjectRecord }[]
  readonly prefixes: string[]
  /** where the next page starts, when there is one */
  readonly next: string | undefined
}

/** The name side of a gateway. */
export class Buckets {
  readonly #index: ObjectIndex
  readonly #content: ObjectContent
  /** Changes of names run one after the other: reading a count and writing it must not mix. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(index: ObjectIndex, content: ObjectContent) {
    this.#index = index
    this.#content = content
  }

  #serial<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  async *buckets(): AsyncGenerator<{ name: string } & BucketRecord> {
    for await (const [key, value] of this.#index.list('b\0', `b\0${END}`))
      yield { name: key.slice(2), ...dagCbor.decode<BucketRecord>(value) }
  }

  async need(bucket: string): Promise<BucketRecord> {
    const value = await this.#index.get(bucketKey(bucket))
    if (value === undefined) throw new S3Failure('NoSuchBucket', 'The bucket does not exist')
    return dagCbor.decode<BucketRecord>(value)
  }

  /** Creating a bucket that is there changes nothing and is no error, as in the first region of AWS: there is one owner. */
  create(bucket: string, record: BucketRecord): Promise<void> {
    return this.#serial(async () => {
      if ((await this.#index.get(bucketKey(bucket))) !== undefined) return
      await this.#index.write([[bucketKey(bucket), dagCbor.encode(record)]])
    })
  }

  setCors(bucket: string, cors: readonly CorsRule[] | undefined): Promise<void> {
    return this.#serial(async () => {
      const { cors: _, ...rest } = await this.need(bucket)
      await this.#index.write([[bucketKey(bucket), dagCbor.encode(cors === undefined ? rest : { ...rest, cors })]])
    })
  }

  remove(bucket: string): Promise<void> {
    return this.#serial(async () => {
      await this.need(bucket)
      for await (const _ of this.#index.list(objectKey(bucket, ''), objectKey(bucket, END)))
        throw new S3Failure('BucketNotEmpty', 'The bucket has objects')
      await this.#index.write([[bucketKey(bucket), undefined]])
    })
  }

  async get(bucket: string, key: string): Promise<ObjectRecord> {
    const record = await this.find(bucket, key)
    if (record === undefined) throw new S3Failure('NoSuchKey', 'The object does not exist')
    return record
  }

  /** The object, or `undefined`. @throws S3Failure `NoSuchBucket` */
  async find(bucket: string, key: string): Promise<ObjectRecord | undefined> {
    const value = await this.#index.get(objectKey(bucket, key))
    if (value !== undefined) return dagCbor.decode<ObjectRecord>(value)
    await this.need(bucket)
    return undefined
  }

  /** Names an object; what had the name before is let go. `more` goes into the same batch. `check` sees what has the name, with no other change between. */
  put(
    bucket: string,
    key: string,
    record: ObjectRecord,
    more: readonly IndexChange[] = [],
    check?: (present: ObjectRecord | undefined) => void,
  ): Promise<void> {
    return this.#serial(async () => {
      await this.need(bucket)
      check?.(await this.find(bucket, key))
      await this.#replace(objectKey(bucket, key), record, more)
    })
  }

  /** `check` sees what has the name, with no other change between. */
  delete(bucket: string, key: string, check?: (present: ObjectRecord | undefined) => void): Promise<void> {
    return this.#serial(async () => {
      await this.need(bucket)
      check?.(await this.find(bucket, key))
      await this.#replace(objectKey(bucket, key), undefined)
    })
  }

  /** Writes a record and the counts of what it names: first retain, then the batch, then release, so that a stop in between keeps too much and never too little. */
  async #replace(name: string, record: ObjectRecord | undefined, more: readonly IndexChange[] = []): Promise<void> {
    const old = await this.#index.get(name)
    const change = new Map<string, number>()
    const count = (refs: ObjectRecord['parts'], by: number) => {
      for (const { ref } of refs) change.set(ref, (change.get(ref) ?? 0) + by)
    }
    if (record !== undefined) count(record.parts, 1)
    if (old !== undefined) count(dagCbor.decode<ObjectRecord>(old).parts, -1)
    for (const [key, value] of more) {
      // parts of an upload that ends here
      const part = key.startsWith('p\0') && value === undefined ? await this.#index.get(key) : undefined
      if (part !== undefined) count(dagCbor.decode<ObjectRecord>(part).parts, -1)
    }
    const changes: IndexChange[] = [[name, record && dagCbor.encode(record)], ...more]
    const released: string[] = []
    for (const [ref, by] of change) {
      const value = await this.#index.get(refKey(ref))
      const before = value === undefined ? 0 : dagCbor.decode<number>(value)
      const after = before + by
      if (before <= 0 && after > 0) await this.#content.retain(ref)
      if (after <= 0) released.push(ref)
      changes.push([refKey(ref), after > 0 ? dagCbor.encode(after) : undefined])
    }
    await this.#index.write(changes)
    for (const ref of released) await this.#content.release(ref)
  }

  async list(
    bucket: string,
    options: { prefix: string; delimiter: string; after: string; max: number },
  ): Promise<ListPage> {
    await this.need(bucket)
    const { prefix, delimiter, after, max } = options
    const objects: ListPage['objects'] = []
    const prefixes: string[] = []
    const base = objectKey(bucket, '')
    let from = prefix > after ? prefix : `${after}\0`
    let last = ''
    for (;;) {
      let skipTo: string | undefined
      for await (const [name, value] of this.#index.list(base + from, `${base}${prefix}${END}`)) {
        const key = name.slice(base.length)
        const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
        const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
        // a page that ended with this common prefix
        if (common !== undefined && after.startsWith(common)) {
          skipTo = common + END
          break
        }
        if (objects.length + prefixes.length >= max) return { objects, prefixes, next: max === 0 ? undefined : last }
        if (common !== undefined) {
          prefixes.push(common)
          last = common
          skipTo = common + END
          break
        }
        objects.push({ key, record: dagCbor.decode<ObjectRecord>(value) })
        last = key
      }
      if (skipTo === undefined) return { objects, prefixes, next: undefined }
      from = skipTo
    }
  }

  startUpload(bucket: string, id: string, record: UploadRecord): Promise<void> {
    return this.#serial(async () => {
      await this.need(bucket)
      await this.#index.write([[uploadKey(bucket, id), dagCbor.encode(record)]])
    })
  }

  async upload(bucket: string, key: string, id: string): Promise<UploadRecord> {
    const value = await this.#index.get(uploadKey(bucket, id))
    const record = value && dagCbor.decode<UploadRecord>(value)
    if (record?.key !== key) throw new S3Failure('NoSuchUpload', 'The upload does not exist')
    return record
  }

  putPart(bucket: string, key: string, id: string, part: number, record: ObjectRecord): Promise<void> {
    return this.#serial(async () => {
      await this.upload(bucket, key, id)
      await this.#replace(partKey(id, part), record)
    })
  }

  async *parts(id: string): AsyncGenerator<{ part: number; record: ObjectRecord }> {
    for await (const [key, value] of this.#index.list(partKey(id, 0), `p\0${id}\0${END}`)) {
      yield { part: Number(key.slice(-5)), record: dagCbor.decode<ObjectRecord>(value) }
    }
  }

  async *uploads(bucket: string): AsyncGenerator<{ id: string; record: UploadRecord }> {
    for await (const [key, value] of this.#index.list(uploadKey(bucket, ''), uploadKey(bucket, END))) {
      yield { id: key.split('\0')[2]!, record: dagCbor.decode<UploadRecord>(value) }
    }
  }

  /** Removal of an upload and its parts, as changes for {@link put}. */
  async endOfUpload(bucket: string, id: string): Promise<IndexChange[]> {
    const changes: IndexChange[] = [[uploadKey(bucket, id), undefined]]
    for await (const { part } of this.parts(id)) changes.push([partKey(id, part), undefined])
    return changes
  }

  abort(bucket: string, key: string, id: string): Promise<void> {
    return this.#serial(async () => {
      await this.upload(bucket, key, id)
      const [upload, ...parts] = await this.endOfUpload(bucket, id)
      for (const [name] of parts) await this.#replace(name, undefined)
      await this.#index.write([upload!])
    })
  }
}
