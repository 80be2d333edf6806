/** The block of public access to a bucket. Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage". */
import { S3Failure } from './failure.ts'
import { textOf, type XmlValue } from './xml.ts'

const SETTINGS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const

/**
 * `BlockPublicAcls`, `BlockPublicPolicy`: public access lists and policies are not taken. `IgnorePublicAcls`: grants to groups do not count.
 * `RestrictPublicBuckets`: a public policy allows nothing to others than the owner.
 */
export type PublicAccessBlock = Readonly<Record<(typeof SETTINGS)[number], boolean>>

/** Reads a `PublicAccessBlockConfiguration`; a setting that is not there is off. @throws S3Failure `MalformedXML` */
export function parsePublicAccess(document: string): PublicAccessBlock {
  const read = (name: string) => {
    const text = textOf(document, name)?.trim().toLowerCase() ?? 'false'
    if (text !== 'true' && text !== 'false') throw new S3Failure('MalformedXML', `${name} is true or false`)
    return text === 'true'
  }
  if (!document.includes('PublicAccessBlockConfiguration'))
    throw new S3Failure('MalformedXML', 'There is no PublicAccessBlockConfiguration')
  return Object.fromEntries(SETTINGS.map((name) => [name, read(name)])) as PublicAccessBlock
}

/** The settings as children of a `PublicAccessBlockConfiguration`. */
export function publicAccessElements(block: PublicAccessBlock): XmlValue {
  return Object.fromEntries(SETTINGS.map((name) => [name, block[name]]))
}
