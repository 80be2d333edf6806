/** Tags of objects and buckets: in a header as a query, in documents as a `TagSet`. Limits as at AWS. */
import { S3Failure } from './failure.ts'
import { elementsOf, textOf, type XmlValue } from './xml.ts'

/** Values by name. */
export type Tags = Readonly<Record<string, string>>

/** Most tags of an object, and of a bucket. */
export const MAX_OBJECT_TAGS = 10
export const MAX_BUCKET_TAGS = 50
const MAX_NAME = 128
const MAX_VALUE = 256

/** @throws S3Failure `InvalidTag` */
function checked(pairs: readonly (readonly [string, string])[], most: number): Tags {
  if (pairs.length > most) throw new S3Failure('InvalidTag', `At most ${most} tags`)
  const tags = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (name === '' || name.length > MAX_NAME || value.length > MAX_VALUE)
      throw new S3Failure(
        'InvalidTag',
        `A tag has a name of 1 … ${MAX_NAME} characters and a value of up to ${MAX_VALUE}`,
      )
    if (tags.has(name)) throw new S3Failure('InvalidTag', `The tag ${name} is there twice`)
    tags.set(name, value)
  }
  return Object.fromEntries(tags)
}

/** Tags of `x-amz-tagging`, or `undefined`. @throws S3Failure `InvalidTag` */
export function tagsOfHeader(headers: Headers): Tags | undefined {
  const text = headers.get('x-amz-tagging')
  return text === null || text === '' ? undefined : checked([...new URLSearchParams(text)], MAX_OBJECT_TAGS)
}

/** Tags as `x-amz-tagging`. */
export function tagsHeader(tags: Tags): string {
  return new URLSearchParams({ ...tags }).toString()
}

/** Tags of a `Tagging`. @throws S3Failure `MalformedXML`, `InvalidTag` */
export function parseTags(document: string, most: number): Tags {
  if (!/<(?:\w+:)?TagSet[\s/>]/.test(document)) throw new S3Failure('MalformedXML', 'There is no TagSet')
  const pairs = elementsOf(document, 'Tag').map((tag) => {
    const name = textOf(tag, 'Key')
    if (name === undefined) throw new S3Failure('MalformedXML', 'A tag has a Key')
    return [name, textOf(tag, 'Value') ?? ''] as const
  })
  return checked(pairs, most)
}

/** Tags as children of a `Tagging`. */
export function tagElements(tags: Tags): XmlValue {
  return { TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } }
}
