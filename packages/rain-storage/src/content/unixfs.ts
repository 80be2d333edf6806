/**
 * The UnixFS `Data` message inside a dag-pb node (ipfs/specs unixfs.md), read strictly and written as go and Helia do: fields in
 * order, block sizes unpacked.
 */
import * as dagPb from '@ipld/dag-pb'
import { StorageError } from '../errors.ts'
import { concat, decodeVarint, encodeVarint } from './bytes.ts'

/** Kinds of UnixFS node by their number on the wire. */
export const unixfsKind = { raw: 0, directory: 1, file: 2, metadata: 3, symlink: 4, hamt: 5 } as const
export type UnixfsKind = (typeof unixfsKind)[keyof typeof unixfsKind]

/** A decoded `Data` message. */
export interface UnixfsData {
  readonly kind: UnixfsKind
  readonly data?: Uint8Array | undefined
  readonly fileSize?: number | undefined
  readonly blockSizes: readonly number[]
  readonly hashType?: number | undefined
  readonly fanout?: number | undefined
  readonly mode?: number | undefined
  readonly mtimeS?: number | undefined
}

/** A dag-pb block with its UnixFS data. */
export interface UnixfsNode {
  readonly data: UnixfsData
  readonly links: readonly dagPb.PBLink[]
}

/** Encodes a `Data` message. */
export function encodeUnixfs(message: Omit<UnixfsData, 'blockSizes'> & { blockSizes?: readonly number[] }): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x08, message.kind)]
  const integer = (tag: number, value: number | undefined) => {
    if (value !== undefined) parts.push(Uint8Array.of(tag), encodeVarint(value))
  }
  if (message.data !== undefined) parts.push(Uint8Array.of(0x12), encodeVarint(message.data.length), message.data)
  integer(0x18, message.fileSize)
  for (const size of message.blockSizes ?? []) integer(0x20, size)
  integer(0x28, message.hashType)
  integer(0x30, message.fanout)
  integer(0x38, message.mode)
  if (message.mtimeS !== undefined) {
    const seconds = concat([Uint8Array.of(0x08), encodeVarint(message.mtimeS)])
    parts.push(Uint8Array.of(0x42), encodeVarint(seconds.length), seconds)
  }
  return concat(parts)
}

/**
 * Decodes a `Data` message; packed and unpacked block sizes, unknown fields skipped.
 * @throws StorageError `STORAGE_MALFORMED`
 */
export function decodeUnixfs(bytes: Uint8Array): UnixfsData {
  const message: { -readonly [K in keyof UnixfsData]: UnixfsData[K] } = { kind: unixfsKind.raw, blockSizes: [] }
  const blockSizes: number[] = []
  let kind: number | undefined
  for (const { field, value, body } of protobufFields(bytes)) {
    if (field === 1) kind = value
    else if (field === 2) message.data = body
    else if (field === 3) message.fileSize = value
    else if (field === 4 && body === undefined) blockSizes.push(value)
    else if (field === 4 && body !== undefined) {
      for (let at = 0; at < body.length; ) {
        const size = decodeVarint(body, at)
        if (size === undefined) throw malformed('packed block sizes end inside a number')
        blockSizes.push(size.value)
        at += size.length
      }
    } else if (field === 5) message.hashType = value
    else if (field === 6) message.fanout = value
    else if (field === 7) message.mode = value
    else if (field === 8 && body !== undefined) {
      for (const part of protobufFields(body)) if (part.field === 1) message.mtimeS = part.value
    }
  }
  if (kind === undefined || kind > 5) throw malformed(`there is no node kind ${kind}`)
  return { ...message, kind: kind as UnixfsKind, blockSizes }
}

/** One field of a protobuf message. */
export interface ProtobufField {
  readonly field: number
  /** a varint; NaN above 2^53, where `varint` has its bytes */
  readonly value: number
  readonly varint?: Uint8Array
  readonly body: Uint8Array | undefined
}

/** The fields of a protobuf message, in order. @throws StorageError `STORAGE_MALFORMED` */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  for (let at = 0; at < bytes.length; ) {
    const tag = decodeVarint(bytes, at)
    if (tag === undefined) throw malformed('a field ends inside its tag')
    at += tag.length
    const field = Math.floor(tag.value / 8)
    const wire = tag.value % 8
    if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4
      if (at + size > bytes.length) throw malformed('a fixed number is cut off')
      yield { field, value: 0, body: undefined }
      at += size
      continue
    }
    if (wire !== 0 && wire !== 2) throw malformed(`wire type ${wire} is not used`)
    const number = wire === 0 ? readUint64(bytes, at) : decodeVarint(bytes, at)
    if (number === undefined) throw malformed('a field is cut off')
    at += number.length
    if (wire === 0) {
      yield { field, value: number.value, varint: bytes.subarray(at - number.length, at), body: undefined }
    } else {
      if (at + number.value > bytes.length) throw malformed('bytes reach beyond the message')
      yield { field, value: 0, body: bytes.subarray(at, at + number.value) }
      at += number.value
    }
  }
}

/** Protobuf's varint may take 10 bytes (a negative time); its value is then not a safe integer and given as NaN. */
function readUint64(bytes: Uint8Array, at: number): { value: number; length: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) return { value: Number.isSafeInteger(value) ? value : Number.NaN, length: i + 1 }
  }
  throw malformed('a varint is longer than 10 bytes')
}

/**
 * Decodes a dag-pb block that holds UnixFS.
 * @throws StorageError `STORAGE_MALFORMED` for broken dag-pb, missing data, or block sizes that do not match the links
 */
export function decodeNode(bytes: Uint8Array): UnixfsNode {
  let node: dagPb.PBNode
  try {
    node = dagPb.decode(bytes)
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'The block is not dag-pb', {}, { cause })
  }
  if (node.Data === undefined) throw malformed('the node has no data')
  const data = decodeUnixfs(node.Data)
  if ((data.kind === unixfsKind.file || data.kind === unixfsKind.raw) && data.blockSizes.length !== node.Links.length) {
    throw malformed(`${data.blockSizes.length} block sizes stand for ${node.Links.length} links`)
  }
  return { data, links: node.Links }
}

/** Encodes a dag-pb block; links keep their order where their names are equal, else are sorted by name. */
export function encodeNode(data: Uint8Array, links: readonly dagPb.PBLink[]): Uint8Array {
  return dagPb.encode(dagPb.prepare({ Data: data, Links: [...links] }))
}

/** Bytes of a file node's content, its own and its children's. */
export function contentSize(data: UnixfsData): number {
  let size = data.data?.length ?? 0
  for (const child of data.blockSizes) size += child
  if (!Number.isSafeInteger(size)) throw malformed('the file size is not a safe integer')
  return size
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `Broken UnixFS node: ${what}`)
}
