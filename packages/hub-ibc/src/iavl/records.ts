/** Keys and records of a store on disk: where nodes, roots and orphans lie, each record with its checksum. */
import { ProtoReader, ProtoWriter } from '../encoding/protobuf-wire.ts'
import { HubError } from '../errors.ts'
import { IavlNode, type NodeRef } from './node.ts'

export const STORE_META: Uint8Array = Uint8Array.of(0x6d)

/** A tag and numbers below 2^53, each as eight bytes, most significant first. */
function recordKey(tag: number, ...numbers: readonly number[]): Uint8Array {
  const key = new Uint8Array(1 + 8 * numbers.length)
  key[0] = tag
  const view = new DataView(key.buffer)
  numbers.forEach((number, i) => {
    view.setUint32(1 + 8 * i, Math.floor(number / 0x1_0000_0000))
    view.setUint32(5 + 8 * i, number >>> 0)
  })
  return key
}
export const nodeKey = (version: number, nonce: number): Uint8Array => recordKey(0x6e, version, nonce)
export const rootKey = (version: number): Uint8Array => recordKey(0x72, version)
export const orphansKey = (version: number): Uint8Array => recordKey(0x6f, version)

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

function crc32(bytes: Uint8Array): number {
  let c = -1
  for (let i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}

/** A record: what `writer` holds, and its CRC-32. */
export function sealRecord(writer: ProtoWriter): Uint8Array {
  const body = writer.finish()
  const record = new Uint8Array(body.length + 4)
  record.set(body)
  new DataView(record.buffer).setUint32(body.length, crc32(body))
  return record
}

/** The inside of a record. Throws `HUB_STORE_DAMAGED`. */
export function openRecord(record: Uint8Array | undefined, what: string): ProtoReader {
  if (!record || record.length < 4) throw new HubError('HUB_STORE_DAMAGED', `${what} is missing`)
  const body = record.subarray(0, record.length - 4)
  const sum = new DataView(record.buffer, record.byteOffset + body.length, 4).getUint32(0)
  if (sum !== crc32(body)) throw new HubError('HUB_STORE_DAMAGED', `${what} fails its checksum`)
  return new ProtoReader(body)
}

export function writeRef(writer: ProtoWriter, { version, nonce, hash }: NodeRef): void {
  writer.uint(version)
  writer.uint(nonce)
  writer.bytes(hash)
}

export function readRef(reader: ProtoReader): NodeRef {
  return { version: reader.uint(), nonce: reader.uint(), hash: reader.bytes() }
}

/** The record of a store whose versions are `oldest … latest`. */
export function metaRecord(latest: number, oldest: number): readonly [Uint8Array, Uint8Array] {
  const writer = new ProtoWriter()
  writer.uint(latest)
  writer.uint(oldest)
  return [STORE_META, sealRecord(writer)]
}

/** A node from its record, without hash and place. */
export function readNode(reader: ProtoReader): IavlNode {
  const height = reader.uint()
  const size = reader.uint()
  const node = new IavlNode(reader.bytes(), undefined)
  node.height = height
  node.size = size
  if (height === 0) node.value = reader.bytes()
  else {
    node.leftRef = readRef(reader)
    node.rightRef = readRef(reader)
  }
  return node
}
