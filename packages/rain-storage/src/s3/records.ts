/** What the index keeps: buckets, objects and their versions, uploads. Plain data, written as DAG-CBOR. */
import type { Grant } from './acl.ts'
import type { Checksum } from './checksum.ts'
import type { CorsRule } from './cors.ts'
import type { LockRule, Retention } from './lock-records.ts'
import type { Owner } from './owners.ts'
import type { Ownership } from './ownership.ts'
import type { PublicAccessBlock } from './public-access.ts'
import type { Tags } from './tags.ts'

/** A version of an object, a part of an upload, or a delete marker. */
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
  /** the place among the versions of the key: the newest has the smallest. Absent where the bucket never had versions */
  readonly stamp?: string
  /** the version is called by its stamp; without it, `null` */
  readonly versioned?: true
  /** says that the object is deleted, and has no bytes */
  readonly marker?: true
  /** who wrote it; absent for the owner of the bucket */
  readonly owner?: Owner
  /** its access list; absent for one that grants nothing to others */
  readonly grants?: readonly Grant[]
  readonly tags?: Tags
  readonly retention?: Retention
  readonly legalHold?: boolean
}

/** What an object has besides bytes and headers. */
export type ObjectFacts = Pick<ObjectRecord, 'owner' | 'grants' | 'tags' | 'retention' | 'legalHold'>

/** Whether writes to a bucket make versions. A bucket that never had them has neither. */
export type Versioning = 'Enabled' | 'Suspended'

/** A bucket. */
export interface BucketRecord {
  readonly createdMs: number
  readonly cors?: readonly CorsRule[]
  /** where its creator wanted it: remembered, not acted on */
  readonly location?: string
  readonly versioning?: Versioning
  /** absent for the default owner */
  readonly owner?: Owner
  readonly grants?: readonly Grant[]
  readonly ownership?: Ownership
  readonly publicAccess?: PublicAccessBlock
  /** as it was given */
  readonly policy?: string
  /** objects can be locked; with the rule for new ones */
  readonly lock?: { readonly rule?: LockRule }
  readonly tags?: Tags
}

/** An upload in progress. */
export interface UploadRecord {
  readonly key: string
  readonly startedMs: number
  readonly headers: Readonly<Record<string, string>>
  /** the checksum that the whole shall have */
  readonly checksum?: Pick<Checksum, 'name' | 'type'>
  /** what the object shall have of its own */
  readonly facts?: ObjectFacts
}

/** The name of the version that a bucket without versioning writes. */
export const NULL_VERSION = 'null'

/** What clients call a version. */
export function versionIdOf(record: ObjectRecord): string {
  return record.versioned ? record.stamp! : NULL_VERSION
}

/** Whether `text` can be the name of a version. */
export function isVersionId(text: string): boolean {
  return text === NULL_VERSION || /^[0-9a-f]{32}$/.test(text)
}

/** Places a millisecond has, so that versions of one millisecond keep their order. */
const PLACES_PER_MS = 1024
const LAST_PLACE = 2 ** 53
const STAMP_DIGITS = 14
/** Bytes behind the place that make a stamp one that was never used before. */
export const STAMP_RANDOM_BYTES = 9

/**
 * A stamp for what is written at `nowMs` over `before`: it sorts before the stamp of `before`, whatever the clock says.
 * `random` is the hex of {@link STAMP_RANDOM_BYTES}.
 */
export function stampOver(before: string | undefined, nowMs: number, random: string): string {
  const last = before === undefined ? 0 : LAST_PLACE - Number.parseInt(before.slice(0, STAMP_DIGITS), 16)
  const place = Math.max(nowMs * PLACES_PER_MS, last + 1)
  return (LAST_PLACE - place).toString(16).padStart(STAMP_DIGITS, '0') + random
}
