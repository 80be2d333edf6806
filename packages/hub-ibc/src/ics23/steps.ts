/** What one leaf or one step of a proof computes, and whether it has the form that a spec demands. */
import { concat, startsWith } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { SHA256_PADDING, sha256InPlace } from '../hash/sha256.ts'
import { applyHashOp } from './hash-op.ts'
import { HashOp, type InnerOp, type LeafOp, LengthOp, type ProofSpec } from './proof.ts'
import { iavlSpec, sameFormat, tendermintSpec } from './specs.ts'

function fail(reason: string): HubError {
  return new HubError('HUB_PROOF', reason)
}

function lengthBytes(op: number, length: number): Uint8Array {
  switch (op) {
    case LengthOp.NO_PREFIX:
      return new Uint8Array(0)
    case LengthOp.VAR_PROTO: {
      const out: number[] = []
      for (; length >= 0x80; length >>>= 7) out.push((length & 0x7f) | 0x80)
      out.push(length)
      return Uint8Array.from(out)
    }
    case LengthOp.REQUIRE_32_BYTES:
    case LengthOp.REQUIRE_64_BYTES: {
      const wanted = op === LengthOp.REQUIRE_32_BYTES ? 32 : 64
      if (length !== wanted) throw fail(`leaf data has ${length} bytes, not ${wanted}`)
      return new Uint8Array(0)
    }
    case LengthOp.FIXED32_BIG:
    case LengthOp.FIXED32_LITTLE: {
      const out = new Uint8Array(4)
      new DataView(out.buffer).setUint32(0, length, op === LengthOp.FIXED32_LITTLE)
      return out
    }
    case LengthOp.FIXED64_BIG:
    case LengthOp.FIXED64_LITTLE: {
      const out = new Uint8Array(8)
      new DataView(out.buffer).setBigUint64(0, BigInt(length), op === LengthOp.FIXED64_LITTLE)
      return out
    }
    default:
      throw fail(`unsupported length operation ${op}`)
  }
}

/** The leaf's hash. Throws `HUB_PROOF` for an empty key or value and for unsupported operations. */
export function applyLeaf(leaf: LeafOp, key: Uint8Array, value: Uint8Array): Uint8Array {
  if (key.length === 0) throw fail('leaf needs a key')
  if (value.length === 0) throw fail('leaf needs a value')
  const hashedKey = leaf.prehashKey === HashOp.NO_HASH ? key : applyHashOp(leaf.prehashKey, key)
  const hashedValue = leaf.prehashValue === HashOp.NO_HASH ? value : applyHashOp(leaf.prehashValue, value)
  return applyHashOp(
    leaf.hash,
    concat(
      leaf.prefix,
      lengthBytes(leaf.length, hashedKey.length),
      hashedKey,
      lengthBytes(leaf.length, hashedValue.length),
      hashedValue,
    ),
  )
}

/** The parent's hash. Throws `HUB_PROOF`. */
export function applyInner(step: InnerOp, child: Uint8Array): Uint8Array {
  if (child.length === 0) throw fail('step needs a child')
  return applyHashOp(step.hash, concat(step.prefix, child, step.suffix))
}

// Preimages of SHA-256 steps are put together here; longest: two 33-byte children, a 12-byte header, and headroom for
// custom specs. Synchronous use only.
const PREIMAGE_ROOM = 512
const preimage = new Uint8Array(PREIMAGE_ROOM + SHA256_PADDING)

/** Like {@link applyInner} for a 32-byte SHA-256 child in place: `hash` is read and overwritten. */
export function applyInnerInPlace(step: InnerOp, hash: Uint8Array): void {
  const { prefix, suffix } = step
  const length = prefix.length + 32 + suffix.length
  if (length > PREIMAGE_ROOM) throw fail('step too long')
  let at = 0
  for (let i = 0; i < prefix.length; i++) preimage[at++] = prefix[i]!
  for (let i = 0; i < 32; i++) preimage[at++] = hash[i]!
  for (let i = 0; i < suffix.length; i++) preimage[at++] = suffix[i]!
  sha256InPlace(preimage, length, hash, 0)
}

/** Where {@link readVarint} continues. Module state of one synchronous parse, to return two numbers without an object. */
let cursor = 0

/** A zigzag varint as Go's `encoding/binary` writes it; minus one where it is malformed, not minimal, negative or above 2^53. */
function readVarint(source: Uint8Array): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 9; i++) {
    if (cursor >= source.length) return -1
    const byte = source[cursor++]!
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if ((byte === 0 && i > 0) || value % 2 !== 0 || value > Number.MAX_SAFE_INTEGER) return -1
      return value / 2
    }
    scale *= 128
  }
  return -1
}

function checkIavlLeaf(leaf: LeafOp): void {
  cursor = 0
  const height = readVarint(leaf.prefix)
  const size = readVarint(leaf.prefix)
  const version = readVarint(leaf.prefix)
  if (height < 0 || size < 0 || version < 0) throw fail('IAVL leaf header is malformed')
  if (cursor !== leaf.prefix.length) throw fail('bytes behind the IAVL leaf header')
  if (height !== 0 || size !== 1) throw fail('IAVL leaf must have height 0 and size 1')
}

function checkIavlInner(step: InnerOp, layer: number): void {
  const { prefix } = step
  cursor = 0
  const height = readVarint(prefix)
  const size = readVarint(prefix)
  const version = readVarint(prefix)
  if (height < 0 || size < 0 || version < 0) throw fail('IAVL step header is malformed')
  if (height < layer) throw fail(`IAVL height ${height} below layer ${layer}`)
  const rest = prefix.length - cursor
  if (rest !== 1 && rest !== 34) throw fail('IAVL step must carry a length byte, or one sibling and two length bytes')
}

function checkTendermintInner(step: InnerOp): void {
  if (step.prefix.length === 0 || step.prefix[0] !== 1) throw fail('inner prefix must begin with 01')
  if (step.suffix.length > 0 && step.prefix.length !== 1) throw fail('inner prefix must be 01')
}

/** Throws `HUB_PROOF` unless `leaf` has the form that `spec` demands. */
export function checkLeaf(leaf: LeafOp, spec: ProofSpec): void {
  const wanted = spec.leafSpec
  if (sameFormat(spec, iavlSpec)) checkIavlLeaf(leaf)
  if (leaf.hash !== wanted.hash) throw fail('leaf hash differs from the spec')
  if (leaf.prehashKey !== wanted.prehashKey) throw fail('key prehash differs from the spec')
  if (leaf.prehashValue !== wanted.prehashValue) throw fail('value prehash differs from the spec')
  if (leaf.length !== wanted.length) throw fail('length operation differs from the spec')
  if (!startsWith(leaf.prefix, wanted.prefix)) throw fail('leaf prefix differs from the spec')
  if (sameFormat(spec, tendermintSpec) && leaf.prefix.length !== wanted.prefix.length) {
    throw fail('bytes behind the leaf prefix')
  }
}

/** Throws `HUB_PROOF` unless `step`, `layer` steps above the leaf (the first is 1), has the form that `spec` demands. */
export function checkInner(step: InnerOp, spec: ProofSpec, layer: number): void {
  const wanted = spec.innerSpec
  if (step.hash !== wanted.hash) throw fail('step hash differs from the spec')
  if (sameFormat(spec, iavlSpec)) checkIavlInner(step, layer)
  else if (sameFormat(spec, tendermintSpec)) checkTendermintInner(step)
  if (startsWith(step.prefix, spec.leafSpec.prefix)) throw fail('step looks like a leaf')
  if (step.prefix.length < wanted.minPrefixLength) throw fail('step prefix too short')
  const maxLeftBytes = (wanted.childOrder.length - 1) * wanted.childSize
  if (step.prefix.length > wanted.maxPrefixLength + maxLeftBytes) throw fail('step prefix too long')
  if (wanted.childSize <= 0) throw fail('spec has no child size')
  if (wanted.maxPrefixLength >= wanted.minPrefixLength + wanted.childSize) throw fail('spec prefix range is ambiguous')
  if (step.suffix.length % wanted.childSize !== 0) throw fail('step suffix is not whole children')
  if (step.suffix.length > maxLeftBytes) throw fail('step suffix too long')
}

/**
 * Beyond ics23: throws `HUB_PROOF` unless every step of `path` could come out of a real tree of the format. Each step has
 * one sibling on exactly one side (two at once is the forgery that cost the BNB bridge its funds in 2022), IAVL children
 * are 32 bytes long, and IAVL heights and sizes grow from the leaf to the root.
 */
export function checkRealPath(path: readonly InnerOp[], spec: ProofSpec): void {
  const { childSize, childOrder, minPrefixLength, maxPrefixLength } = spec.innerSpec
  const siblings = (childOrder.length - 1) * childSize
  const iavl = sameFormat(spec, iavlSpec)
  let heightBelow = 0
  let sizeBelow = 1
  for (const { prefix, suffix } of path) {
    const header = prefix.length + suffix.length - siblings
    if (header < minPrefixLength || header > maxPrefixLength) throw fail('step must carry every sibling exactly once')
    if (!iavl) continue
    cursor = 0
    const height = readVarint(prefix)
    const size = readVarint(prefix)
    readVarint(prefix)
    if (height <= heightBelow || size <= sizeBelow) throw fail('IAVL heights and sizes must grow towards the root')
    heightBelow = height
    sizeBelow = size
    if (prefix[cursor] !== 0x20 || prefix[prefix.length - 1] !== 0x20 || (suffix.length > 0 && suffix[0] !== 0x20)) {
      throw fail('IAVL child length must be 32')
    }
  }
}

/**
 * {@link checkInner} and {@link checkRealPath} in one pass for IAVL proofs, which are nearly all there are. Returns false where
 * anything is unusual; the two then say what.
 */
export function isPlainIavlPath(path: readonly InnerOp[], spec: ProofSpec): boolean {
  if (spec.leafSpec.prefix.length !== 1 || spec.leafSpec.prefix[0] !== 0) return false
  let heightBelow = 0
  let sizeBelow = 1
  for (let i = 0; i < path.length; i++) {
    const { hash, prefix, suffix } = path[i]!
    if (hash !== HashOp.SHA256) return false
    cursor = 0
    const height = readVarint(prefix)
    const size = readVarint(prefix)
    const version = readVarint(prefix)
    if (height <= i || height <= heightBelow || size <= sizeBelow || version < 0 || cursor < 3 || cursor > 11)
      return false
    const rest = prefix.length - cursor
    if (rest === 1 ? suffix.length !== 33 || suffix[0] !== 0x20 : rest !== 34 || suffix.length !== 0) return false
    if (prefix[cursor] !== 0x20 || prefix[prefix.length - 1] !== 0x20) return false
    heightBelow = height
    sizeBelow = size
  }
  return true
}
