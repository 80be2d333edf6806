/** The committees of the epochs, as the consensus contract elected them (DESIGN.md C2). */
import { hexToBytes, type PrefixedHexString } from '@ethereumjs/util'
import { type Address, bytesToHex } from '@zos/dag'
import { type Committee, createCommittee } from '@zos/zpos'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'

interface StoredMember {
  address: Address
  publicKey: PrefixedHexString
  stake: string
}

/**
 * Finds the committee of an epoch: in the store, where it is kept for good, else in the executed state, which forgets the committees of long
 * ago. Undefined while execution has not come to the election.
 */
export class Committees {
  readonly #store: KeyValueStore
  readonly #elected: (epoch: number) => Committee | undefined
  readonly #isogenyKeys: ReadonlyMap<string, Uint8Array>
  readonly #known = new Map<number, Committee>()

  /** `isogenyKeys`: second keys by address. The contract holds the hash of one only; the genesis names those of its validators. */
  constructor(
    store: KeyValueStore,
    elected: (epoch: number) => Committee | undefined,
    isogenyKeys: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.#isogenyKeys = isogenyKeys
    this.#store = store
    this.#elected = elected
  }

  of(epoch: number): Committee | undefined {
    const known = this.#known.get(epoch)
    if (known) return known
    const stored = this.#store.get(keyOf(epoch))
    const found = stored ? decode(epoch, stored) : this.#elected(epoch)
    if (!found) return undefined
    const committee = createCommittee({
      epoch,
      members: found.members.map((member) => {
        const isogenyKey = this.#isogenyKeys.get(member.address)
        return isogenyKey ? { ...member, isogenyKey } : member
      }),
    })
    this.#known.set(epoch, committee)
    return committee
  }
}

/** What makes the committee of an epoch known for good. */
export function committeeChange(committee: Committee): StoreChange {
  const members: StoredMember[] = committee.members.map(({ address, publicKey, stake }) => ({
    address,
    publicKey: bytesToHex(publicKey),
    stake: stake.toString(),
  }))
  return { key: keyOf(committee.epoch), value: new TextEncoder().encode(JSON.stringify(members)) }
}

function decode(epoch: number, bytes: Uint8Array): Committee {
  const members = JSON.parse(new TextDecoder().decode(bytes)) as StoredMember[]
  return createCommittee({
    epoch,
    members: members.map(({ address, publicKey, stake }) => ({
      address,
      publicKey: hexToBytes(publicKey),
      stake: BigInt(stake),
    })),
  })
}

function keyOf(epoch: number): string {
  return `V${epoch}`
}
