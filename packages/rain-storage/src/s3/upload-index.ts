/** Uploads in progress and their parts, by name. */
import * as dagCbor from '@ipld/dag-cbor'
import type { Buckets } from './buckets.ts'
import { type CountedIndex, END } from './counted-index.ts'
import { S3Failure } from './failure.ts'
import type { IndexChange } from './object-index.ts'
import type { ObjectRecord, UploadRecord } from './records.ts'

const uploadKey = (bucket: string, id: string) => `u\0${bucket}\0${id}`
const partKey = (id: string, part: number) => `p\0${id}\0${String(part).padStart(5, '0')}`

/** The uploads of a gateway. */
export class UploadIndex {
  readonly #names: CountedIndex
  readonly #buckets: Buckets

  constructor(names: CountedIndex, buckets: Buckets) {
    this.#names = names
    this.#buckets = buckets
  }

  start(bucket: string, id: string, record: UploadRecord): Promise<void> {
    return this.#names.serial(async () => {
      await this.#buckets.need(bucket)
      await this.#names.index.write([[uploadKey(bucket, id), dagCbor.encode(record)]])
    })
  }

  /** @throws S3Failure `NoSuchUpload` */
  async need(bucket: string, key: string, id: string): Promise<UploadRecord> {
    const record = await this.#names.read<UploadRecord>(uploadKey(bucket, id))
    if (record?.key !== key) throw new S3Failure('NoSuchUpload', 'The upload does not exist')
    return record
  }

  putPart(bucket: string, key: string, id: string, part: number, record: ObjectRecord): Promise<void> {
    return this.#names.serial(async () => {
      await this.need(bucket, key, id)
      const old = await this.#names.read<ObjectRecord>(partKey(id, part))
      await this.#names.commit([[partKey(id, part), dagCbor.encode(record)]], [record], old === undefined ? [] : [old])
    })
  }

  async *parts(id: string): AsyncGenerator<{ part: number; record: ObjectRecord }> {
    for await (const [key, value] of this.#names.index.list(partKey(id, 0), `p\0${id}\0${END}`))
      yield { part: Number(key.slice(-5)), record: dagCbor.decode<ObjectRecord>(value) }
  }

  async *all(bucket: string): AsyncGenerator<{ id: string; record: UploadRecord }> {
    for await (const [key, value] of this.#names.index.list(uploadKey(bucket, ''), uploadKey(bucket, END)))
      yield { id: key.split('\0')[2]!, record: dagCbor.decode<UploadRecord>(value) }
  }

  /** Removal of an upload and its parts, for the batch that names the object. */
  async end(bucket: string, id: string): Promise<{ changes: IndexChange[]; dropped: ObjectRecord[] }> {
    const changes: IndexChange[] = [[uploadKey(bucket, id), undefined]]
    const dropped: ObjectRecord[] = []
    for await (const { part, record } of this.parts(id)) {
      changes.push([partKey(id, part), undefined])
      dropped.push(record)
    }
    return { changes, dropped }
  }

  /** @throws S3Failure `NoSuchUpload` */
  abort(bucket: string, key: string, id: string): Promise<void> {
    return this.#names.serial(async () => {
      await this.need(bucket, key, id)
      const { changes, dropped } = await this.end(bucket, id)
      await this.#names.commit(changes, [], dropped)
    })
  }
}
