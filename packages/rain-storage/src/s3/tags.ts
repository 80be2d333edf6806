/** Tags of objects and buckets: in a header as a query, in documents as a `TagSet`. Limits as at AWS. */
import { S3Failure } from './failure.ts'
import { compareKeys } from './object-index.ts'
import { elementsOf, textOf, type XmlValue } from './xml.ts'

/** Names with their values, in the order of their names. */
export type Tags = readonly (readonly [name: string, value: string])[]

/** Most tags of an object, and of a bucket. */
export const MAX_OBJECT_TAGS = 10
export const MAX_BUCKET_TAGS = 50
const MAX_NAME = 128
const MAX_VALUE = 256

/** @throws S3Failure `InvalidTag` */
function checked(pairs: readonly (readonly [string, string])[], most: number): Tags {
  if (pairs.length > most) throw new S3Failure('InvalidTag', `At most ${most} tags`)
  const names = new Set<string>()
  for (const [name, value] of pairs) {
    if (name === '' || name.length > MAX_NAME || value.length > MAX_VALUE)
      throw new S3Failure(
        'InvalidTag',
        `A tag has a name of 1 … ${MAX_NAME} characters and a value of up to ${MAX_VALUE}`,
      )
    if (names.has(name)) throw new S3Failure('InvalidTag', `The tag ${name} is there twice`)
    names.add(name)
  }
  return pairs.toSorted(([a], [b]) => compareKeys(a, b))
}

/** Tags of `x-amz-tagging`, or `undefined`. @throws S3Failure `InvalidTag` */
export function tagsOfHeader(headers: Headers): Tags | undefined {
  const text = headers.get('x-amz-tagging')
  return text === null || text === '' ? undefined : checked([...new URLSearchParams(text)], MAX_OBJECT_TAGS)
}

/** Tags as `x-amz-tagging`. */
export function tagsHeader(tags: Tags): string {
  return new URLSearchParams(tags.map(([name, value]): [string, string] => [name, value])).toString()
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
  return { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } }
}

/** The value of a tag, or `undefined`. */
export function tagOf(tags: Tags | undefined, name: string): string | undefined {
  return tags?.find(([found]) => found === name)?.[1]
}
