/** Which bucket a request names: in its path (`/bucket/key`), or in its host (`bucket.domain`) where the gateway has domains of its own. */

/** What a URL names. */
export interface S3Address {
  /** Empty: the list of buckets. */
  readonly bucket: string
  /** Percent-encoded, without a slash in front. */
  readonly encodedKey: string
  /** Of the bucket, as it was asked for. */
  readonly bucketUrl: string
}

/** A key as it stands in a URL. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/')
}

/** Reads `url`. A bucket in the host has the longest of `domains` that fits behind it; the domains themselves, and all other hosts, take paths. */
export function s3Address(url: URL, domains: readonly string[] = []): S3Address {
  const ends = domains.map((domain) => `.${domain.toLowerCase()}`).filter((end) => url.hostname.endsWith(end))
  const [end] = ends.sort((a, b) => b.length - a.length)
  if (end !== undefined)
    return { bucket: url.hostname.slice(0, -end.length), encodedKey: url.pathname.slice(1), bucketUrl: url.origin }
  const [, bucket = '', ...rest] = url.pathname.split('/')
  return { bucket, encodedKey: rest.join('/'), bucketUrl: `${url.origin}/${bucket}` }
}
