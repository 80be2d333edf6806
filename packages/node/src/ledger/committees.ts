/** The committees of the epochs, as the consensus contract elected them. */
import { hexToBytes, type PrefixedHexString } from '@ethereumjs/util'
import { type Address, bytesToHex } from '@zos/dag'
import { type Committee, createCommittee } from '@zos/zpos'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'

interface StoredMember {
  address: Address
  publicKey: PrefixedHexString
  isogenyKey?: PrefixedHexString
  vrfKey?: PrefixedHexString
  stake: string
}

/**
 * Finds the committee of an epoch: in the store, where it is kept for good, else in the executed state, which forgets the committees of long
 * ago. Undefined while execution has not come to the election.
 */
export class Committees {
  readonly #store: KeyValueStore
  readonly #elected: (epoch: number) => Committee | undefined
  readonly #known = new Map<number, Committee>()

  constructor(store: KeyValueStore, elected: (epoch: number) => Committee | undefined) {
    this.#store = store
    this.#elected = elected
  }

  of(epoch: number): Committee | undefined {
    const known = this.#known.get(epoch)
    if (known) return known
    const stored = this.#store.get(keyOf(epoch))
    const committee = stored ? decode(epoch, stored) : this.#elected(epoch)
    if (!committee) return undefined
    this.#known.set(epoch, committee)
    return committee
  }
}

/** What makes the committee of an epoch known for good. */
export function committeeChange(committee: Committee): StoreChange {
  const members: StoredMember[] = committee.members.map(({ address, publicKey, isogenyKey, vrfKey, stake }) => ({
    address,
    publicKey: bytesToHex(publicKey),
    ...(isogenyKey ? { isogenyKey: bytesToHex(isogenyKey) } : {}),
    ...(vrfKey ? { vrfKey: bytesToHex(vrfKey) } : {}),
    stake: stake.toString(),
  }))
  return { key: keyOf(committee.epoch), value: new TextEncoder().encode(JSON.stringify(members)) }
}

function decode(epoch: number, bytes: Uint8Array): Committee {
  const members = JSON.parse(new TextDecoder().decode(bytes)) as StoredMember[]
  return createCommittee({
    epoch,
    members: members.map(({ address, publicKey, isogenyKey, vrfKey, stake }) => ({
      address,
      publicKey: hexToBytes(publicKey),
      ...(isogenyKey ? { isogenyKey: hexToBytes(isogenyKey) } : {}),
      ...(vrfKey ? { vrfKey: hexToBytes(vrfKey) } : {}),
      stake: BigInt(stake),
    })),
  })
}

function keyOf(epoch: number): string {
  return `V${epoch}`
}
