/** Messages of Bitswap 1.2.0 (ipfs/specs bitswap-protocol): what is needed to ask for blocks and to serve them. */
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { concat, decodeVarint, encodeVarint } from '../content/bytes.ts'
import { digestOf, hash } from '../content/cid.ts'
import { protobufFields } from '../content/unixfs.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'

/** Largest message that peers of IPFS accept. */
export const MAX_BITSWAP_MESSAGE_BYTES = 4 * 1024 * 1024
/** Entries of one want list that are looked at. */
export const MAX_WANTS = 1024

/** A wanted block. */
export interface Want {
  readonly cid: CID
  readonly cancel: boolean
  /** only whether it is there, not the block */
  readonly haveOnly: boolean
  readonly sendDontHave: boolean
}

/** A decoded message. */
export interface BitswapMessage {
  readonly wants: readonly Want[]
  readonly blocks: readonly { readonly cid: CID; readonly bytes: Uint8Array }[]
  readonly presences: readonly { readonly cid: CID; readonly have: boolean }[]
}

function bytesField(field: number, body: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((field << 3) | 2), encodeVarint(body.length), body])
}

function varintField(field: number, value: number): Uint8Array {
  return concat([Uint8Array.of(field << 3), encodeVarint(value)])
}

/** Encodes a message. */
export function encodeBitswap(message: Partial<BitswapMessage>): Uint8Array {
  const parts: Uint8Array[] = []
  if (message.wants !== undefined && message.wants.length > 0) {
    const entries = message.wants.map(({ cid, cancel, haveOnly, sendDontHave }) =>
      bytesField(
        1,
        concat([
          bytesField(1, cid.bytes),
          varintField(2, 1),
          ...(cancel ? [varintField(3, 1)] : []),
          ...(haveOnly ? [varintField(4, 1)] : []),
          ...(sendDontHave ? [varintField(5, 1)] : []),
        ]),
      ),
    )
    parts.push(bytesField(1, concat([...entries, varintField(2, 0)])))
  }
  for (const { cid, bytes } of message.blocks ?? []) {
    const { code, digest } = cid.multihash
    const prefix = concat([
      encodeVarint(cid.version),
      encodeVarint(cid.code),
      encodeVarint(code),
      encodeVarint(digest.length),
    ])
    parts.push(bytesField(3, concat([bytesField(1, prefix), bytesField(2, bytes)])))
  }
  for (const { cid, have } of message.presences ?? []) {
    parts.push(bytesField(4, concat([bytesField(1, cid.bytes), ...(have ? [] : [varintField(2, 1)])])))
  }
  return concat([new Uint8Array(0), ...parts])
}

/**
 * Decodes a message and hashes its blocks: a block's CID is computed, never believed.
 * @throws StorageError `STORAGE_MALFORMED`, `STORAGE_LIMIT`
 */
export async function decodeBitswap(crypto: CryptoPort, bytes: Uint8Array): Promise<BitswapMessage> {
  const wants: Want[] = []
  const blocks: { cid: CID; bytes: Uint8Array }[] = []
  const presences: { cid: CID; have: boolean }[] = []
  for (const { field, body } of protobufFields(bytes)) {
    if (body === undefined) continue
    if (field === 1) {
      for (const entry of protobufFields(body)) {
        if (entry.field !== 1 || entry.body === undefined) continue
        if (wants.length >= MAX_WANTS)
          throw new StorageError('STORAGE_LIMIT', 'The want list is too long', { limit: MAX_WANTS })
        wants.push(decodeWant(entry.body))
      }
    } else if (field === 3) {
      blocks.push(await decodeBlock(crypto, body))
    } else if (field === 4) {
      let cid: CID | undefined
      let have = true
      for (const part of protobufFields(body)) {
        if (part.field === 1 && part.body !== undefined) cid = decodeCid(part.body)
        else if (part.field === 2) have = part.value === 0
      }
      if (cid !== undefined) presences.push({ cid, have })
    }
  }
  return { wants, blocks, presences }
}

function decodeWant(body: Uint8Array): Want {
  let cid: CID | undefined
  const flags = { cancel: false, haveOnly: false, sendDontHave: false }
  for (const { field, value, body: inner } of protobufFields(body)) {
    if (field === 1 && inner !== undefined) cid = decodeCid(inner)
    else if (field === 3) flags.cancel = value !== 0
    else if (field === 4) flags.haveOnly = value === 1
    else if (field === 5) flags.sendDontHave = value !== 0
  }
  if (cid === undefined) throw new StorageError('STORAGE_MALFORMED', 'A want has no CID')
  return { cid, ...flags }
}

async function decodeBlock(crypto: CryptoPort, body: Uint8Array): Promise<{ cid: CID; bytes: Uint8Array }> {
  let prefix: Uint8Array | undefined
  let bytes: Uint8Array = new Uint8Array(0)
  for (const { field, body: inner } of protobufFields(body)) {
    if (field === 1) prefix = inner
    else if (field === 2 && inner !== undefined) bytes = inner
  }
  const numbers: number[] = []
  for (let at = 0; prefix !== undefined && at < prefix.length && numbers.length < 4; ) {
    const number = decodeVarint(prefix, at)
    if (number === undefined) break
    numbers.push(number.value)
    at += number.length
  }
  const [version, codecCode, hashCode] = numbers
  const value = hashCode === undefined || hashCode === hash.identity ? undefined : digestOf(crypto, hashCode, bytes)
  if (version === undefined || codecCode === undefined || hashCode === undefined || value === undefined) {
    throw new StorageError('STORAGE_MALFORMED', 'A block has no usable prefix', { numbers })
  }
  if (version === 0 && hashCode === hash.sha256)
    return { cid: CID.createV0(createDigest(hashCode, await value)), bytes }
  return { cid: CID.createV1(codecCode, createDigest(hashCode, await value)), bytes }
}

function decodeCid(bytes: Uint8Array): CID {
  try {
    return CID.decode(bytes)
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'A CID in a message is broken', {}, { cause })
  }
}
