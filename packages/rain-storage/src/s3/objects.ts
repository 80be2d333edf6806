/**
 * Objects and their versions by key. The newest version stands under the name of the object, where listings find it; older ones stand in their order
 * beside it. When there is any version, there is a newest one.
 */
import * as dagCbor from '@ipld/dag-cbor'
import type { Buckets } from './buckets.ts'
import { type CountedIndex, END } from './counted-index.ts'
import { S3Failure } from './failure.ts'
import type { IndexChange } from './object-index.ts'
import { nullKey, objectKey, olderKey } from './object-keys.ts'
import { NULL_VERSION, type ObjectRecord, stampOver, versionIdOf } from './records.ts'

/** Judges what has the name now, with no other change between. */
export type Check = (present: ObjectRecord | undefined) => void

/** An object to be named, and what goes into the same batch. */
export interface Naming {
  readonly record: ObjectRecord
  readonly changes?: readonly IndexChange[]
  readonly dropped?: readonly ObjectRecord[]
}

/** A batch in the making. */
interface Batch {
  readonly changes: IndexChange[]
  readonly added: ObjectRecord[]
  readonly dropped: ObjectRecord[]
}

/** What a delete without a version did. */
export interface Deleted {
  /** the delete marker that it wrote, where the bucket has versions */
  readonly marker: ObjectRecord | undefined
}

/** The objects of a gateway. */
export class Objects {
  readonly #names: CountedIndex
  readonly #buckets: Buckets
  readonly #nowMs: () => number
  readonly #random: () => string

  /** `random` gives the hex of `STAMP_RANDOM_BYTES`. */
  constructor(names: CountedIndex, buckets: Buckets, nowMs: () => number, random: () => string) {
    this.#names = names
    this.#buckets = buckets
    this.#nowMs = nowMs
    this.#random = random
  }

  /** The newest version, which may be a delete marker. */
  newest(bucket: string, key: string): Promise<ObjectRecord | undefined> {
    return this.#names.read<ObjectRecord>(objectKey(bucket, key))
  }

  /** The object, or `undefined`. */
  async find(bucket: string, key: string): Promise<ObjectRecord | undefined> {
    return live(await this.newest(bucket, key))
  }

  /** A version by its name, which may be a delete marker. */
  async version(bucket: string, key: string, id: string): Promise<ObjectRecord | undefined> {
    const newest = await this.newest(bucket, key)
    if (newest === undefined || versionIdOf(newest) === id) return newest
    const stamp = id === NULL_VERSION ? await this.#names.read<string>(nullKey(bucket, key)) : id
    const older = stamp && (await this.#names.read<ObjectRecord>(olderKey(bucket, key, stamp)))
    return older && versionIdOf(older) === id ? older : undefined
  }

  /** Versions of a key but the newest, from newer to older; with `after`, those behind that stamp. */
  async *older(bucket: string, key: string, after = ''): AsyncGenerator<ObjectRecord> {
    const from = olderKey(bucket, key, after === '' ? '' : `${after}\0`)
    for await (const [, value] of this.#names.index.list(from, olderKey(bucket, key, END)))
      yield dagCbor.decode<ObjectRecord>(value)
  }

  /**
   * Names an object. What had the name stays as an older version where the bucket has versioning, else it is let go. Gives the record as it stands.
   * Content that something names already is found by a function, which runs with no other change between: else it might be let go before it is
   * named here.
   */
  put(
    bucket: string,
    key: string,
    given: ObjectRecord | (() => Promise<Naming>),
    { check }: { check?: Check } = {},
  ): Promise<ObjectRecord> {
    return this.#names.serial(async () => {
      await this.#buckets.need(bucket)
      check?.(await this.find(bucket, key))
      const { record, changes, dropped } = typeof given === 'function' ? await given() : { record: given }
      return this.#write(bucket, key, record, changes, dropped)
    })
  }

  /** Deletes an object: by a marker where the bucket has versioning. `check` sees markers, too. */
  delete(bucket: string, key: string, check?: Check): Promise<Deleted> {
    return this.#names.serial(async () => {
      const { versioning } = await this.#buckets.need(bucket)
      const newest = await this.newest(bucket, key)
      check?.(newest)
      if (versioning !== undefined) {
        const marker = { parts: [], size: 0, etag: '', modifiedMs: this.#nowMs(), headers: {}, marker: true } as const
        return { marker: await this.#write(bucket, key, marker) }
      }
      if (newest !== undefined) await this.#names.commit([[objectKey(bucket, key), undefined]], [], [newest])
      return { marker: undefined }
    })
  }

  /** Removes a version for good, and gives what it was. */
  deleteVersion(bucket: string, key: string, id: string, check?: Check): Promise<ObjectRecord | undefined> {
    return this.#names.serial(async () => {
      await this.#buckets.need(bucket)
      const record = await this.version(bucket, key, id)
      check?.(record)
      if (record === undefined) return undefined
      const newest = await this.newest(bucket, key)
      const batch: Batch = { changes: [], added: [], dropped: [record] }
      if (versionIdOf(newest!) === id) await this.#promote(bucket, key, batch)
      else this.#forget(bucket, key, record, batch)
      await this.#names.commit(batch.changes, batch.added, batch.dropped)
      return record
    })
  }

  /** Changes what a version says of itself; its bytes stay. @throws S3Failure `NoSuchKey`, `NoSuchVersion` */
  update(
    bucket: string,
    key: string,
    id: string | undefined,
    change: (record: ObjectRecord) => ObjectRecord,
  ): Promise<ObjectRecord> {
    return this.#names.serial(async () => {
      const newest = await this.newest(bucket, key)
      const record = id === undefined ? newest : await this.version(bucket, key, id)
      if (record === undefined || record.marker)
        throw new S3Failure(id === undefined ? 'NoSuchKey' : 'NoSuchVersion', 'The object does not exist')
      const changed = change(record)
      const first = versionIdOf(record) === versionIdOf(newest!)
      const name = first ? objectKey(bucket, key) : olderKey(bucket, key, record.stamp!)
      await this.#names.commit([[name, dagCbor.encode(changed)]], [], [])
      return changed
    })
  }

  async #write(
    bucket: string,
    key: string,
    given: ObjectRecord,
    more: readonly IndexChange[] = [],
    dropped: readonly ObjectRecord[] = [],
  ): Promise<ObjectRecord> {
    const { versioning } = await this.#buckets.need(bucket)
    const newest = await this.newest(bucket, key)
    const batch: Batch = { changes: [...more], added: [], dropped: [...dropped] }
    let record = given
    if (versioning === undefined) {
      if (newest !== undefined) batch.dropped.push(newest)
    } else {
      const old = newest && this.#stamped(newest)
      record = { ...given, stamp: stampOver(old?.stamp, this.#nowMs(), this.#random()) }
      if (versioning === 'Enabled') record = { ...record, versioned: true }
      else await this.#dropOlderNull(bucket, key, batch)
      if (old !== undefined && versioning === 'Suspended' && !old.versioned) batch.dropped.push(old)
      else if (old !== undefined) this.#demote(bucket, key, old, batch)
    }
    batch.added.push(record)
    batch.changes.push([objectKey(bucket, key), dagCbor.encode(record)])
    await this.#names.commit(batch.changes, batch.added, batch.dropped)
    return record
  }

  /** What was written when the bucket had no versioning gets its place when it is written over. */
  #stamped(record: ObjectRecord): ObjectRecord {
    return record.stamp === undefined
      ? { ...record, stamp: stampOver(undefined, record.modifiedMs, this.#random()) }
      : record
  }

  #demote(bucket: string, key: string, record: ObjectRecord, { changes }: Batch): void {
    changes.push([olderKey(bucket, key, record.stamp!), dagCbor.encode(record)])
    if (!record.versioned) changes.push([nullKey(bucket, key), dagCbor.encode(record.stamp!)])
  }

  #forget(bucket: string, key: string, record: ObjectRecord, { changes }: Batch): void {
    changes.push([olderKey(bucket, key, record.stamp!), undefined])
    if (!record.versioned) changes.push([nullKey(bucket, key), undefined])
  }

  /** The next older version, if there is one, takes the place of the newest. */
  async #promote(bucket: string, key: string, batch: Batch): Promise<void> {
    for await (const record of this.older(bucket, key)) {
      this.#forget(bucket, key, record, batch)
      batch.changes.push([objectKey(bucket, key), dagCbor.encode(record)])
      return
    }
    batch.changes.push([objectKey(bucket, key), undefined])
  }

  /** There is one version called `null` at most. */
  async #dropOlderNull(bucket: string, key: string, batch: Batch): Promise<void> {
    const stamp = await this.#names.read<string>(nullKey(bucket, key))
    const record = stamp && (await this.#names.read<ObjectRecord>(olderKey(bucket, key, stamp)))
    if (!record) return
    this.#forget(bucket, key, record, batch)
    batch.dropped.push(record)
  }
}

/** The record, unless it is a delete marker. */
export function live(record: ObjectRecord | undefined): ObjectRecord | undefined {
  return record?.marker ? undefined : record
}
