/**
 * Checksums that clients send beside a body and ask for again: CRC-32, CRC-32C, CRC-64/NVME, SHA-1 and SHA-256, in base64.
 * Source: Amazon S3 User Guide, "Checking object integrity"; CRC parameters from the catalogue of Greg Cook.
 */
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from '../content/bytes.ts'
import type { IncrementalHash } from './body.ts'
import { S3Failure } from './failure.ts'

/** Algorithms by their name in headers. */
export const checksumNames = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

/** Name of an algorithm. */
export type ChecksumName = (typeof checksumNames)[number]

/** A checksum of an object or a part. `FULL_OBJECT` is of all bytes; `COMPOSITE` is of the checksums of the parts, with `-N` behind. */
export interface Checksum {
  readonly name: ChecksumName
  /** base64 */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** Reversed polynomials and widths. All three start with ones and end with all bits turned. */
const crcs = {
  crc32: { polynomial: 0xedb8_8320n, bits: 32 },
  crc32c: { polynomial: 0x82f6_3b78n, bits: 32 },
  crc64nvme: { polynomial: 0x9a6c_9329_ac4b_c9b5n, bits: 64 },
} as const

type CrcName = keyof typeof crcs
const isCrc = (name: ChecksumName): name is CrcName => name in crcs

/** Two tables of 256 words a CRC: the lower and the upper half of the remainder of every byte. */
const tables = new Map<CrcName, { low: Uint32Array; high: Uint32Array }>()

function tableOf(name: CrcName): { low: Uint32Array; high: Uint32Array } {
  const made = tables.get(name)
  if (made !== undefined) return made
  const low = new Uint32Array(256)
  const high = new Uint32Array(256)
  const { polynomial } = crcs[name]
  for (let byte = 0; byte < 256; byte++) {
    let rest = BigInt(byte)
    for (let i = 0; i < 8; i++) rest = rest & 1n ? (rest >> 1n) ^ polynomial : rest >> 1n
    low[byte] = Number(rest & 0xffff_ffffn)
    high[byte] = Number(rest >> 32n)
  }
  const table = { low, high }
  tables.set(name, table)
  return table
}

function createCrc(name: CrcName): IncrementalHash {
  const table = tableOf(name)
  const wide = crcs[name].bits === 64
  let low = 0xffff_ffff
  let high = wide ? 0xffff_ffff : 0
  return {
    update(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        const at = (low ^ bytes[i]!) & 255
        low = ((low >>> 8) | (high << 24)) ^ table.low[at]!
        high = (high >>> 8) ^ table.high[at]!
      }
    },
    digest() {
      const view = new DataView(new ArrayBuffer(wide ? 8 : 4))
      if (wide) view.setUint32(0, ~high >>> 0)
      view.setUint32(wide ? 4 : 0, ~low >>> 0)
      return new Uint8Array(view.buffer)
    },
  }
}

/** A hash of the platform where it has one, else pure code. */
export function createChecksum(
  name: ChecksumName,
  platform?: (name: ChecksumName) => IncrementalHash | undefined,
): IncrementalHash {
  return platform?.(name) ?? (isCrc(name) ? createCrc(name) : name === 'sha1' ? sha1.create() : sha256.create())
}

/** The checksum that the headers of a request bring or announce: its name, and the value unless that comes in a trailer. */
export function announcedChecksum(headers: Headers): { name: ChecksumName; value: string | undefined } | undefined {
  const found = checksumNames.filter((name) => headers.has(`x-amz-checksum-${name}`))
  const trailer = checksumNames.find((name) => headers.get('x-amz-trailer')?.toLowerCase() === `x-amz-checksum-${name}`)
  if (found.length + (trailer === undefined ? 0 : 1) > 1)
    throw new S3Failure('InvalidRequest', 'A request has one checksum at most')
  if (trailer !== undefined) return { name: trailer, value: undefined }
  return found.length === 0 ? undefined : { name: found[0]!, value: headers.get(`x-amz-checksum-${found[0]}`)! }
}

/** The name in `x-amz-checksum-algorithm` or `x-amz-sdk-checksum-algorithm`, when it is one. */
export function checksumNameOf(text: string | null): ChecksumName | undefined {
  if (text === null) return undefined
  const name = text.toLowerCase() as ChecksumName
  if (!checksumNames.includes(name)) throw new S3Failure('InvalidRequest', `No checksum is called ${text}`)
  return name
}

/** `x-amz-checksum-…` and its type, as headers of an answer. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [`x-amz-checksum-${checksum.name}`]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** The same as children of an XML element, e.g. `ChecksumSHA256`. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  return checksum === undefined ? {} : { [`Checksum${checksum.name.toUpperCase()}`]: checksum.value }
}

/** The checksum of an upload from those of its parts: of their digests, or, for a CRC that asks for it, of all bytes. */
export function checksumOfParts(
  parts: readonly { readonly checksum?: Checksum; readonly size: number }[],
  name: ChecksumName,
  type: Checksum['type'],
  platform?: (name: ChecksumName) => IncrementalHash | undefined,
): Checksum | undefined {
  const digests: Uint8Array[] = []
  for (const { checksum } of parts) {
    if (checksum?.name !== name) return undefined
    digests.push(Uint8Array.from(atob(checksum.value), (character) => character.charCodeAt(0)))
  }
  if (type === 'COMPOSITE' || !isCrc(name)) {
    const hash = createChecksum(name, platform)
    hash.update(concat([new Uint8Array(0), ...digests]))
    return { name, value: `${base64(hash.digest())}-${parts.length}`, type: 'COMPOSITE' }
  }
  let whole = 0n
  for (const [i, digest] of digests.entries()) {
    const crc = digest.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
    whole = i === 0 ? crc : shifted(whole, parts[i]!.size, crcs[name]) ^ crc
  }
  const { bits } = crcs[name]
  const bytes = Uint8Array.from({ length: bits / 8 }, (_, i) => Number((whole >> BigInt(bits - 8 - 8 * i)) & 255n))
  return { name, value: base64(bytes), type: 'FULL_OBJECT' }
}

/** A CRC times x to the power of eight times `bytes`: what it becomes when so many bytes follow. All reversed: bit 0 has the highest power. */
function shifted(crc: bigint, bytes: number, { polynomial, bits }: { polynomial: bigint; bits: number }): bigint {
  const top = 1n << BigInt(bits - 1)
  const times = (a: bigint, b: bigint): bigint => {
    let product = 0n
    let factor = b
    for (let bit = top; bit > 0n; bit >>= 1n) {
      if (a & bit) product ^= factor
      factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n
    }
    return product
  }
  let power = top >> 8n // x^8
  let result = crc
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(result, power)
    power = times(power, power)
  }
  return result
}

/** Base64 of bytes. */
export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
