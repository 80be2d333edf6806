/**
 * The CometBFT light client's core (spec `light-client/verification`): hashes of headers and validator sets, and whether a
 * header follows from a trusted one. Pure functions over decoded types; the ICS-07 client and the bisection use them.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { compare, equal, toHex } from '../../encoding/bytes.ts'
import { bytes, int64, message, string } from '../../encoding/protobuf.ts'
import { ProtoWriter } from '../../encoding/protobuf-wire.ts'
import { sha256 } from '../../hash/sha256.ts'
import { simpleRoot } from '../../merkle/simple.ts'
import {
  BlockHeader,
  BlockId,
  BlockIdFlag,
  CanonicalVote,
  type Commit,
  type CommitSig,
  Nanoseconds,
  type SignedHeader,
  SimpleValidator,
  type Validator,
} from './messages.ts'

const StringValue = message({ value: string(1) })
const BytesValue = message({ value: bytes(1) })
const Int64Value = message({ value: int64(1) })
const VersionBytes = (header: BlockHeader) => {
  // The first field of the header's own encoding, without its tag and length.
  const encoded = BlockHeader.encode({ version: header.version })
  return encoded.subarray(2, 2 + encoded[1]!)
}

/** The hash that the block id of a commit names: the simple Merkle root over the fourteen encoded fields. */
export function headerHash(header: BlockHeader): Uint8Array {
  return simpleRoot([
    VersionBytes(header),
    StringValue.encode({ value: header.chainId }),
    Int64Value.encode({ value: header.height }),
    Nanoseconds.encode(header.time as never),
    BlockId.encode(header.lastBlockId),
    ...[
      header.lastCommitHash,
      header.dataHash,
      header.validatorsHash,
      header.nextValidatorsHash,
      header.consensusHash,
      header.appHash,
      header.lastResultsHash,
      header.evidenceHash,
      header.proposerAddress,
    ].map((value) => BytesValue.encode({ value })),
  ])
}

/** The order of a validator set: more power first, then by address. */
export function sortValidators(validators: readonly Validator[]): Validator[] {
  return [...validators].sort((a, b) =>
    a.votingPower === b.votingPower ? compare(a.address, b.address) : a.votingPower > b.votingPower ? -1 : 1,
  )
}

/** The root over the keys and powers of a set in its order. */
export const validatorSetHash = (validators: readonly Validator[]): Uint8Array =>
  simpleRoot(validators.map(({ pubKey, votingPower }) => SimpleValidator.encode({ pubKey, votingPower })))

/** The address of a public key: 20 bytes. */
export function validatorAddress(pubKey: Validator['pubKey']): Uint8Array {
  return pubKey.ed25519.length > 0 ? sha256(pubKey.ed25519).slice(0, 20) : ripemd160(sha256(pubKey.secp256k1))
}

/** The bytes that validator number `index` of the commit signed. */
export function voteSignBytes(chainId: string, commit: Commit, signature: CommitSig): Uint8Array {
  const forBlock = signature.blockIdFlag === BlockIdFlag.COMMIT
  const vote = CanonicalVote.encode({
    type: 2,
    height: commit.height,
    round: BigInt(commit.round),
    blockId: forBlock ? commit.blockId : undefined,
    timestamp: signature.timestamp,
    chainId,
  })
  const writer = new ProtoWriter()
  writer.bytes(vote)
  return writer.finish()
}

/** Checks one signature. Ed25519 by ZIP-215, as CometBFT does. Never throws. */
export type SignatureVerifier = (pubKey: Validator['pubKey'], message: Uint8Array, signature: Uint8Array) => boolean

/** Ed25519 by the rules of ZIP-215, or secp256k1: the check that is used where an option names no other. */
export const verifySignature: SignatureVerifier = (pubKey, signBytes, signature) => {
  try {
    if (pubKey.ed25519.length > 0) return ed25519.verify(signature, signBytes, pubKey.ed25519, { zip215: true })
    return secp256k1.verify(signature, signBytes, pubKey.secp256k1)
  } catch {
    return false
  }
}

/** How a generation of the chain's software encodes what it hashes and signs. Chains before 2021 (Tendermint 0.33) differ. */
export interface WireFormat {
  headerHash(header: BlockHeader): Uint8Array
  validatorSetHash(validators: readonly Validator[]): Uint8Array
  voteSignBytes(chainId: string, commit: Commit, signature: CommitSig): Uint8Array
}

const PROTOBUF: WireFormat = { headerHash, validatorSetHash, voteSignBytes }

/**
 * All that a light client needs of one height: the signed header and the whole validator set behind its
 * `validatorsHash`.
 */
export interface LightBlock {
  readonly signedHeader: SignedHeader
  /** In the set's order, which its hash covers: more power first, then by address. */
  readonly validators: readonly Validator[]
}

/** What is trusted before a step. */
export interface TrustedState {
  readonly height: bigint
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** Hash of the set that signs the next height. */
  readonly nextValidatorsHash: Uint8Array
  /** The set behind that hash; only needed to skip heights. */
  readonly nextValidators: readonly Validator[]
}

/** How far a light client trusts, as a chain's client state says it. All times are nanoseconds. */
export interface TrustOptions {
  /** As headers carry it: `cosmoshub-4`. */
  readonly chainId: string
  /**
   * How old the trusted state may be; shorter than the chain's unbonding period, else its signers may have nothing to
   * lose.
   */
  readonly trustingPeriod: bigint
  /** How far a header's time may be ahead of `now`. */
  readonly maxClockDrift: bigint
  /** More than this part of the trusted power must have signed a header that skips heights; 1/3 to 1. */
  readonly trustLevel: { readonly numerator: bigint; readonly denominator: bigint }
  /** The time of whoever verifies, since 1970. */
  readonly now: bigint
  /** Default: Ed25519 (ZIP-215) and secp256k1 in JavaScript. */
  readonly verifySignature?: SignatureVerifier
  /** Default: protobuf, CometBFT and Tendermint since 0.34. */
  readonly format?: WireFormat
}

/**
 * Whether a header follows from what is trusted; `reason` says in words why not. Headers are foreign data, so {@link
 * verifyHeader} answers with this and does not throw.
 */
export type HeaderVerdict =
  | { readonly status: 'valid' }
  /** Honest, perhaps, but too far from what is trusted: try a header in between. */
  | { readonly status: 'not-enough-trust'; readonly reason: string }
  | { readonly status: 'invalid'; readonly reason: string }

const bad = (reason: string): HeaderVerdict => ({ status: 'invalid', reason })
const OK: HeaderVerdict = { status: 'valid' }

const sameKey = (a: Validator['pubKey'], b: Validator['pubKey']) =>
  equal(a.ed25519, b.ed25519) && equal(a.secp256k1, b.secp256k1)

/**
 * The power of `validators` (looked up by address) that signed the commit, or why a vote is doubled or forged. `verified` says which signatures were checked
 * already, and by which key.
 */
function signedPower(
  chainId: string,
  commit: Commit,
  validators: readonly Validator[],
  needed: (power: bigint) => boolean,
  { verifySignature: verify = verifySignature, format = PROTOBUF }: Pick<TrustOptions, 'verifySignature' | 'format'>,
  verified: Map<CommitSig, Validator['pubKey']> = new Map(),
): { power: bigint } | { reason: string } {
  const byAddress = new Map(validators.map((validator) => [toHex(validator.address), validator]))
  const seen = new Set<string>()
  let power = 0n
  for (const signature of commit.signatures) {
    if (signature.blockIdFlag !== BlockIdFlag.COMMIT) continue
    const address = toHex(signature.validatorAddress)
    const validator = byAddress.get(address)
    if (!validator) continue
    if (seen.has(address)) return { reason: `validator ${address} votes twice` }
    seen.add(address)
    // The two sets of a step that skips heights have most members in common.
    const known = verified.get(signature)
    if (!known || !sameKey(known, validator.pubKey)) {
      if (!verify(validator.pubKey, format.voteSignBytes(chainId, commit, signature), signature.signature))
        return { reason: `signature of validator ${address} is wrong` }
      verified.set(signature, validator.pubKey)
    }
    power += validator.votingPower
    if (needed(power)) break
  }
  return { power }
}

const totalPower = (validators: readonly Validator[]) => validators.reduce((sum, v) => sum + v.votingPower, 0n)

/** Whether header, commit and validator set belong together, and more than 2/3 of the set signed. */
export function checkLightBlock(
  block: LightBlock,
  options: Pick<TrustOptions, 'chainId' | 'verifySignature' | 'format'>,
): HeaderVerdict {
  const shape = checkShape(block, options)
  return shape ?? checkQuorum(block, options)
}

function checkShape(
  { signedHeader: { header, commit }, validators }: LightBlock,
  { chainId, format = PROTOBUF }: Pick<TrustOptions, 'chainId' | 'format'>,
): HeaderVerdict | undefined {
  if (header.chainId !== chainId) return bad('header of another chain')
  if (header.height <= 0n || commit.height !== header.height) return bad('commit of another height')
  if (!equal(commit.blockId.hash, format.headerHash(header))) return bad('commit of another header')
  if (validators.length === 0) return bad('validator set is empty')
  if (!equal(header.validatorsHash, format.validatorSetHash(validators)))
    return bad('validator set does not match the header')
  if (new Set(validators.map((v) => toHex(v.address))).size !== validators.length)
    return bad('a validator stands twice in the set')
  for (const { address, pubKey, votingPower } of validators) {
    if (votingPower < 0n) return bad('negative voting power')
    if (!equal(address, validatorAddress(pubKey))) return bad('validator address does not match its key')
  }
  if (commit.signatures.length === 0) return bad('commit without signatures')
  const known = new Set(validators.map((v) => toHex(v.address)))
  for (const signature of commit.signatures) {
    if (signature.blockIdFlag === BlockIdFlag.ABSENT) continue
    if (!known.has(toHex(signature.validatorAddress))) return bad('a vote by no validator of the set')
  }
  return undefined
}

function checkQuorum(
  block: LightBlock,
  options: Pick<TrustOptions, 'chainId' | 'verifySignature' | 'format'>,
  verified?: Map<CommitSig, Validator['pubKey']>,
): HeaderVerdict {
  const total = totalPower(block.validators)
  const enough = (power: bigint) => power * 3n > total * 2n
  const signed = signedPower(options.chainId, block.signedHeader.commit, block.validators, enough, options, verified)
  if ('reason' in signed) return bad(signed.reason)
  return enough(signed.power) ? OK : bad('not more than two thirds of the set signed')
}

/** Whether `block` follows from what is trusted, in one step. Cost: one signature check a validator at most. */
export function verifyHeader(trusted: TrustedState, block: LightBlock, options: TrustOptions): HeaderVerdict {
  const verified = new Map<CommitSig, Validator['pubKey']>()
  const { header, commit } = block.signedHeader
  if (trusted.time + options.trustingPeriod <= options.now)
    return bad('the trusted state is older than the trusting period')
  const shape = checkShape(block, options)
  if (shape) return shape
  if (header.height <= trusted.height) return bad('header is not above the trusted height')
  if (header.time <= trusted.time) return bad('header is not later than the trusted one')
  if (header.time >= options.now + options.maxClockDrift) return bad('header is from the future')
  if (header.height === trusted.height + 1n) {
    if (!equal(header.validatorsHash, trusted.nextValidatorsHash))
      return bad('next validator set is not the announced one')
  } else {
    if (!equal((options.format ?? PROTOBUF).validatorSetHash(trusted.nextValidators), trusted.nextValidatorsHash)) {
      return bad('trusted validators do not match the trusted state')
    }
    const { numerator, denominator } = options.trustLevel
    const total = totalPower(trusted.nextValidators)
    const enough = (power: bigint) => power * denominator > total * numerator
    const signed = signedPower(options.chainId, commit, trusted.nextValidators, enough, options, verified)
    if ('reason' in signed) return bad(signed.reason)
    if (!enough(signed.power)) {
      return { status: 'not-enough-trust', reason: 'too little of the trusted set signed; try a header in between' }
    }
  }
  return checkQuorum(block, options, verified)
}

/** The revision number in a chain id (`name-4` → 4), else 0: what heights of that chain carry. */
export function revisionOf(chainId: string): bigint {
  const found = /-([1-9][0-9]*)$/.exec(chainId)
  return found && chainId.length > found[0].length ? BigInt(found[1]!) : 0n
}
