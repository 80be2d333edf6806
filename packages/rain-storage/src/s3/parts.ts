/** The parts of a gateway, made once and handed to what answers requests. */
import { toHex } from '../content/bytes.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { Access } from './access.ts'
import { Buckets } from './buckets.ts'
import type { S3GatewayOptions } from './call.ts'
import { CountedIndex } from './counted-index.ts'
import { Lookup } from './lookup.ts'
import { ObjectWriter } from './object-writer.ts'
import { Objects } from './objects.ts'
import { Owners } from './owners.ts'
import { STAMP_RANDOM_BYTES } from './records.ts'
import { UploadIndex } from './upload-index.ts'

/** What the answers are made of. */
export interface GatewayParts {
  readonly options: S3GatewayOptions
  readonly crypto: CryptoPort
  readonly owners: Owners
  readonly names: CountedIndex
  readonly buckets: Buckets
  readonly objects: Objects
  readonly uploads: UploadIndex
  readonly access: Access
  readonly lookup: Lookup
  readonly writer: ObjectWriter
  /** so many random bytes as hex */
  readonly random: (bytes: number) => string
}

export function createParts(options: S3GatewayOptions): GatewayParts {
  const crypto = options.crypto ?? defaultCrypto()
  const random = (bytes: number) => toHex(crypto.randomBytes(bytes))
  const owners = new Owners(options.credentials)
  const names = new CountedIndex(options.index, options.content)
  const buckets = new Buckets(names)
  const objects = new Objects(names, buckets, options.nowMs, () => random(STAMP_RANDOM_BYTES))
  const uploads = new UploadIndex(names, buckets)
  const access = new Access(buckets, owners, options)
  const lookup = new Lookup(buckets, objects, access)
  const writer = new ObjectWriter(options, crypto)
  return { options, crypto, owners, names, buckets, objects, uploads, access, lookup, writer, random }
}
