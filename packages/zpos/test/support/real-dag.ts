/** Signed validator units in a real DAG of `@zos/dag`. */
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { addressOf, createDag, createHeader, type Dag, signingDigest, type UnitHeader, unitId } from '@zos/dag'
import {
  type Address,
  type Committee,
  createCommittee,
  createProposer,
  type SignedHeader,
  type UnitId,
} from '../../src/index.ts'

export const NETWORK = 7
const ZERO = `0x${'00'.repeat(32)}` as UnitId

export interface Key {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly address: Address
}

export function keys(count: number): Key[] {
  return Array.from({ length: count }, (_, i) => {
    const secret = new Uint8Array(32).fill(i + 1)
    const publicKey = secp256k1.getPublicKey(secret)
    return { secret, publicKey, address: addressOf(publicKey) }
  })
}

export function committeeOfKeys(members: readonly Key[], epoch = 0): Committee {
  return createCommittee({
    epoch,
    members: members.map(({ address, publicKey }) => ({ address, publicKey, stake: 1n })),
  })
}

export const GENESIS_HEADER: UnitHeader = createHeaderOf([], 0)

/** A header; `salt` makes another unit with the same parents. */
export function createHeaderOf(
  parents: readonly UnitId[],
  salt: number,
  validator?: { author: Address; round: number; selfParent: UnitId },
  user?: Address,
): UnitHeader {
  return createHeader(
    {
      networkId: NETWORK,
      parents,
      timestampMs: salt,
      lastFinal: { mci: 0, id: ZERO },
      validUntilMci: 1000,
      ...(validator && { validator: { round: validator.round, selfParent: validator.selfParent } }),
    },
    [],
    validator ? [validator.author] : user ? [user] : [],
  )
}

export function newDag(): Dag {
  return createDag({ genesis: GENESIS_HEADER })
}

export function sign(header: UnitHeader, { secret, publicKey }: Key): SignedHeader {
  return { header, publicKey, signature: schnorr.sign(signingDigest(unitId(header), NETWORK), secret) }
}

/** Appends a header that must be sound. */
export function append(dag: Dag, header: UnitHeader): UnitId {
  const id = unitId(header)
  const result = dag.append({ id, header })
  if (result.status !== 'added') throw new Error(JSON.stringify(result))
  return id
}

/** Lets every key make its unit of each round up to `rounds`, as its proposer says. */
export function grow(dag: Dag, members: readonly Key[], rounds: number): void {
  const committee = committeeOfKeys(members)
  const proposers = members.map((key) => ({ key, proposer: createProposer({ dag, committee, self: key.address }) }))
  for (;;) {
    const proposals = proposers.flatMap(({ key, proposer }) => {
      const unit = proposer.next()
      return unit === undefined || unit.round > rounds ? [] : [{ key, unit }]
    })
    if (proposals.length === 0) return
    for (const { key, unit } of proposals) {
      const { round, selfParent, parents } = unit
      append(dag, createHeaderOf(parents, round, { author: key.address, round, selfParent }))
    }
  }
}
