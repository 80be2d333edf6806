/** The consensus contract of a simulation, with every validator registered under a real key. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type * as Zpos from '../../src/index.ts'
import type { Address, Committee, ConsensusContract } from '../../src/index.ts'

export interface SimKey {
  readonly owner: Address
  readonly address: Address
  readonly publicKey: Uint8Array
  readonly possession: Uint8Array
}

/** The validators' keys, and the proofs that they have them. */
export function keysOf(zpos: typeof Zpos, size: number): SimKey[] {
  return Array.from({ length: size }, (_, i) => {
    const secret = new Uint8Array(32).fill(i + 1)
    const publicKey = secp256k1.getPublicKey(secret)
    const owner = `0x${(i + 1).toString(16).padStart(40, '0')}` as Address
    return { owner, publicKey, address: zpos.keyAddress(publicKey)!, possession: zpos.provePossession(secret, owner) }
  })
}

/** A contract at the beginning of epoch 0; each bonds its stake, in millions of the smallest unit. */
export function contractWith(
  zpos: typeof Zpos,
  keys: readonly SimKey[],
  stakes: readonly bigint[],
): { contract: ConsensusContract; coins: bigint; committee: Committee } {
  const store = zpos.createMemoryContractStore()
  const contract = zpos.createConsensusContract({ store, params: { minSelfBond: 1n, minDelegation: 1n } })
  let coins = 0n
  for (const [i, { owner, publicKey, possession }] of keys.entries()) {
    const value = stakes[i]! * 1_000_000n
    coins += value
    const result = contract.run((staking, effects) =>
      staking.register({ sender: owner, value, nowMs: 0 }, effects, {
        publicKey,
        possession,
        vrfKey: new Uint8Array(32).fill(i + 1),
        isogenyKey: new Uint8Array(),
        commissionBps: 1000,
      }),
    )
    if (result.status === 'reverted') throw new Error(result.reason)
  }
  return { contract, coins, committee: contract.endEpoch({ nowMs: 0 })! }
}
