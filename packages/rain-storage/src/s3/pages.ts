/** Pages of the names of a bucket: objects, or all versions of them. */
import * as dagCbor from '@ipld/dag-cbor'
import { type CountedIndex, END } from './counted-index.ts'
import { objectKey } from './object-keys.ts'
import type { Objects } from './objects.ts'
import { NULL_VERSION, type ObjectRecord, versionIdOf } from './records.ts'

/** What a listing wants. */
export interface PageRequest {
  readonly prefix: string
  readonly delimiter: string
  /** the last name of the page before, empty for the first page */
  readonly after: string
  readonly max: number
}

/** A page of objects. */
export interface ObjectPage {
  readonly objects: { key: string; record: ObjectRecord }[]
  readonly prefixes: string[]
  /** where the next page starts, when there is one */
  readonly next: string | undefined
}

/** A page of versions, delete markers among them. */
export interface VersionPage {
  readonly versions: { key: string; record: ObjectRecord; latest: boolean }[]
  readonly prefixes: string[]
  readonly next: { readonly key: string; readonly version: string | undefined } | undefined
}

/** A key, or what several keys have in common up to a delimiter. */
type Entry = { readonly key: string; readonly record: ObjectRecord } | { readonly common: string }

/**
 * Keys and common prefixes of a bucket in order. What `skip` is true for is not there, not even for a common prefix. Costs one seek of the index a common
 * prefix.
 */
async function* entries(
  names: CountedIndex,
  bucket: string,
  from: string,
  { prefix, delimiter, after }: PageRequest,
  skip: (record: ObjectRecord) => boolean,
): AsyncGenerator<Entry> {
  const base = objectKey(bucket, '')
  let start: string | undefined = prefix > from ? prefix : from
  while (start !== undefined) {
    const begin: string = start
    start = undefined
    for await (const [name, value] of names.index.list(base + begin, `${base}${prefix}${END}`)) {
      const key = name.slice(base.length)
      const record = dagCbor.decode<ObjectRecord>(value)
      if (skip(record)) continue
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      if (cut < 0) {
        yield { key, record }
        continue
      }
      const common = key.slice(0, cut + delimiter.length)
      // a page may have ended with it
      if (!after.startsWith(common)) yield { common }
      start = common + END
      break
    }
  }
}

/** Objects of a bucket by pages. */
export async function objectPage(names: CountedIndex, bucket: string, request: PageRequest): Promise<ObjectPage> {
  const objects: ObjectPage['objects'] = []
  const prefixes: string[] = []
  let last = ''
  if (request.max === 0) return { objects, prefixes, next: undefined }
  const from = request.after === '' ? '' : `${request.after}\0`
  for await (const entry of entries(names, bucket, from, request, ({ marker }) => marker === true)) {
    if (objects.length + prefixes.length >= request.max) return { objects, prefixes, next: last }
    if ('common' in entry) prefixes.push(entry.common)
    else objects.push(entry)
    last = 'common' in entry ? entry.common : entry.key
  }
  return { objects, prefixes, next: undefined }
}

/**
 * Versions of the objects of a bucket by pages, newer ones of a key first. `afterVersion` with `after` is the version that the page before ended with;
 * without it, the page begins behind all versions of `after`.
 */
export async function versionPage(
  names: CountedIndex,
  objects: Objects,
  bucket: string,
  request: PageRequest,
  afterVersion: string | undefined,
): Promise<VersionPage> {
  const versions: VersionPage['versions'] = []
  const prefixes: string[] = []
  let last: VersionPage['next']
  if (request.max === 0) return { versions, prefixes, next: undefined }
  const full = () => versions.length + prefixes.length >= request.max
  const inside = afterVersion !== undefined && request.after !== ''
  const from = inside ? request.after : request.after === '' ? '' : `${request.after}\0`
  for await (const entry of entries(names, bucket, from, request, () => false)) {
    if ('common' in entry) {
      if (full()) return { versions, prefixes, next: last }
      prefixes.push(entry.common)
      last = { key: entry.common, version: undefined }
      continue
    }
    const { key, record } = entry
    // Versions may have been deleted since the page before: what counts is the place of the marker.
    const marker = inside && key === request.after ? afterVersion : undefined
    const marked = marker === NULL_VERSION ? await objects.version(bucket, key, marker) : undefined
    const behind = (marker === NULL_VERSION ? marked?.stamp : marker) ?? ''
    const passed =
      marked === undefined ? behind !== '' && (record.stamp ?? '') <= behind : behind === '' || record.stamp! <= behind
    if (!passed) {
      if (full()) return { versions, prefixes, next: last }
      versions.push({ key, record, latest: true })
      last = { key, version: versionIdOf(record) }
    }
    for await (const older of objects.older(bucket, key, behind)) {
      if (full()) return { versions, prefixes, next: last }
      versions.push({ key, record: older, latest: false })
      last = { key, version: versionIdOf(older) }
    }
  }
  return { versions, prefixes, next: undefined }
}
