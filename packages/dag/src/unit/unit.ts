/** U1: a unit is header, messages and the authors' signatures. Making, encoding, decoding and checking whole units. */
import { DagError } from '../errors.ts'
import { CborReader, CborWriter } from './cbor.ts'
import { blake2b256, decodeHeader, encodeHeader, type Hash, type LastFinal, type UnitHeader, unitId } from './header.ts'
import { type Address, bytesToHex, type UnitId } from './id.ts'
import { FORMAT_BOUNDS, UNIT_LIMITS, type UnitLimits } from './limits.ts'
import {
  decodePayload,
  encodePayload,
  type Message,
  messageRoot,
  normalizeMessage,
  validatePayloadShape,
} from './message.ts'
import {
  type AuthorSignature,
  addressOf,
  nobleVerifier,
  SCHEME_BIP340,
  type SignatureItem,
  type SignatureVerifier,
  type Signer,
  signingDigest,
} from './signature.ts'
import { type UnitProblem, type UnitProblemCode, validateHeaderShape } from './validate.ts'

/** The vertex of the ledger. */
export interface Unit {
  readonly id: UnitId
  readonly header: UnitHeader
  readonly messages: readonly Message[]
  /** One for each of `header.authors`, in that order. Not part of the id. */
  readonly signatures: readonly AuthorSignature[]
}

/** What the author of a unit chooses; the rest of the header follows. */
export interface UnitFields {
  readonly networkId: number
  /** In any order; a validator's self-parent may be left out. */
  readonly parents: readonly UnitId[]
  readonly timestampMs: number
  readonly lastFinal: LastFinal
  readonly validUntilMci: number
  readonly validator?: { readonly round: number; readonly selfParent: UnitId }
}

/** Options for functions that hash and know limits. */
export interface UnitOptions {
  readonly limits?: UnitLimits
  readonly hash?: Hash
}

function refuse(found: UnitProblem | undefined): void {
  if (found) throw new DagError('DAG_UNIT_INVALID', `unit is invalid: ${found.reason}`, { problem: found.code })
}

/** The header for these fields, messages and authors: sorts parents and authors as U3 asks. Throws `DAG_UNIT_INVALID`. */
export function createHeader(
  fields: UnitFields,
  messages: readonly Message[],
  authors: readonly Address[],
  { limits = UNIT_LIMITS, hash = blake2b256 }: UnitOptions = {},
): UnitHeader {
  const payloadLength = encodePayload(messages).length
  refuse(validatePayloadShape(messages, payloadLength, limits))
  const { validator } = fields
  const others = [...new Set(fields.parents)].filter((parent) => parent !== validator?.selfParent).sort()
  const header: UnitHeader = {
    version: 1,
    networkId: fields.networkId,
    parents: validator ? [validator.selfParent, ...others] : others,
    messageRoot: messageRoot(messages, hash),
    payloadLength,
    timestampMs: fields.timestampMs,
    authors: [...new Set(authors)].sort(),
    lastFinal: { mci: fields.lastFinal.mci, id: fields.lastFinal.id },
    validUntilMci: fields.validUntilMci,
    ...(validator && { validator: { round: validator.round, selfParent: validator.selfParent } }),
  }
  refuse(validateHeaderShape(header, limits))
  return header
}

/**
 * Makes and signs a unit. Parents, authors and declared keys are sorted for you. A genesis has neither parents nor signers.
 * Throws `DAG_UNIT_INVALID` when a rule of U1–U4 is broken (`context.problem` names it), before anything is signed.
 */
export async function createUnit(
  unit: UnitFields & { readonly messages: readonly Message[]; readonly signers: readonly Signer[] },
  options: UnitOptions = {},
): Promise<Unit> {
  const messages = unit.messages.map(normalizeMessage)
  const signers = [...new Map(unit.signers.map((signer) => [signer.address, signer])).values()]
  signers.sort((a, b) => (a.address < b.address ? -1 : 1))
  const authors = signers.map(({ address }) => address)
  const header = createHeader(unit, messages, authors, options)
  const id = unitId(header, options.hash)
  const digest = signingDigest(id, header.networkId, options.hash)
  const signatures: AuthorSignature[] = []
  for (const signer of signers) {
    const signature = await signer.sign(digest)
    signatures.push({ scheme: SCHEME_BIP340, publicKey: signer.publicKey, signature })
  }
  return { id, header, messages, signatures }
}

/** The canonical bytes of a whole unit: a DAG-CBOR array of header bytes, payload bytes and signatures. */
export function encodeUnit(unit: Unit): Uint8Array {
  const header = encodeHeader(unit.header)
  const payload = encodePayload(unit.messages)
  const writer = new CborWriter(header.length + payload.length + 104 * unit.signatures.length + 16)
  writer.array(3).bytes(header).bytes(payload).array(unit.signatures.length)
  for (const { scheme, publicKey, signature } of unit.signatures) {
    writer.array(3).uint(scheme).bytes(publicKey).bytes(signature)
  }
  return writer.finish()
}

/**
 * Reads a unit and computes its id. Throws `DAG_ENCODING` for bytes that are not canonical, and `DAG_UNIT_INVALID` when header
 * and payload do not belong together or a limit is exceeded. Signatures are not checked: see {@link verifyUnitSignatures}.
 */
export function decodeUnit(bytes: Uint8Array, { limits = UNIT_LIMITS, hash = blake2b256 }: UnitOptions = {}): Unit {
  const reader = new CborReader(bytes)
  if (reader.array(3) !== 3) reader.fail('header, payload and signatures')
  const headerBytes = reader.bytes(FORMAT_BOUNDS.parents * 43 + 4096)
  const payloadBytes = reader.bytes(FORMAT_BOUNDS.payloadBytes)
  const signatures: AuthorSignature[] = []
  for (let left = reader.array(FORMAT_BOUNDS.authors); left > 0; left--) {
    if (reader.array(3) !== 3) reader.fail('scheme, public key and signature')
    if (reader.uint() !== SCHEME_BIP340) reader.fail('signature scheme 1')
    signatures.push({ scheme: SCHEME_BIP340, publicKey: reader.bytesOf(33), signature: reader.bytesOf(64) })
  }
  reader.end()
  const header = decodeHeader(headerBytes)
  refuse(validateHeaderShape(header, limits))
  const messages = decodePayload(payloadBytes)
  refuse(validatePayloadShape(messages, payloadBytes.length, limits))
  const id = bytesToHex(hash(headerBytes)) as UnitId
  const unit = { id, header, messages, signatures }
  refuse(bindingProblem(unit, payloadBytes.length, hash))
  return unit
}

function bindingProblem(unit: Unit, payloadLength: number, hash: Hash): UnitProblem | undefined {
  const { header, messages, signatures } = unit
  if (header.payloadLength !== payloadLength) {
    return {
      code: 'UNIT_PAYLOAD_LENGTH',
      reason: `payload of ${payloadLength} bytes, header says ${header.payloadLength}`,
    }
  }
  const root = messageRoot(messages, hash)
  if (root !== header.messageRoot) {
    return { code: 'UNIT_MESSAGE_ROOT', reason: `messages hash to ${root}, header says ${header.messageRoot}` }
  }
  if (signatures.length !== header.authors.length) {
    return {
      code: 'UNIT_SIGNATURE_COUNT',
      reason: `${signatures.length} signatures of ${header.authors.length} authors`,
    }
  }
  return undefined
}

/** Everything that can be checked of a unit without the DAG and without its signatures. For units not made by {@link decodeUnit}. */
export function validateUnitShape(
  unit: Unit,
  { limits = UNIT_LIMITS, hash = blake2b256 }: UnitOptions = {},
): UnitProblem | undefined {
  const shape = validateHeaderShape(unit.header, limits)
  if (shape) return shape
  const payloadLength = encodePayload(unit.messages).length
  const payload = validatePayloadShape(unit.messages, payloadLength, limits)
  if (payload) return payload
  const id = unitId(unit.header, hash)
  if (id !== unit.id) return { code: 'UNIT_ID', reason: `header hashes to ${id}, unit says ${unit.id}` }
  return bindingProblem(unit, payloadLength, hash)
}

/** The signatures of a unit as items for a verifier: for batches over many units. */
export function signatureItems(
  unit: Pick<Unit, 'id' | 'header' | 'signatures'>,
  hash: Hash = blake2b256,
): SignatureItem[] {
  const digest = signingDigest(unit.id, unit.header.networkId, hash)
  return unit.signatures.map(({ publicKey, signature }) => ({ publicKey, digest, signature }))
}

/** Checks that the public keys of a unit's signatures are those of its authors, in order. Does not verify signatures. */
export function validateSigners(unit: Pick<Unit, 'header' | 'signatures'>): UnitProblem | undefined {
  const { header, signatures } = unit
  const problem = (code: UnitProblemCode, reason: string) => ({ code, reason })
  if (signatures.length !== header.authors.length) {
    return problem('UNIT_SIGNATURE_COUNT', `${signatures.length} signatures of ${header.authors.length} authors`)
  }
  for (const [i, { publicKey, signature }] of signatures.entries()) {
    if (publicKey.length !== 33)
      return problem('UNIT_SIGNATURE_KEY', `signature ${i} has a key of ${publicKey.length} bytes`)
    if (signature.length !== 64) return problem('UNIT_SIGNATURE', `signature ${i} has ${signature.length} bytes`)
    let address: Address
    try {
      address = addressOf(publicKey)
    } catch {
      return problem('UNIT_SIGNATURE_KEY', `signature ${i} has no valid public key`)
    }
    if (address !== header.authors[i]) {
      return problem('UNIT_SIGNATURE_KEY', `signature ${i} is by ${address}, author is ${header.authors[i]}`)
    }
  }
  return undefined
}

/** Checks every author's signature. Returns the first problem, or undefined when all hold. Cost: one verification an author. */
export async function verifyUnitSignatures(
  unit: Pick<Unit, 'id' | 'header' | 'signatures'>,
  verifier: SignatureVerifier = nobleVerifier,
  hash: Hash = blake2b256,
): Promise<UnitProblem | undefined> {
  const wrong = validateSigners(unit)
  if (wrong) return wrong
  const results = await verifier.verify(signatureItems(unit, hash))
  for (const [i, author] of unit.header.authors.entries()) {
    if (results[i] !== true) return { code: 'UNIT_SIGNATURE', reason: `signature of ${author} does not hold` }
  }
  return undefined
}
