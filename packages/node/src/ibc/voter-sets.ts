/**
 * Who votes for the headers of which blocks. The members of an epoch's committee are the set of its blocks; a change becomes known with the last
 * block of the epoch before, whose header names it as the next. Every node computes the sets from the state, so they agree.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { blake2b } from '@noble/hashes/blake2.js'
import { type CometValidator, cometValidators, validatorSetHash } from '@zos/hub-ibc'
import type { NativeStorage } from '../native/native-storage.ts'
import type { AddressHex } from '../state/account.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import { voteKeyOf } from './vote-keys.ts'

/** CometBFT's voting powers are 64-bit numbers: whole coins. */
const COIN = 10n ** 18n
/** BLAKE2b personalization (16 bytes). */
const NOBODY = new TextEncoder().encode('zos-ibc-no-voter')
const reignKey = (first: number) => `Iv${sortable(first)}`
const NEWEST_KEY = 'Ivnewest'

/** A member of a set. */
export interface Voter {
  /** Of the key that signs units. */
  readonly address: AddressHex
  readonly publicKey: Uint8Array
  /** Whole coins, at least one. */
  readonly power: bigint
}

/** A set in CometBFT's order. */
export class VoterSet {
  readonly voters: readonly Voter[]
  readonly validators: readonly CometValidator[]
  readonly hash: Uint8Array
  readonly total: bigint
  readonly #positions: ReadonlyMap<string, number>
  readonly #keys: (KeyObject | undefined)[] = []

  constructor(voters: readonly Voter[]) {
    this.voters = voters
    this.validators = cometValidators(voters.map(({ publicKey, power }) => ({ publicKey, stake: power })))
    this.hash = validatorSetHash(this.validators)
    this.total = voters.reduce((sum, { power }) => sum + power, 0n)
    this.#positions = new Map(voters.map(({ address, publicKey }) => [address, this.positionOfKey(publicKey)]))
  }

  /** Where the member that signs units as `address` stands; undefined for others. */
  positionOf(address: string): number | undefined {
    return this.#positions.get(address)
  }

  /** Where a vote key stands; -1: nowhere. */
  positionOfKey(publicKey: Uint8Array): number {
    return this.validators.findIndex(({ pubKey }) => Buffer.compare(pubKey.ed25519, publicKey) === 0)
  }

  /** The key of a member, for node:crypto. */
  key(position: number): KeyObject {
    this.#keys[position] ??= createPublicKey({
      key: Buffer.concat([SPKI_HEAD, this.validators[position]!.pubKey.ed25519]),
      format: 'der',
      type: 'spki',
    })
    return this.#keys[position]
  }
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410) in front of the 32 bytes of a key. */
export const SPKI_HEAD: Buffer = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * The set of a committee, with the vote keys that `storage` (the host's) holds. A member without one stands in it under a key that nobody has: its stake counts
 * against the two thirds, so that a header is worth as much as the committee's word.
 */
export function voterSetOf(
  members: readonly { readonly address: string; readonly stake: bigint }[],
  storage: NativeStorage,
): VoterSet {
  return new VoterSet(
    members.map(({ address, stake }) => ({
      address: address as AddressHex,
      publicKey:
        voteKeyOf(storage, address as AddressHex)?.voteKey ??
        blake2b(hexToBytes(address as AddressHex), { dkLen: 32, personalization: NOBODY }),
      power: stake < COIN ? 1n : stake / COIN,
    })),
  )
}

/** The blocks from `first` on that one set votes for. */
export interface Reign {
  readonly first: number
  readonly set: VoterSet
  /** First block of the reign before; 0: none. */
  readonly previous: number
}

export class VoterSets {
  readonly #store: KeyValueStore
  readonly #known = new Map<number, Reign>()
  #newest: Reign | undefined

  /** `genesis`: the set of block 1, asked for when the store is empty. */
  constructor(store: KeyValueStore, genesis: () => VoterSet) {
    this.#store = store
    const newest = store.get(NEWEST_KEY)
    this.#newest = newest
      ? this.#reign(Number(new TextDecoder().decode(newest)))
      : { first: 1, set: genesis(), previous: 0 }
    this.#known.set(this.#newest!.first, this.#newest!)
  }

  get newest(): Reign {
    return this.#newest!
  }

  /** The reign that block `height` belongs to; undefined for one before the first that this node knows. */
  at(height: number): Reign | undefined {
    let reign: Reign | undefined = this.#newest
    while (reign && reign.first > height) reign = this.#reign(reign.previous)
    return reign
  }

  /** True for the last block of a reign: its header says who is next. */
  endsReign(height: number): boolean {
    return this.at(height + 1)?.first === height + 1
  }

  /** `set` votes from block `first` on. Returns what to store in the batch of the block before. */
  begin(first: number, set: VoterSet): StoreChange[] {
    const before = this.newest
    if (Buffer.compare(before.set.hash, set.hash) === 0) return []
    this.#newest = { first, set, previous: before.first }
    this.#known.set(first, this.#newest)
    // The first reign of a store is written with the second.
    const unwritten = this.#store.get(reignKey(before.first)) ? [] : reignChanges(before)
    return [...unwritten, ...reignChanges(this.#newest)]
  }

  #reign(first: number): Reign | undefined {
    const known = this.#known.get(first)
    if (known) return known
    const bytes = this.#store.get(reignKey(first))
    if (!bytes) return undefined
    const reign = decodeReign(first, bytes)
    this.#known.set(first, reign)
    return reign
  }
}

/** What makes a reign the newest one of a store. */
export function reignChanges({ first, set, previous }: Reign): StoreChange[] {
  const value = RLP.encode([
    previous,
    set.voters.map(({ address, publicKey, power }) => [hexToBytes(address), publicKey, bigIntToUnpaddedBytes(power)]),
  ])
  return [
    { key: reignKey(first), value },
    { key: NEWEST_KEY, value: new TextEncoder().encode(String(first)) },
  ]
}

function decodeReign(first: number, bytes: Uint8Array): Reign {
  const [previous, voters] = RLP.decode(bytes) as [Uint8Array, [Uint8Array, Uint8Array, Uint8Array][]]
  return {
    first,
    previous: Number(bytesToBigInt(previous)),
    set: new VoterSet(
      voters.map(([address, publicKey, power]) => ({
        address: bytesToHex(address),
        publicKey,
        power: bytesToBigInt(power),
      })),
    ),
  }
}
