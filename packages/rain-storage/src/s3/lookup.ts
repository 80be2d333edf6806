/** Finding what a request wants to read, with the right to it. */
import type { Access } from './access.ts'
import type { Buckets } from './buckets.ts'
import { type Call, versionHeaders } from './call.ts'
import { checkRead } from './conditions.ts'
import { S3Failure } from './failure.ts'
import type { Objects } from './objects.ts'
import { type BucketRecord, isVersionId, type ObjectRecord } from './records.ts'

/** A version of an object, and the bucket it is in. */
export interface Found {
  readonly bucket: BucketRecord
  readonly record: ObjectRecord
}

/** An action on a version has another name than on an object: `s3:GetObjectVersion`, `s3:GetObjectVersionAcl` … */
export function actionOn(action: string, version: string | undefined): string {
  return version === undefined ? action : action.replace('Object', 'ObjectVersion')
}

/** Looks objects up. */
export class Lookup {
  readonly #buckets: Buckets
  readonly #objects: Objects
  readonly #access: Access

  constructor(buckets: Buckets, objects: Objects, access: Access) {
    this.#buckets = buckets
    this.#objects = objects
    this.#access = access
  }

  /**
   * The object or version, when the caller may do `action` with it. That nothing is there is told only to who may list the bucket.
   * @throws S3Failure `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`, `AccessDenied`, `MethodNotAllowed` for a delete marker by its name
   */
  async need(
    call: Call,
    action: string,
    version: string | undefined,
    { bucket: name, key }: { readonly bucket: string; readonly key: string } = call,
  ): Promise<Found> {
    const bucket = await this.#buckets.need(name)
    const record = await (version === undefined
      ? this.#objects.newest(name, key)
      : this.#objects.version(name, key, version))
    const wanted = { action: actionOn(action, version), bucket: name, key, record }
    if (record !== undefined && !record.marker) {
      this.#access.need(call, bucket, wanted)
      return { bucket, record }
    }
    if (!this.#access.mayList(call, bucket, name, key)) throw new S3Failure('AccessDenied', 'Not allowed')
    if (record === undefined)
      throw new S3Failure(version === undefined ? 'NoSuchKey' : 'NoSuchVersion', 'The object does not exist')
    const headers = { ...versionHeaders(bucket, record), 'x-amz-delete-marker': 'true' }
    if (version === undefined) throw new S3Failure('NoSuchKey', 'The object is deleted', headers)
    throw new S3Failure('MethodNotAllowed', 'A delete marker has nothing to read', headers)
  }

  /** What `x-amz-copy-source` names, with its conditions met. @throws S3Failure */
  async source(call: Call): Promise<Found & { name: string; key: string; version: string | undefined }> {
    const [path, version] = call.request.headers.get('x-amz-copy-source')!.split('?versionId=')
    let text: string
    try {
      text = decodeURIComponent(path!).replace(/^\//, '')
    } catch {
      throw new S3Failure('InvalidArgument', 'The copy source is not percent-encoded UTF-8')
    }
    const slash = text.indexOf('/')
    if (slash < 1) throw new S3Failure('InvalidArgument', 'The copy source is bucket/key')
    const name = text.slice(0, slash)
    const key = text.slice(slash + 1)
    if (version !== undefined && !isVersionId(version))
      throw new S3Failure('NoSuchVersion', 'The version of the source does not exist')
    await this.#access.expectOwner(call.request.headers.get('x-amz-source-expected-bucket-owner'), name)
    const found = await this.need(call, 's3:GetObject', version, { bucket: name, key }).catch((error: unknown) => {
      if (error instanceof S3Failure && error.code === 'MethodNotAllowed')
        throw new S3Failure('InvalidRequest', 'A delete marker cannot be copied')
      throw error
    })
    checkRead(call.request.headers, found.record, 'x-amz-copy-source-')
    return { ...found, name, key, version }
  }
}
