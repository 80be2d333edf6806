/** Conditional requests (RFC 9110 §13), as S3 has them for reading, for copying and for writing. */
import { parseTime } from '../content/time.ts'
import { S3Failure } from './failure.ts'
import type { ObjectRecord } from './records.ts'

/** Whether a list of entity tags names `etag`. Weak tags count as strong: a tag stands for the bytes. */
function names(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const tag = item.trim().replace(/^W\//, '').replaceAll('"', '')
    return tag === '*' || tag === etag
  })
}

/**
 * What the conditions of a reading request say. `prefix` is empty, or `x-amz-copy-source-` for the source of a copy.
 * @throws S3Failure `PreconditionFailed`
 */
export function checkRead(headers: Headers, record: ObjectRecord, prefix = ''): 'go' | 'not modified' {
  const get = (name: string) => headers.get(prefix + name)
  const failed = () => new S3Failure('PreconditionFailed', 'The object is not as the request wants it')
  const match = get('if-match')
  const noneMatch = get('if-none-match')
  if (match !== null && !names(match, record.etag)) throw failed()
  // dates have whole seconds
  const modified = Math.floor(record.modifiedMs / 1000) * 1000
  if (match === null && modified > parseTime(get('if-unmodified-since') ?? '')) throw failed()
  const notModified =
    noneMatch === null ? modified <= parseTime(get('if-modified-since') ?? '') : names(noneMatch, record.etag)
  if (!notModified) return 'go'
  if (prefix !== '') throw failed()
  return 'not modified'
}

/**
 * The conditions of a writing request against what has the name now.
 * @throws S3Failure `PreconditionFailed`, or `NoSuchKey` where a tag is wanted and nothing is there
 */
export function checkWrite(headers: Headers, present: ObjectRecord | undefined): void {
  const match = headers.get('if-match')
  const noneMatch = headers.get('if-none-match')
  if (match !== null && present === undefined) throw new S3Failure('NoSuchKey', 'The object does not exist')
  if (match !== null && !names(match, present!.etag))
    throw new S3Failure('PreconditionFailed', 'The object has another tag')
  if (noneMatch !== null && present !== undefined && names(noneMatch, present.etag))
    throw new S3Failure('PreconditionFailed', 'The object exists')
}

/**
 * The conditions of a deletion against what is there, which may be a delete marker. Where nothing is, nothing is to be done, and no condition fails.
 * @throws S3Failure `PreconditionFailed`, `InvalidArgument`
 */
export function checkDelete(headers: Headers, present: ObjectRecord | undefined): void {
  const match = headers.get('if-match')
  const modified = headers.get('x-amz-if-match-last-modified-time')
  const size = headers.get('x-amz-if-match-size')
  const modifiedMs = modified === null ? undefined : parseTime(modified)
  if (Number.isNaN(modifiedMs)) throw new S3Failure('InvalidArgument', 'The wanted time is not a time')
  if (present === undefined) return
  const same =
    (match === null || names(match, present.etag)) &&
    (modifiedMs === undefined || Math.floor(modifiedMs / 1000) === Math.floor(present.modifiedMs / 1000)) &&
    (size === null || Number(size) === present.size)
  if (!same) throw new S3Failure('PreconditionFailed', 'The object is not as the request wants it')
}
