/** U2: typed messages, the payload that carries them, and the Merkle root that the header commits to. */
import { DagError } from '../errors.ts'
import { CborReader, CborWriter } from './cbor.ts'
import { blake2b256, type Hash } from './header.ts'
import { bytesToHex, type Hex, hexToBytes } from './id.ts'
import { FORMAT_BOUNDS, UNIT_LIMITS, type UnitLimits } from './limits.ts'
import type { UnitProblem } from './validate.ts'

/** What a message is about. Numbers that are not listed are carried, charged and ignored. */
export const MessageKind = {
  /** Raw EIP-2718 transactions. */
  transactions: 1,
  /** Bond, delegate and other operations of the consensus contract. */
  consensus: 2,
  /** A ticket of the lottery. */
  ticket: 3,
  /** A validator's bet. */
  bet: 4,
  /** A share of a checkpoint's signatures. */
  checkpointShare: 5,
  /** Proof of an offence. */
  evidence: 6,
  /** Cross-chain messages. */
  ibc: 7,
  /** Storage contracts and proofs. */
  storage: 8,
  /** Any bytes. */
  data: 9,
  /** A validator's proof of its VRF output for a term. */
  vrf: 10,
} as const

/** One message of a unit. */
export interface Message {
  /** A {@link MessageKind}, or an unknown number (unsigned, 32 bits). */
  readonly kind: number
  /** Version of the kind's body (unsigned, 16 bits). */
  readonly version: number
  readonly body: Uint8Array
  /** State keys read, ascending and unique; absent: not declared, so the message may read anything (U6). */
  readonly reads?: readonly Uint8Array[]
  /** State keys written, ascending and unique; absent: not declared. */
  readonly writes?: readonly Uint8Array[]
}

/** Compares byte strings lexicographically; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

function keysProblem(keys: readonly Uint8Array[] | undefined): string | undefined {
  if (keys === undefined) return undefined
  if (keys.length > FORMAT_BOUNDS.keys) return `${keys.length} keys`
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1]!, keys[i]!) >= 0) return `key ${bytesToHex(keys[i]!)} is not after the one before it`
  }
  return undefined
}

/** The same keys ascending, each once. */
function sortedKeys(keys: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...keys].sort(compareBytes)
  return sorted.filter((key, i) => i === 0 || compareBytes(sorted[i - 1]!, key) !== 0)
}

/** The message with its keys sorted and unique, as the canonical encoding needs them. */
export function normalizeMessage(message: Message): Message {
  return {
    kind: message.kind,
    version: message.version,
    body: message.body,
    ...(message.reads && { reads: sortedKeys(message.reads) }),
    ...(message.writes && { writes: sortedKeys(message.writes) }),
  }
}

function isUint(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}

function writeMessage(writer: CborWriter, message: Message): void {
  const wrong =
    (!isUint(message.kind, 0xffffffff) && `kind ${message.kind}`) ||
    (!isUint(message.version, 0xffff) && `version ${message.version}`) ||
    keysProblem(message.reads) ||
    keysProblem(message.writes)
  if (wrong) throw new DagError('DAG_UNIT_INVALID', `message cannot be encoded: ${wrong}`, { problem: 'UNIT_FIELD' })
  const declared = message.reads !== undefined || message.writes !== undefined
  writer
    .array(declared ? 5 : 3)
    .uint(message.kind)
    .uint(message.version)
    .bytes(message.body)
  if (!declared) return
  for (const keys of [message.reads, message.writes]) {
    if (keys === undefined) writer.nothing()
    else {
      writer.array(keys.length)
      for (const key of keys) writer.bytes(key)
    }
  }
}

function readKeys(reader: CborReader): Uint8Array[] | undefined {
  if (reader.nothing()) return undefined
  const keys: Uint8Array[] = []
  for (let left = reader.array(FORMAT_BOUNDS.keys); left > 0; left--) {
    const key = reader.bytes(FORMAT_BOUNDS.payloadBytes)
    const last = keys.at(-1)
    if (last && compareBytes(last, key) >= 0) reader.fail('keys ascending and unique')
    keys.push(key)
  }
  return keys
}

function readMessage(reader: CborReader): Message {
  const items = reader.array(5)
  if (items !== 3 && items !== 5) reader.fail('3 or 5 items')
  const base = {
    kind: reader.uint(0xffffffff),
    version: reader.uint(0xffff),
    body: reader.bytes(FORMAT_BOUNDS.payloadBytes),
  }
  if (items === 3) return base
  const reads = readKeys(reader)
  const writes = readKeys(reader)
  if (reads === undefined && writes === undefined) reader.fail('a declaration of keys')
  return { ...base, ...(reads && { reads }), ...(writes && { writes }) }
}

/** The canonical bytes of one message, the leaf of the Merkle tree. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new CborWriter(64 + message.body.length)
  writeMessage(writer, message)
  return writer.finish()
}

/** The canonical bytes of a payload, a DAG-CBOR array of messages. Throws `DAG_UNIT_INVALID` for what has no encoding. */
export function encodePayload(messages: readonly Message[]): Uint8Array {
  const writer = new CborWriter(messages.reduce((sum, { body }) => sum + body.length + 64, 9))
  writer.array(messages.length)
  for (const message of messages) writeMessage(writer, message)
  return writer.finish()
}

/** Reads a payload; throws `DAG_ENCODING` for bytes that {@link encodePayload} would not have written. */
export function decodePayload(bytes: Uint8Array): Message[] {
  const reader = new CborReader(bytes)
  const messages: Message[] = []
  for (let left = reader.array(FORMAT_BOUNDS.messages); left > 0; left--) messages.push(readMessage(reader))
  reader.end()
  return messages
}

/** Checks number, keys and encoded size of messages against the limits of U4. `payloadLength`: bytes of the encoded payload. */
export function validatePayloadShape(
  messages: readonly Message[],
  payloadLength: number,
  limits: UnitLimits = UNIT_LIMITS,
): UnitProblem | undefined {
  if (messages.length > limits.messages) {
    return { code: 'UNIT_MESSAGE_LIMIT', reason: `${messages.length} messages, at most ${limits.messages}` }
  }
  if (payloadLength > limits.payloadBytes) {
    return { code: 'UNIT_PAYLOAD_LIMIT', reason: `payload of ${payloadLength} bytes, at most ${limits.payloadBytes}` }
  }
  for (const { reads = [], writes = [] } of messages) {
    if (reads.length > limits.keys || writes.length > limits.keys) {
      return { code: 'UNIT_KEY_LIMIT', reason: `${Math.max(reads.length, writes.length)} keys, at most ${limits.keys}` }
    }
    const long = [...reads, ...writes].find((key) => key.length > limits.keyBytes)
    if (long) return { code: 'UNIT_KEY_LIMIT', reason: `key of ${long.length} bytes, at most ${limits.keyBytes}` }
  }
  return undefined
}

/*
 * The Merkle tree of RFC 6962 §2.1 over the encoded messages, with BLAKE2b-256: a leaf hashes 0x00 ‖ bytes, a node
 * 0x01 ‖ left ‖ right, the left subtree holds the largest power of two below the number of leaves; no message: the hash of nothing.
 */
function leafHash(leaf: Uint8Array, hash: Hash): Uint8Array {
  const input = new Uint8Array(leaf.length + 1)
  input.set(leaf, 1)
  return hash(input)
}

function nodeHash(left: Uint8Array, right: Uint8Array, hash: Hash): Uint8Array {
  const input = new Uint8Array(65)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 33)
  return hash(input)
}

function split(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1))
}

function subtree(leaves: readonly Uint8Array[], hash: Hash): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  const left = split(leaves.length)
  return nodeHash(subtree(leaves.slice(0, left), hash), subtree(leaves.slice(left), hash), hash)
}

/** The root that a header carries for these messages. Cost: hashes every message once. */
export function messageRoot(messages: readonly Message[], hash: Hash = blake2b256): Hex {
  if (messages.length === 0) return bytesToHex(hash(new Uint8Array(0)))
  return bytesToHex(
    subtree(
      messages.map((message) => leafHash(encodeMessage(message), hash)),
      hash,
    ),
  )
}

/** The sibling hashes, leaf upwards, that prove message `index` of a unit to one who has only the header. */
export function proveMessage(messages: readonly Message[], index: number, hash: Hash = blake2b256): Hex[] {
  if (!isUint(index, messages.length - 1)) {
    throw new DagError('DAG_INVALID_ARGUMENT', `no message ${index} among ${messages.length}`, { index })
  }
  const path: Hex[] = []
  let leaves = messages.map((message) => leafHash(encodeMessage(message), hash))
  let at = index
  while (leaves.length > 1) {
    const left = split(leaves.length)
    const [own, other] =
      at < left ? [leaves.slice(0, left), leaves.slice(left)] : [leaves.slice(left), leaves.slice(0, left)]
    if (at >= left) at -= left
    path.unshift(bytesToHex(subtree(other, hash)))
    leaves = own
  }
  return path
}

/** True if `message` is number `index` of the `count` messages under `root`. Never throws for foreign proofs. */
export function verifyMessageProof(
  message: Message,
  index: number,
  count: number,
  path: readonly Hex[],
  root: Hex,
  hash: Hash = blake2b256,
): boolean {
  if (!isUint(count, FORMAT_BOUNDS.messages) || !isUint(index, count - 1)) return false
  const sides: boolean[] = []
  for (let at = index, size = count; size > 1; ) {
    const left = split(size)
    sides.unshift(at >= left)
    if (at >= left) at -= left
    size = sides[0] ? size - left : left
  }
  if (sides.length !== path.length || !path.every((step) => /^0x[0-9a-f]{64}$/.test(step))) return false
  let node = leafHash(encodeMessage(message), hash)
  sides.forEach((isRight, i) => {
    const sibling = hexToBytes(path[i]!)
    node = isRight ? nodeHash(sibling, node, hash) : nodeHash(node, sibling, hash)
  })
  return bytesToHex(node) === root
}
