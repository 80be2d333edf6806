/**
 * Bytes of ICS-23 proofs. Hand-written because every packet passes here twice: byte fields are views into the input,
 * and every deviation from the canonical encoding is refused (a proof that two encodings can express is a second proof).
 */
import { EMPTY_BYTES } from '../encoding/bytes.ts'
import { bool, bytes, message, optional, packedUint, uint32 } from '../encoding/protobuf.ts'
import { ProtoReader, ProtoWriter } from '../encoding/protobuf-wire.ts'
import { HubError } from '../errors.ts'
import type { CommitmentProof, ExistenceProof, InnerOp, LeafOp, NonExistenceProof, ProofSpec } from './proof.ts'

/** A longer proof cannot belong to a tree that the specs allow (128 steps of two hashes, key and value). */
export const MAX_PROOF_BYTES = 1024 * 1024

function malformed(what: string): HubError {
  return new HubError('HUB_DECODE', `ICS-23 proof: ${what}`)
}

function decodeLeafOp(source: Uint8Array): LeafOp {
  const reader = new ProtoReader(source)
  let hash = 0
  let prehashKey = 0
  let prehashValue = 0
  let length = 0
  let prefix = EMPTY_BYTES
  let last = 0
  while (!reader.done) {
    const tag = reader.uint()
    if (tag <= last) throw malformed('leaf fields out of order or repeated')
    last = tag
    if (tag === 8) hash = reader.uint()
    else if (tag === 16) prehashKey = reader.uint()
    else if (tag === 24) prehashValue = reader.uint()
    else if (tag === 32) length = reader.uint()
    else if (tag === 42) prefix = reader.bytes()
    else throw malformed('unknown field in the leaf')
  }
  return { hash, prehashKey, prehashValue, length, prefix }
}

function decodeInnerOp(reader: ProtoReader): InnerOp {
  const length = reader.uint()
  const end = reader.at + length
  if (end > reader.source.length) throw malformed('ends inside a step')
  let hash = 0
  let prefix = EMPTY_BYTES
  let suffix = EMPTY_BYTES
  let last = 0
  while (reader.at < end) {
    const tag = reader.uint()
    if (tag <= last) throw malformed('step fields out of order or repeated')
    last = tag
    if (tag === 8) hash = reader.uint()
    else if (tag === 18) prefix = reader.bytes()
    else if (tag === 26) suffix = reader.bytes()
    else throw malformed('unknown field in a step')
  }
  if (reader.at !== end) throw malformed('a step is longer than it says')
  return { hash, prefix, suffix }
}

function decodeExistence(source: Uint8Array): ExistenceProof {
  const reader = new ProtoReader(source)
  let key = EMPTY_BYTES
  let value = EMPTY_BYTES
  let leaf: LeafOp | undefined
  const path: InnerOp[] = []
  let last = 0
  while (!reader.done) {
    const tag = reader.uint()
    if (tag < last || (tag === last && tag !== 34)) throw malformed('fields out of order or repeated')
    last = tag
    if (tag === 10) key = reader.bytes()
    else if (tag === 18) value = reader.bytes()
    else if (tag === 26) leaf = decodeLeafOp(reader.bytes())
    else if (tag === 34) path.push(decodeInnerOp(reader))
    else throw malformed('unknown field')
  }
  return { key, value, leaf, path }
}

function decodeNonExistence(source: Uint8Array): NonExistenceProof {
  const reader = new ProtoReader(source)
  let key = EMPTY_BYTES
  let left: ExistenceProof | undefined
  let right: ExistenceProof | undefined
  let last = 0
  while (!reader.done) {
    const tag = reader.uint()
    if (tag <= last) throw malformed('fields out of order or repeated')
    last = tag
    if (tag === 10) key = reader.bytes()
    else if (tag === 18) left = decodeExistence(reader.bytes())
    else if (tag === 26) right = decodeExistence(reader.bytes())
    else throw malformed('unknown field')
  }
  return { key, left, right }
}

/** The proof in `source` (`cosmos.ics23.v1.CommitmentProof`). Throws `HUB_DECODE`. Byte fields are views into `source`. */
export function decodeCommitmentProof(source: Uint8Array): CommitmentProof {
  if (source.length > MAX_PROOF_BYTES) throw malformed('too long')
  const reader = new ProtoReader(source)
  if (reader.done) throw malformed('empty')
  const tag = reader.uint()
  if (tag !== 10 && tag !== 18) throw malformed('neither an existence nor a non-existence proof')
  const body = reader.bytes()
  if (!reader.done) throw malformed('bytes behind the proof')
  return tag === 10
    ? { kind: 'exist', exist: decodeExistence(body) }
    : { kind: 'nonexist', nonexist: decodeNonExistence(body) }
}

function writeBytes(writer: ProtoWriter, number: number, value: Uint8Array): void {
  if (value.length === 0) return
  writer.tag(number, 2)
  writer.bytes(value)
}

function writeUint(writer: ProtoWriter, number: number, value: number): void {
  if (value === 0) return
  writer.tag(number, 0)
  writer.uint(value)
}

function encodeExistence(proof: ExistenceProof): Uint8Array {
  const writer = new ProtoWriter()
  writeBytes(writer, 1, proof.key)
  writeBytes(writer, 2, proof.value)
  if (proof.leaf) {
    const leaf = new ProtoWriter()
    writeUint(leaf, 1, proof.leaf.hash)
    writeUint(leaf, 2, proof.leaf.prehashKey)
    writeUint(leaf, 3, proof.leaf.prehashValue)
    writeUint(leaf, 4, proof.leaf.length)
    writeBytes(leaf, 5, proof.leaf.prefix)
    writer.tag(3, 2)
    writer.bytes(leaf.finish())
  }
  for (const step of proof.path) {
    const varint = (n: number) => (n < 128 ? 1 : n < 16384 ? 2 : 3)
    const part = (n: number) => (n === 0 ? 0 : 1 + varint(n) + n)
    writer.tag(4, 2)
    writer.uint((step.hash === 0 ? 0 : 2) + part(step.prefix.length) + part(step.suffix.length))
    writeUint(writer, 1, step.hash)
    writeBytes(writer, 2, step.prefix)
    writeBytes(writer, 3, step.suffix)
  }
  return writer.finish()
}

/** Canonical bytes of `proof`. */
export function encodeCommitmentProof(proof: CommitmentProof): Uint8Array {
  const writer = new ProtoWriter()
  if (proof.kind === 'exist') {
    writer.tag(1, 2)
    writer.bytes(encodeExistence(proof.exist))
    return writer.finish()
  }
  const body = new ProtoWriter()
  writeBytes(body, 1, proof.nonexist.key)
  if (proof.nonexist.left) {
    body.tag(2, 2)
    body.bytes(encodeExistence(proof.nonexist.left))
  }
  if (proof.nonexist.right) {
    body.tag(3, 2)
    body.bytes(encodeExistence(proof.nonexist.right))
  }
  writer.tag(2, 2)
  writer.bytes(body.finish())
  return writer.finish()
}

const LeafOpMessage = message({
  hash: uint32(1),
  prehashKey: uint32(2),
  prehashValue: uint32(3),
  length: uint32(4),
  prefix: bytes(5),
})

const InnerSpecMessage = message({
  childOrder: packedUint(1),
  childSize: uint32(2),
  minPrefixLength: uint32(3),
  maxPrefixLength: uint32(4),
  emptyChild: bytes(5),
  hash: uint32(6),
})

const ProofSpecMessage = message({
  leafSpec: optional(1, LeafOpMessage),
  innerSpec: optional(2, InnerSpecMessage),
  maxDepth: uint32(3),
  minDepth: uint32(4),
  prehashKeyBeforeComparison: bool(5),
})

/** `cosmos.ics23.v1.ProofSpec`, as client states carry it. */
export const ProofSpecCodec = {
  create: (): ProofSpec => ProofSpecCodec.decode(new Uint8Array(0)),
  encode: (spec: Partial<ProofSpec>): Uint8Array =>
    ProofSpecMessage.encode({
      ...(spec as ProofSpec),
      innerSpec: spec.innerSpec && { ...spec.innerSpec, childOrder: [...spec.innerSpec.childOrder] },
    }),
  decode: (source: Uint8Array): ProofSpec => {
    const spec = ProofSpecMessage.decode(source)
    return {
      ...spec,
      leafSpec: spec.leafSpec ?? LeafOpMessage.create(),
      innerSpec: spec.innerSpec ?? InnerSpecMessage.create(),
    }
  },
}
