/**
 * The state as chunks of records, in the order of the store: accounts by address, code by hash, slots by address and slot; then the nodes of the IBC trees
 * by their place. The order and the bounds are fixed, so that every node cuts the same state into the same chunks, and a chunk can come from any of them.
 *
 *   record:  kind (1) ‖ key (20 for an account, 32 for code, 52 for a slot) ‖ length of the value (4, big-endian) ‖ value
 *   node:    kind (1) ‖ length of the place (1) ‖ place in ASCII ‖ length (4) ‖ node
 */
import { bytesToHex } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import type { KeyValueSnapshot } from '../store/kv.ts'
import { TREE_LETTER, treeRecords } from './ibc-trees.ts'
import type { StateRecord } from './state-record.ts'

/** A chunk ends with the record that reaches this: small enough to come within seconds over a slow line. */
const CHUNK_BYTES = 256 * 1024
/** Code has 24 KiB at most (EIP-170), an account some 110 bytes, a slot 32, what an IBC message stores less than its transaction's 128 KiB. */
const MAX_VALUE_BYTES = 136 * 1024
export const MAX_CHUNK_BYTES = CHUNK_BYTES + MAX_VALUE_BYTES + 64

/** Letters of the store's keys, in their order, with the bytes of what follows. */
const KINDS = [
  { letter: 'a', parts: [20] },
  { letter: 'c', parts: [32] },
  { letter: 's', parts: [20, 32] },
] as const
/** The kind of a node. */
const TREE_KIND = KINDS.length
/** What stands in front of a value, beside the key of the state. */
const FRAME_BYTES = 5

/** Letter of the tree, then the way from its root. */
const PLACE = /^[iz](\.[01]{0,80})?$/

function encodeRecords(records: readonly StateRecord[], bytes: number): Uint8Array {
  const chunk = new Uint8Array(bytes)
  const view = new DataView(chunk.buffer)
  let at = 0
  for (const { key, value } of records) {
    const isNode = key.startsWith(TREE_LETTER)
    chunk[at++] = isNode ? TREE_KIND : KINDS.findIndex(({ letter }) => letter === key[0])
    const name = isNode ? placeBytes(key) : Buffer.from(key.slice(1).replaceAll('0x', ''), 'hex')
    chunk.set(name, at)
    at += name.length
    view.setUint32(at, value.length)
    chunk.set(value, at + 4)
    at += 4 + value.length
  }
  return chunk
}

/** Cuts the state in `snapshot` into chunks, from the record `from` on. Cost: reads the whole state. */
export async function* stateChunks(
  snapshot: KeyValueSnapshot,
  from = '',
): AsyncGenerator<{ first: string; bytes: Uint8Array }> {
  let records: StateRecord[] = []
  let bytes = 0
  for await (const record of recordsOf(snapshot, from)) {
    records.push(record)
    bytes += sizeOf(record)
    if (bytes < CHUNK_BYTES) continue
    yield { first: records[0]!.key, bytes: encodeRecords(records, bytes) }
    records = []
    bytes = 0
  }
  if (records.length > 0) yield { first: records[0]!.key, bytes: encodeRecords(records, bytes) }
}

async function* recordsOf(snapshot: KeyValueSnapshot, from: string): AsyncGenerator<StateRecord> {
  for (const { letter } of KINDS) {
    const end = String.fromCharCode(letter.charCodeAt(0) + 1)
    if (from >= end) continue
    for await (const [key, value] of snapshot.entries(from > letter ? from : letter, end)) yield { key, value }
  }
  yield* treeRecords(snapshot, from)
}

function sizeOf({ key, value }: StateRecord): number {
  if (key.startsWith(TREE_LETTER)) return FRAME_BYTES + placeBytes(key).length + value.length
  const { parts } = KINDS.find(({ letter }) => letter === key[0])!
  return FRAME_BYTES + parts.reduce((sum, part) => sum + part, 0) + value.length
}

/** The place of a node, its length in front. */
function placeBytes(key: string): Uint8Array {
  const place = Buffer.from(key.slice(TREE_LETTER.length), 'latin1')
  return Buffer.concat([Uint8Array.of(place.length), place])
}

/** The records of a chunk. Throws `NODE_SNAPSHOT_INVALID` for bytes that {@link stateChunks} does not make, and unless keys ascend from `after` on. */
export function decodeChunk(chunk: Uint8Array, after = ''): StateRecord[] {
  const refuse = (reason: string): never => {
    throw new NodeError('NODE_SNAPSHOT_INVALID', `a chunk of a snapshot cannot be used: ${reason}`, {
      bytes: chunk.length,
    })
  }
  if (chunk.length === 0 || chunk.length > MAX_CHUNK_BYTES) refuse(`it has ${chunk.length} bytes`)
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
  const records: StateRecord[] = []
  let last = after
  for (let at = 0; at < chunk.length; ) {
    const number = chunk[at++]!
    let key: string
    if (number === TREE_KIND) {
      const end = at + 1 + (chunk[at] ?? 0)
      const place = Buffer.from(chunk.subarray(at + 1, end)).toString('latin1')
      if (!PLACE.test(place)) refuse('a node without a place')
      key = TREE_LETTER + place
      at = end
    } else {
      const kind = KINDS[number] ?? refuse('a record of an unknown kind')
      key = kind.letter
      for (const part of kind.parts) {
        key += bytesToHex(chunk.subarray(at, at + part))
        at += part
      }
    }
    if (at + 4 > chunk.length) refuse('it ends within a record')
    const length = view.getUint32(at)
    at += 4
    if (length === 0 || length > MAX_VALUE_BYTES || at + length > chunk.length) refuse(`a value of ${length} bytes`)
    if (key <= last) refuse(`${key} comes after ${last}`)
    records.push({ key, value: chunk.slice(at, at + length) })
    last = key
    at += length
  }
  return records
}
