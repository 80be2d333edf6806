/** The committee of an epoch (C2): who votes, with which stake, and what a quorum is. */
import type { Address } from '../dag-port.ts'
import { ZposError } from '../errors.ts'

/** Largest committee. C2 sizes it 4–100; above that the strong parents of a unit no longer fit its header limits. */
export const MAX_COMMITTEE = 100

/** A member of the committee. */
export interface ValidatorInfo {
  readonly address: Address
  /** Compressed secp256k1 key (33 bytes) that signs units. */
  readonly publicKey: Uint8Array
  /** SQIsign key (level I, 83 bytes) that signs checkpoints beside it, in a network that asks for both (C14). */
  readonly isogenyKey?: Uint8Array
  /** Ed25519 key (32 bytes) of its VRF outputs, which go into the seeds of the lottery (C3). */
  readonly vrfKey?: Uint8Array
  /** Bonded stake, own and delegated, in the smallest unit of ZOS. Above zero. */
  readonly stake: bigint
}

/** The frozen electorate of one epoch. Members keep the order in which they were given (the election's rank). */
export interface Committee {
  readonly epoch: number
  readonly members: readonly ValidatorInfo[]
  readonly totalStake: bigint
  /** The smallest stake that is more than two thirds of the total. */
  readonly quorum: bigint
  has(address: Address): boolean
  /** Position of a member, −1 for a stranger. */
  indexOf(address: Address): number
  /** Stake of the distinct members among `addresses`; strangers weigh nothing. */
  stakeOf(addresses: Iterable<Address>): bigint
  /** True if the distinct members among `addresses` hold a quorum. */
  isQuorum(addresses: Iterable<Address>): boolean
}

/**
 * Makes the committee of an epoch.
 *
 * Throws `ZPOS_INVALID_ARGUMENT` for no members, more than {@link MAX_COMMITTEE}, an address twice, or a stake that is
 * not above zero.
 */
export function createCommittee(options: { epoch: number; members: readonly ValidatorInfo[] }): Committee {
  const { epoch } = options
  const members = options.members.map((member) => Object.freeze({ ...member }))
  if (members.length === 0 || members.length > MAX_COMMITTEE) {
    throw new ZposError(
      'ZPOS_INVALID_ARGUMENT',
      `a committee has 1 to ${MAX_COMMITTEE} members, not ${members.length}`,
      {
        members: members.length,
      },
    )
  }
  const positions = new Map<Address, number>()
  let totalStake = 0n
  for (const [position, { address, stake }] of members.entries()) {
    if (positions.has(address)) {
      throw new ZposError('ZPOS_INVALID_ARGUMENT', `${address} is in the committee twice`, { address })
    }
    if (stake <= 0n) {
      throw new ZposError('ZPOS_INVALID_ARGUMENT', `the stake of ${address} is ${stake}; it must be above zero`, {
        address,
      })
    }
    positions.set(address, position)
    totalStake += stake
  }
  const quorum = (2n * totalStake) / 3n + 1n

  function stakeOf(addresses: Iterable<Address>): bigint {
    const seen = new Uint8Array(members.length)
    let stake = 0n
    for (const address of addresses) {
      const position = positions.get(address)
      if (position === undefined || seen[position] === 1) continue
      seen[position] = 1
      stake += members[position]!.stake
    }
    return stake
  }

  return Object.freeze({
    epoch,
    members: Object.freeze(members),
    totalStake,
    quorum,
    has: (address: Address) => positions.has(address),
    indexOf: (address: Address) => positions.get(address) ?? -1,
    stakeOf,
    isQuorum: (addresses: Iterable<Address>) => stakeOf(addresses) >= quorum,
  })
}
