/**
 * Keys without a dealer, and their life afterwards. All protocols are pure functions from messages to messages; transport and
 * storage are the caller's. Round one must reach everybody alike: compare {@link transcript} before going on (echo broadcast).
 */
import { blake2b } from '@noble/hashes/blake2.js'
import { randomBytes } from '@noble/hashes/utils.js'
import { concat } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { GroupKey, SecretShare } from './frost.ts'
import {
  combine,
  type Element,
  evaluate,
  evaluateElements,
  lagrange,
  mod,
  type RandomBytes,
  randomScalar,
  type Suite,
} from './suite.ts'

/** Broadcast by each dealer: commitments to its polynomial, and a proof that it knows the constant term. */
export interface DealerCommitment {
  readonly dealer: bigint
  /** One encoded element a coefficient, `threshold` in all, the constant term first. */
  readonly commitments: readonly Uint8Array[]
  /** R ‖ μ; empty in refreshes, whose constant term is zero and whose first commitment is empty too. */
  readonly proof: Uint8Array
}

/** Sent to one receiver in private. */
export interface DealtShare {
  readonly dealer: bigint
  readonly receiver: bigint
  readonly share: bigint
}

/** A dealer's secret state between the rounds. */
export interface Dealing {
  readonly public: DealerCommitment
  /** The secret polynomial; forget it once all shares are delivered. */
  readonly coefficients: readonly bigint[]
}

function commitmentsOf(suite: Suite, coefficients: readonly bigint[]): Uint8Array[] {
  return coefficients.map((coefficient) =>
    coefficient === 0n ? new Uint8Array(0) : suite.base.multiply(coefficient).toBytes(),
  )
}

const proofChallenge = (suite: Suite, dealer: bigint, constant: Uint8Array, R: Uint8Array) =>
  suite.hdkg(concat(suite.encodeScalar(dealer), constant, R))

/** Deals `secret` (or a fresh one) with a polynomial of degree threshold − 1. */
export function deal(
  suite: Suite,
  dealer: bigint,
  threshold: number,
  options: { secret?: bigint; coefficients?: readonly bigint[]; random?: RandomBytes } = {},
): Dealing {
  if (!Number.isInteger(threshold) || threshold < 2)
    throw new HubError('HUB_INVALID_ARGUMENT', 'a threshold of one is no threshold', { threshold })
  const random = options.random ?? randomBytes
  const secret = options.secret ?? randomScalar(suite, random)
  const coefficients = [
    secret,
    ...(options.coefficients ?? Array.from({ length: threshold - 1 }, () => randomScalar(suite, random))),
  ]
  const commitments = commitmentsOf(suite, coefficients)
  let proof = new Uint8Array(0)
  if (secret !== 0n) {
    const k = randomScalar(suite, random)
    const R = suite.base.multiply(k).toBytes()
    proof = new Uint8Array(
      concat(R, suite.encodeScalar(mod(suite, k + secret * proofChallenge(suite, dealer, commitments[0]!, R)))),
    )
  }
  return { public: { dealer, commitments, proof }, coefficients }
}

/** The share for `receiver`. */
export const shareFor = (suite: Suite, dealing: Dealing, receiver: bigint): DealtShare => ({
  dealer: dealing.public.dealer,
  receiver,
  share: evaluate(suite, dealing.coefficients, receiver),
})

/** Whether a dealer knows what it committed to. */
export function verifyProof(suite: Suite, { dealer, commitments, proof }: DealerCommitment): boolean {
  try {
    const split = proof.length - 32
    const R = suite.decodeElement(proof.subarray(0, split))
    const mu = suite.decodeScalar(proof.subarray(split))
    const challenge = proofChallenge(suite, dealer, commitments[0]!, proof.subarray(0, split))
    return combine(suite, [
      [mu, suite.base],
      [suite.order - challenge, suite.decodeElement(commitments[0]!)],
    ]).equals(R)
  } catch (error) {
    if (error instanceof HubError) return false
    throw error
  }
}

/** A digest of everything that was broadcast; participants compare it, and a dealer who told two stories is found out. */
export const transcript = (suite: Suite, dealers: readonly DealerCommitment[]): Uint8Array =>
  blake2b(
    concat(
      ...[...dealers]
        .sort((a, b) => (a.dealer < b.dealer ? -1 : 1))
        .map((d) => concat(suite.encodeScalar(d.dealer), ...d.commitments, d.proof)),
    ),
    { dkLen: 32 },
  )

function elements(suite: Suite, { dealer, commitments }: DealerCommitment, zeroConstant: boolean): Element[] {
  try {
    return commitments.map((bytes, i) => {
      if (i === 0 && zeroConstant) {
        if (bytes.length !== 0) throw new HubError('HUB_CUSTODY', 'a refresh must not change the key')
        return suite.zero
      }
      const element = suite.decodeElement(bytes)
      if (suite.hasCofactor && !element.isTorsionFree())
        throw new HubError('HUB_CUSTODY', 'commitment outside of the prime-order group')
      return element
    })
  } catch (cause) {
    throw new HubError('HUB_CUSTODY', 'a dealer’s commitments are malformed', { culprits: [dealer] }, { cause })
  }
}

/** Whether a dealt share lies on the committed polynomial. A complaint publishes the share; everybody judges it with this. */
export function verifyDealtShare(suite: Suite, dealer: DealerCommitment, { receiver, share }: DealtShare): boolean {
  const points = dealer.commitments.map((bytes, i) =>
    i === 0 && dealer.proof.length === 0 ? suite.zero : suite.decodeElement(bytes),
  )
  const expected = evaluateElements(suite, points, receiver)
  return (share === 0n ? suite.zero : suite.base.multiply(share)).equals(expected)
}

/** Who is at fault in a complaint: the dealer whose share is wrong, or the receiver who complains about a right one. */
export function judgeComplaint(suite: Suite, dealer: DealerCommitment, published: DealtShare): bigint {
  return verifyDealtShare(suite, dealer, published) ? published.receiver : dealer.dealer
}

/**
 * What one member has after a key generation, refresh or reshare: the group's public key, which is alike for all, and
 * its own secret share. Store the second one encrypted; `key` may be published.
 */
export interface Membership {
  readonly key: GroupKey
  readonly secret: SecretShare
}

function checkDealers(
  suite: Suite,
  threshold: number,
  dealers: readonly DealerCommitment[],
  zeroConstant: boolean,
): Map<bigint, Element[]> {
  const decoded = new Map<bigint, Element[]>()
  for (const dealer of dealers) {
    if (decoded.has(dealer.dealer))
      throw new HubError('HUB_CUSTODY', 'a dealer stands twice', { culprits: [dealer.dealer] })
    const wellFormed =
      dealer.commitments.length === threshold && (zeroConstant ? dealer.proof.length === 0 : verifyProof(suite, dealer))
    if (!wellFormed)
      throw new HubError('HUB_CUSTODY', 'a dealer proves nothing, or another degree', { culprits: [dealer.dealer] })
    decoded.set(dealer.dealer, elements(suite, dealer, zeroConstant))
  }
  return decoded
}

function checkShares(
  suite: Suite,
  dealers: readonly DealerCommitment[],
  identifier: bigint,
  shares: readonly DealtShare[],
): void {
  const culprits = dealers
    .filter((dealer) => {
      const share = shares.find((s) => s.dealer === dealer.dealer && s.receiver === identifier)
      return !share || !verifyDealtShare(suite, dealer, share)
    })
    .map(({ dealer }) => dealer)
  if (culprits.length > 0) throw new HubError('HUB_CUSTODY', 'dealers sent no or wrong shares; complain', { culprits })
}

const sumPolynomials = (suite: Suite, polynomials: Iterable<readonly Element[]>): Element[] => {
  const sum: Element[] = []
  for (const polynomial of polynomials) {
    for (const [i, element] of polynomial.entries()) sum[i] = (sum[i] ?? suite.zero).add(element)
  }
  return sum
}

function groupKey(
  suite: Suite,
  threshold: number,
  polynomial: readonly Element[],
  members: readonly bigint[],
): GroupKey {
  return {
    suite,
    threshold,
    publicKey: polynomial[0]!.toBytes(),
    verifyingShares: new Map(members.map((id) => [id, evaluateElements(suite, polynomial, id).toBytes()])),
  }
}

/** Finishes the key generation for one member. Throws `HUB_CUSTODY` with the dealers at fault. */
export function finishKeygen(
  suite: Suite,
  threshold: number,
  identifier: bigint,
  dealers: readonly DealerCommitment[],
  shares: readonly DealtShare[],
): Membership {
  const polynomials = checkDealers(suite, threshold, dealers, false)
  checkShares(suite, dealers, identifier, shares)
  const share = shares.filter((s) => s.receiver === identifier).reduce((sum, s) => mod(suite, sum + s.share), 0n)
  const members = dealers.map(({ dealer }) => dealer)
  return {
    key: groupKey(suite, threshold, sumPolynomials(suite, polynomials.values()), members),
    secret: { identifier, share },
  }
}

/** Refresh: every member deals zero; the shares change, the key does not. What leaked before is worth nothing afterwards. */
export const dealRefresh = (suite: Suite, dealer: bigint, threshold: number, random?: RandomBytes): Dealing =>
  deal(suite, dealer, threshold, random ? { secret: 0n, random } : { secret: 0n })

/** Finishes a refresh for one member. */
export function finishRefresh(
  membership: Membership,
  dealers: readonly DealerCommitment[],
  shares: readonly DealtShare[],
): Membership {
  const { key, secret } = membership
  const { suite } = key
  const polynomials = checkDealers(suite, key.threshold, dealers, true)
  checkShares(suite, dealers, secret.identifier, shares)
  const change = sumPolynomials(suite, polynomials.values())
  return {
    key: {
      ...key,
      verifyingShares: new Map(
        [...key.verifyingShares].map(([id, bytes]) => [
          id,
          suite
            .decodeElement(bytes)
            .add(evaluateElements(suite, change, id))
            .toBytes(),
        ]),
      ),
    },
    secret: {
      identifier: secret.identifier,
      share: shares
        .filter((s) => s.receiver === secret.identifier)
        .reduce((sum, s) => mod(suite, sum + s.share), secret.share),
    },
  }
}

/**
 * Reshare to a new committee: each of `quorum` old members deals its share times its λ, so that the sum of the new
 * polynomials has the old key as its constant term.
 */
export function dealReshare(
  old: Membership,
  quorum: readonly bigint[],
  newThreshold: number,
  random?: RandomBytes,
): Dealing {
  const { suite } = old.key
  if (quorum.length < old.key.threshold)
    throw new HubError('HUB_CUSTODY', 'fewer old members than the threshold', { quorum: quorum.length })
  const secret = mod(suite, old.secret.share * lagrange(suite, old.secret.identifier, quorum))
  return deal(suite, old.secret.identifier, newThreshold, random ? { secret, random } : { secret })
}

/** Finishes a reshare for one new member. Every dealer is checked against its old verifying share, so the key cannot be changed. */
export function finishReshare(
  oldKey: GroupKey,
  newThreshold: number,
  newMembers: readonly bigint[],
  identifier: bigint,
  dealers: readonly DealerCommitment[],
  shares: readonly DealtShare[],
): Membership {
  const { suite } = oldKey
  const quorum = dealers.map(({ dealer }) => dealer)
  if (quorum.length < oldKey.threshold)
    throw new HubError('HUB_CUSTODY', 'fewer old members than the threshold', { quorum: quorum.length })
  const polynomials = checkDealers(suite, newThreshold, dealers, false)
  for (const [dealer, polynomial] of polynomials) {
    const old = oldKey.verifyingShares.get(dealer)
    const expected = old && combine(suite, [[lagrange(suite, dealer, quorum), suite.decodeElement(old)]])
    if (!expected?.equals(polynomial[0]!))
      throw new HubError('HUB_CUSTODY', 'a dealer shares something else than its old share', { culprits: [dealer] })
  }
  checkShares(suite, dealers, identifier, shares)
  const sum = sumPolynomials(suite, polynomials.values())
  const key = groupKey(suite, newThreshold, sum, newMembers)
  if (key.publicKey.some((byte, i) => byte !== oldKey.publicKey[i]))
    throw new HubError('HUB_CUSTODY', 'the key changed')
  const share = shares.filter((s) => s.receiver === identifier).reduce((total, s) => mod(suite, total + s.share), 0n)
  return { key, secret: { identifier, share } }
}

/** Repair, step one: a helper splits λ(lost) · share into one random part a helper (frost-rs `repairable`). */
export function repairDeltas(
  suite: Suite,
  helper: SecretShare,
  helpers: readonly bigint[],
  lost: bigint,
  random: RandomBytes = randomBytes,
): Map<bigint, bigint> {
  const parts = new Map<bigint, bigint>()
  let rest = mod(suite, helper.share * lagrange(suite, helper.identifier, helpers, lost))
  for (const id of helpers.slice(0, -1)) {
    const part = randomScalar(suite, random)
    parts.set(id, part)
    rest = mod(suite, rest - part)
  }
  parts.set(helpers.at(-1)!, rest)
  return parts
}

/** Repair, steps two and three are sums: of the parts a helper got, and of the helpers' sums at the member who lost its share. */
export const repairSum = (suite: Suite, parts: readonly bigint[]): bigint =>
  parts.reduce((sum, part) => mod(suite, sum + part), 0n)

/**
 * Identifiers in proportion to stake, at least one for a member with any: a member signs with all of its shares. `total` bounds
 * the number of shares; rounding goes by the largest remainder, so that it does not depend on the order of members.
 */
export function weightedIdentifiers(stakes: ReadonlyMap<string, bigint>, total: number): Map<string, bigint[]> {
  const sum = [...stakes.values()].reduce((a, b) => a + b, 0n)
  const members = [...stakes].filter(([, stake]) => stake > 0n).sort(([a], [b]) => (a < b ? -1 : 1))
  if (members.length === 0 || total < members.length)
    throw new HubError('HUB_INVALID_ARGUMENT', 'fewer shares than members with stake')
  const quotas = members.map(([name, stake]) => {
    const exact = stake * BigInt(total)
    return { name, count: exact / sum, remainder: exact % sum }
  })
  for (const quota of quotas) if (quota.count === 0n) Object.assign(quota, { count: 1n, remainder: -1n })
  let left = BigInt(total) - quotas.reduce((a, q) => a + q.count, 0n)
  for (const quota of [...quotas].sort((a, b) =>
    a.remainder === b.remainder ? (a.name < b.name ? -1 : 1) : a.remainder > b.remainder ? -1 : 1,
  )) {
    if (left <= 0n) break
    quota.count++
    left--
  }
  let next = 1n
  return new Map(quotas.map(({ name, count }) => [name, Array.from({ length: Number(count) }, () => next++)]))
}
