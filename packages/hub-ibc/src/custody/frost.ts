/**
 * FROST signing (RFC 9591, section 5): two rounds, any `threshold` of the committee, a plain Schnorr signature.
 *
 * What is different from a straightforward reading is only speed. Commitments are decoded once a session, not once a use. The
 * subgroup of a cofactor group is checked once, on the group commitment, instead of on each of the 2t commitments: no secret is
 * ever multiplied with a foreign point, so a commitment with torsion can only spoil the signature, and then the one-pass search
 * names its sender. That search computes group commitment, binding factors and challenge once for all shares.
 */
import { randomBytes } from '@noble/hashes/utils.js'
import { compare, concat, toHex } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { combine, type Element, lagrange, mod, type RandomBytes, type Suite } from './suite.ts'

/** What a committee shares in public. */
export interface GroupKey {
  readonly suite: Suite
  /** Signers that make a signature, at least 2. */
  readonly threshold: number
  /** Encoded group public key. */
  readonly publicKey: Uint8Array
  /** Encoded verifying share of each identifier. */
  readonly verifyingShares: ReadonlyMap<bigint, Uint8Array>
}

/** One identifier's secret. */
export interface SecretShare {
  /** Which of the group's shares it is: 1 or more, never 0. */
  readonly identifier: bigint
  /** The secret: a scalar below the group's order. */
  readonly share: bigint
}

/**
 * A signer's public half of round one (RFC 9591, 5.1): its commitments to a hiding and a binding nonce, as encoded
 * elements. Everyone in the session gets it; it is good for one signature.
 */
export interface NonceCommitment {
  readonly identifier: bigint
  readonly hiding: Uint8Array
  readonly binding: Uint8Array
}

/** Secret nonces. One use; {@link signShare} wipes them. */
export interface Nonces {
  hiding: bigint
  binding: bigint
  readonly commitment: NonceCommitment
}

/** Round one: nonces and their public commitment. `random` must be the platform's. */
export function commit(suite: Suite, secret: SecretShare, random: RandomBytes = randomBytes): Nonces {
  const nonce = () => suite.h3(concat(random(32), suite.encodeScalar(secret.share)))
  const [hiding, binding] = [nonce(), nonce()]
  return {
    hiding,
    binding,
    commitment: {
      identifier: secret.identifier,
      hiding: suite.base.multiply(hiding).toBytes(),
      binding: suite.base.multiply(binding).toBytes(),
    },
  }
}

/** Everything about one signing session that all its participants compute alike. */
export interface SigningSession {
  readonly key: GroupKey
  readonly message: Uint8Array
  readonly identifiers: readonly bigint[]
  readonly groupCommitment: Element
  readonly challenge: bigint
  readonly bindingFactors: ReadonlyMap<bigint, bigint>
  readonly lambdas: ReadonlyMap<bigint, bigint>
  readonly hiding: ReadonlyMap<bigint, Element>
  readonly binding: ReadonlyMap<bigint, Element>
}

const byIdentifier = (a: NonceCommitment, b: NonceCommitment) => (a.identifier < b.identifier ? -1 : 1)

/**
 * Opens a session over the commitments of the signers. Throws `HUB_CUSTODY`, with `culprits` where a commitment is malformed.
 * Cost: two decodings a signer, one multi-scalar multiplication, one subgroup check.
 */
export function openSession(
  key: GroupKey,
  message: Uint8Array,
  commitments: readonly NonceCommitment[],
): SigningSession {
  const { suite } = key
  const sorted = [...commitments].sort(byIdentifier)
  const identifiers = sorted.map(({ identifier }) => identifier)
  if (new Set(identifiers).size !== identifiers.length)
    throw new HubError('HUB_CUSTODY', 'a signer stands twice in the session')
  if (identifiers.length < key.threshold) {
    throw new HubError('HUB_CUSTODY', 'fewer signers than the threshold', {
      signers: identifiers.length,
      threshold: key.threshold,
    })
  }
  const hiding = new Map<bigint, Element>()
  const binding = new Map<bigint, Element>()
  for (const commitment of sorted) {
    if (!key.verifyingShares.has(commitment.identifier)) {
      throw new HubError('HUB_CUSTODY', 'a signer is not of this committee', { culprits: [commitment.identifier] })
    }
    try {
      hiding.set(commitment.identifier, suite.decodeElement(commitment.hiding))
      binding.set(commitment.identifier, suite.decodeElement(commitment.binding))
    } catch (cause) {
      throw new HubError('HUB_CUSTODY', 'a commitment is malformed', { culprits: [commitment.identifier] }, { cause })
    }
  }
  const encoded = sorted.map((c) => concat(suite.encodeScalar(c.identifier), c.hiding, c.binding))
  const prefix = concat(key.publicKey, suite.h4(message), suite.h5(concat(...encoded)))
  const bindingFactors = new Map(identifiers.map((id) => [id, suite.h1(concat(prefix, suite.encodeScalar(id)))]))
  let groupCommitment = combine(
    suite,
    identifiers.map((id) => [bindingFactors.get(id)!, binding.get(id)!] as const),
  )
  for (const element of hiding.values()) groupCommitment = groupCommitment.add(element)
  if (groupCommitment.is0() || (suite.hasCofactor && !groupCommitment.isTorsionFree())) {
    const culprits = suite.hasCofactor
      ? identifiers.filter((id) => !hiding.get(id)!.isTorsionFree() || !binding.get(id)!.isTorsionFree())
      : []
    throw new HubError('HUB_CUSTODY', 'the group commitment is not of the prime-order group', { culprits })
  }
  return {
    key,
    message,
    identifiers,
    groupCommitment,
    challenge: suite.h2(concat(groupCommitment.toBytes(), key.publicKey, message)),
    bindingFactors,
    lambdas: new Map(identifiers.map((id) => [id, lagrange(suite, id, identifiers)])),
    hiding,
    binding,
  }
}

/** Round two: this signer's share of the signature. Wipes `nonces`, so that they cannot sign twice. Throws `HUB_SIGN_TWICE`. */
export function signShare(session: SigningSession, secret: SecretShare, nonces: Nonces): bigint {
  const { suite } = session.key
  const id = secret.identifier
  if (nonces.hiding === 0n && nonces.binding === 0n)
    throw new HubError('HUB_SIGN_TWICE', 'these nonces have signed already', { identifier: id })
  const mine = session.hiding.get(id)
  if (
    !mine ||
    compare(mine.toBytes(), nonces.commitment.hiding) !== 0 ||
    compare(session.binding.get(id)!.toBytes(), nonces.commitment.binding) !== 0
  ) {
    throw new HubError('HUB_CUSTODY', 'the session does not hold this signer’s own commitment', { identifier: id })
  }
  const share = mod(
    suite,
    nonces.hiding +
      nonces.binding * session.bindingFactors.get(id)! +
      session.lambdas.get(id)! * secret.share * session.challenge,
  )
  nonces.hiding = 0n
  nonces.binding = 0n
  return share
}

/** Whether one share is right: z·B = D + ρ·E + λ·c·Y. False for a signer that is not in the session. */
export function verifyShare(session: SigningSession, identifier: bigint, share: bigint): boolean {
  const { suite, verifyingShares } = session.key
  const hiding = session.hiding.get(identifier)
  if (!hiding || share < 0n || share >= suite.order) return false
  const factor = mod(suite, session.lambdas.get(identifier)! * session.challenge)
  const verifyingShare = suite.decodeElement(verifyingShares.get(identifier)!)
  const right = combine(suite, [
    [session.bindingFactors.get(identifier)!, session.binding.get(identifier)!],
    [factor, verifyingShare],
  ]).add(hiding)
  return (share === 0n ? suite.zero : suite.base.multiply(share)).equals(right)
}

/** Whether `signature` (R ‖ z) is the group's over `message`. */
export function verifySignature(
  suite: Suite,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const split = signature.length - 32
    const R = suite.decodeElement(signature.subarray(0, split))
    const z = suite.decodeScalar(signature.subarray(split))
    const challenge = suite.h2(concat(signature.subarray(0, split), publicKey, message))
    return combine(suite, [
      [z, suite.base],
      [suite.order - challenge, suite.decodeElement(publicKey)],
    ]).equals(R)
  } catch (error) {
    if (error instanceof HubError) return false
    throw error
  }
}

/**
 * The group's signature out of all shares of the session. Throws `HUB_CUSTODY` with `culprits` when shares are missing or wrong;
 * every wrong one is found in one pass.
 */
export function aggregate(session: SigningSession, shares: ReadonlyMap<bigint, bigint>): Uint8Array {
  const { suite, publicKey } = session.key
  const missing = session.identifiers.filter((id) => !shares.has(id))
  if (missing.length > 0) throw new HubError('HUB_CUSTODY', 'shares are missing', { culprits: missing })
  let z = 0n
  for (const id of session.identifiers) z = mod(suite, z + shares.get(id)!)
  const signature = concat(session.groupCommitment.toBytes(), suite.encodeScalar(z))
  if (verifySignature(suite, publicKey, session.message, signature)) return signature
  const culprits = identifyCheaters(session, shares)
  throw new HubError('HUB_CUSTODY', 'signers sent wrong shares', {
    culprits,
    session: toHex(session.groupCommitment.toBytes()),
  })
}

/** The signers whose shares are wrong. Cost: one base and one two-term multiplication a signer. */
export function identifyCheaters(session: SigningSession, shares: ReadonlyMap<bigint, bigint>): bigint[] {
  return session.identifiers.filter((id) => !verifyShare(session, id, shares.get(id) ?? -1n))
}
