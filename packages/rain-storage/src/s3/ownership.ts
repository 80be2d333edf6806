/** Whose the objects of a bucket are, and whether access lists count. Source: Amazon S3 User Guide, "Controlling ownership of objects". */
import { S3Failure } from './failure.ts'
import { textOf } from './xml.ts'

/**
 * `BucketOwnerEnforced`: all is the bucket owner's, and access lists do not count. `BucketOwnerPreferred`: an object is the bucket owner's when its writer
 * gives it away with `bucket-owner-full-control`. `ObjectWriter`: an object is its writer's.
 */
export const ownerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const
/** Which of the three holds in a bucket. */
export type Ownership = (typeof ownerships)[number]

/** The setting of this name. @throws S3Failure `InvalidArgument` */
export function ownershipOf(text: string | null | undefined): Ownership {
  if (!ownerships.includes(text as Ownership))
    throw new S3Failure('InvalidArgument', `Object ownership is ${ownerships.join(', ')}`)
  return text as Ownership
}

/** The setting in an `OwnershipControls`. @throws S3Failure `MalformedXML` */
export function parseOwnership(document: string): Ownership {
  const text = textOf(document, 'ObjectOwnership')
  if (!ownerships.includes(text as Ownership)) throw new S3Failure('MalformedXML', 'A rule has an ObjectOwnership')
  return text as Ownership
}
