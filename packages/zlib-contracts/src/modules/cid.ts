/** CIDs of files as one raw block with SHA-256 (CIDv1, multicodec raw): what IPFS and rain-storage name the same bytes. */
import { getBytes, hexlify, sha256 } from 'ethers'
import { ZlibError } from '../errors.ts'

/** Version 1, raw, SHA2-256 of 32 bytes. */
const PREFIX = '0x01551220'
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** The bytes of a CID, as the registry holds them. */
export function cidOf(content: Uint8Array): `0x${string}` {
  return `${PREFIX}${sha256(content).slice(2)}`
}

/** A CID as text: base32, beginning with `b`. */
export function cidText(cid: `0x${string}`): string {
  let text = 'b'
  let [value, bits] = [0, 0]
  for (const byte of getBytes(cid)) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}

/** Reads the text of a CID of this kind. Errors: `ZLIB_SOURCES` for another kind. */
export function parseCid(text: string): `0x${string}` {
  const bytes: number[] = []
  let [value, bits] = [0, 0]
  for (const char of text.slice(1)) {
    value = (value << 5) | ALPHABET.indexOf(char)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >> bits) & 255)
      value &= (1 << bits) - 1
    }
  }
  const cid = hexlify(Uint8Array.from(bytes)) as `0x${string}`
  if (!isRawCid(cid) || cidText(cid) !== text)
    throw new ZlibError('ZLIB_SOURCES', `${text} is not the CID of a raw block with SHA-256`, { cid: text })
  return cid
}

/** Whether bytes of a CID are of this kind. */
export function isRawCid(cid: string): cid is `0x${string}` {
  return cid.startsWith(PREFIX) && cid.length === PREFIX.length + 64
}
