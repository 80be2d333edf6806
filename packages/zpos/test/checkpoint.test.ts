import { describe, expect, test } from 'vitest'
import {
  bip340,
  type Checkpoint,
  type CheckpointMember,
  type CheckpointShare,
  checkCertificate,
  checkHead,
  checkpointDigest,
  committeeHash,
  createCheckpointCollector,
  createFollower,
  decodeCertificate,
  encodeCertificate,
  headDigest,
  type SchemeVerifier,
  signHead,
} from '../src/checkpoint/index.ts'
import { signCheckpoint } from '../src/index.ts'
import { seeded } from './support/network.ts'
import { keys, NETWORK } from './support/real-dag.ts'

const signers = keys(4)
const members: CheckpointMember[] = signers.map(({ address, publicKey }, i) => ({
  address,
  stake: BigInt(10 + i),
  keys: [
    { scheme: 1, key: publicKey },
    { scheme: 2, key: Uint8Array.of(i) },
  ],
}))
const hash = (n: number) => `0x${String(n).repeat(64)}` as const
const checkpointOf = (epoch: number, next: readonly CheckpointMember[] = members): Checkpoint => ({
  epoch,
  mci: 100 + epoch,
  unit: hash(1),
  stateRoot: hash(2),
  block: 50 + epoch,
  blockHash: hash(3),
  timeMs: 600 + 300 * epoch,
  nextCommittee: committeeHash(epoch + 1, next),
  rulesHash: hash(4),
})
/** A stand-in for a second scheme: the key's one byte before the digest. */
const second: SchemeVerifier = {
  scheme: 2,
  verify: (key, digest, signature) => String(signature) === String([...key, ...digest]),
}
function share(i: number, checkpoint: Checkpoint): CheckpointShare {
  return {
    address: signers[i]!.address,
    signatures: [
      { scheme: 1, signature: signCheckpoint(checkpoint, NETWORK, signers[i]!.secret) },
      { scheme: 2, signature: Uint8Array.of(i, ...checkpointDigest(checkpoint, NETWORK)) },
    ],
  }
}
const certificateOf = (checkpoint: Checkpoint, who: readonly number[]) => ({
  checkpoint,
  shares: who.map((i) => share(i, checkpoint)),
})

describe('a certificate', () => {
  const checkpoint = checkpointOf(0)
  const fault = (certificate: Parameters<typeof checkCertificate>[0], verifiers?: SchemeVerifier[]) =>
    checkCertificate(certificate, members, { networkId: NETWORK, ...(verifiers && { verifiers }) })

  test('holds with more than two thirds of the stake under every scheme, not with less', () => {
    expect(fault(certificateOf(checkpoint, [1, 2, 3]))).toBeUndefined()
    expect(fault(certificateOf(checkpoint, [1, 2, 3]), [bip340, second])).toBeUndefined()
    expect(fault(certificateOf(checkpoint, [0, 1]))).toMatch(/two thirds/)
    const bare = {
      checkpoint,
      shares: [1, 2, 3].map((i) => ({
        ...share(i, checkpoint),
        signatures: share(i, checkpoint).signatures.slice(0, 1),
      })),
    }
    expect(fault(bare)).toBeUndefined()
    expect(fault(bare, [bip340, second])).toMatch(/scheme 2 has 0/)
    expect(fault(bare, [])).toMatch(/no signature scheme/)
  })

  test('does not hold with a wrong signature, a share twice, a stranger, or for another network', () => {
    const good = certificateOf(checkpoint, [1, 2, 3])
    const wrong = {
      ...good,
      shares: [...good.shares.slice(1), { ...share(0, checkpoint), address: signers[1]!.address }],
    }
    expect(fault(wrong)).toMatch(/wrong/)
    expect(fault({ ...good, shares: [...good.shares, good.shares[0]!] })).toMatch(/twice/)
    expect(fault({ ...good, shares: [{ ...good.shares[0]!, address: hash(9).slice(0, 42) }] })).toMatch(/stranger/)
    expect(checkCertificate(good, members, { networkId: 8 })).toMatch(/wrong/)
    expect(fault({ ...good, checkpoint: { ...checkpoint, stateRoot: hash(7) } })).toMatch(/wrong/)
  })

  test('has one form in bytes, and foreign bytes never throw', () => {
    const certificate = certificateOf(checkpoint, [1, 2, 3])
    const bytes = encodeCertificate(certificate)
    expect(decodeCertificate(bytes)).toEqual(certificate)
    const random = seeded(2)
    for (let i = 0; i < 300; i += 1) {
      const changed = bytes.slice(0, random() < 0.5 ? Math.floor(random() * bytes.length) : bytes.length)
      if (changed.length > 0) changed[Math.floor(random() * changed.length)]! ^= 1 << Math.floor(random() * 8)
      const read = decodeCertificate(changed)
      if (read !== undefined) {
        expect(fault(read, [bip340, second])).toBeDefined()
        expect(encodeCertificate(read)).toEqual(changed)
      }
    }
  })
})

test('a collector makes a certificate of good shares alone', () => {
  const checkpoint = checkpointOf(3)
  const collector = createCheckpointCollector({ checkpoint, members, networkId: NETWORK, verifiers: [bip340, second] })
  expect(collector.add(share(0, checkpointOf(4)))).toBe(false)
  expect(collector.add({ ...share(0, checkpoint), address: hash(8).slice(0, 42) })).toBe(false)
  expect(collector.add({ ...share(0, checkpoint), signatures: [] })).toBe(false)
  for (const i of [3, 0]) expect(collector.add(share(i, checkpoint))).toBe(true)
  expect(collector.add(share(0, checkpoint))).toBe(false)
  expect(collector.certificate()).toBeUndefined()
  expect(collector.add(share(2, checkpoint))).toBe(true)
  const certificate = collector.certificate()!
  expect(checkCertificate(certificate, members, { networkId: NETWORK, verifiers: [bip340, second] })).toBeUndefined()
  expect(certificate.shares.map(({ address }) => address)).toEqual(
    certificate.shares.map(({ address }) => address).sort(),
  )
})

test('a follower goes from epoch to epoch, over changes of the committee, and stops when its trust is too old', () => {
  const smaller = members.slice(0, 3)
  const follower = createFollower({ trusted: { epoch: 0, members, timeMs: 0 }, networkId: NETWORK, trustMs: 1000 })
  expect(follower.latest()).toBeUndefined()
  const first = certificateOf(checkpointOf(0, smaller), [0, 1, 2, 3])
  expect(follower.follow(first, members, 500)).toMatchObject({ reason: expect.stringMatching(/not the one/) })
  expect(follower.follow(certificateOf(checkpointOf(1), [0, 1, 2, 3]), members, 500)).toMatchObject({
    status: 'refused',
  })
  expect(follower.follow(certificateOf(checkpointOf(0, smaller), [0, 1]), smaller, 500)).toMatchObject({
    status: 'refused',
  })
  expect(follower.follow(first, smaller, 1001)).toMatchObject({ reason: expect.stringMatching(/older/) })
  expect(follower.follow(first, smaller, 1000)).toMatchObject({ status: 'followed' })
  expect(follower.trusted()).toMatchObject({ epoch: 1, timeMs: 600 })
  const still = { ...checkpointOf(1), mci: 100 }
  expect(follower.follow(certificateOf(still, [0, 1, 2]), members, 1500)).toMatchObject({
    reason: expect.stringMatching(/advance/),
  })
  expect(follower.follow(certificateOf(checkpointOf(1), [3, 1, 2]), members, 1500)).toMatchObject({ status: 'refused' })
  expect(follower.follow(certificateOf(checkpointOf(1), [0, 1, 2]), members, 1500)).toMatchObject({
    status: 'followed',
  })
  expect(follower.latest()).toEqual(checkpointOf(1))
  // The committee of epoch 2 was named at 900, whenever this follower learned of it.
  expect(follower.follow(certificateOf(checkpointOf(2), [0, 1, 2]), members, 1901)).toMatchObject({
    reason: expect.stringMatching(/older/),
  })
})

test('a head holds with more than two thirds of the stake, and only for its block, epoch and network', () => {
  const statement = { epoch: 2, block: 9, blockHash: hash(6) }
  const shares = [1, 2, 3].map((i) => ({
    address: signers[i]!.address,
    signature: signHead(statement, NETWORK, signers[i]!.secret),
  }))
  expect(headDigest(statement, NETWORK)).toHaveLength(32)
  expect(checkHead(statement, shares, members, NETWORK)).toBeUndefined()
  expect(checkHead(statement, shares.slice(1), members, NETWORK)).toMatch(/two thirds/)
  expect(checkHead(statement, [shares[0]!, shares[0]!, shares[1]!], members, NETWORK)).toMatch(/twice/)
  expect(checkHead(statement, shares, members.slice(2), NETWORK)).toMatch(/stranger/)
  for (const other of [{ epoch: 3 }, { block: 10 }, { blockHash: hash(7) }])
    expect(checkHead({ ...statement, ...other }, shares, members, NETWORK)).toMatch(/wrong/)
  expect(checkHead(statement, shares, members, NETWORK + 1)).toMatch(/wrong/)
})
