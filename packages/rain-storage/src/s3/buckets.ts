/** Buckets: their names and settings. */
import * as dagCbor from '@ipld/dag-cbor'
import { type CountedIndex, END } from './counted-index.ts'
import { S3Failure } from './failure.ts'
import { objectKey } from './object-keys.ts'
import type { BucketRecord } from './records.ts'

const bucketKey = (bucket: string) => `b\0${bucket}`

/** A setting that is `undefined` is taken away. */
export type BucketChange = { readonly [Name in keyof BucketRecord]?: BucketRecord[Name] | undefined }

/** The buckets of a gateway. */
export class Buckets {
  readonly #names: CountedIndex

  constructor(names: CountedIndex) {
    this.#names = names
  }

  async *all(): AsyncGenerator<{ name: string } & BucketRecord> {
    for await (const [key, value] of this.#names.index.list('b\0', `b\0${END}`))
      yield { name: key.slice(2), ...dagCbor.decode<BucketRecord>(value) }
  }

  /** The bucket. @throws S3Failure `NoSuchBucket` */
  async need(bucket: string): Promise<BucketRecord> {
    const record = await this.#names.read<BucketRecord>(bucketKey(bucket))
    if (record === undefined) throw new S3Failure('NoSuchBucket', 'The bucket does not exist')
    return record
  }

  /** Creates a bucket, unless it is there: then `exists` judges that, and nothing changes. */
  create(bucket: string, record: BucketRecord, exists: (present: BucketRecord) => void): Promise<void> {
    return this.#names.serial(async () => {
      const present = await this.#names.read<BucketRecord>(bucketKey(bucket))
      if (present !== undefined) return exists(present)
      await this.#names.index.write([[bucketKey(bucket), dagCbor.encode(record)]])
    })
  }

  /** Changes settings; `change` sees them as they are. */
  set(bucket: string, change: (present: BucketRecord) => BucketChange): Promise<void> {
    return this.#names.serial(async () => {
      const present = await this.need(bucket)
      const settings = Object.entries({ ...present, ...change(present) }).filter(([, value]) => value !== undefined)
      await this.#names.index.write([[bucketKey(bucket), dagCbor.encode(Object.fromEntries(settings))]])
    })
  }

  /** @throws S3Failure `BucketNotEmpty` while it has an object, a version or a delete marker */
  remove(bucket: string): Promise<void> {
    return this.#names.serial(async () => {
      await this.need(bucket)
      for await (const _ of this.#names.index.list(objectKey(bucket, ''), objectKey(bucket, END)))
        throw new S3Failure('BucketNotEmpty', 'The bucket has objects')
      await this.#names.index.write([[bucketKey(bucket), undefined]])
    })
  }
}
