/**
 * The Ed25519 keys that validators sign IBC checkpoints with, in the host's storage: those of the genesis, and what validators registered
 * since. Anyone may send a registration; it carries the signature of the validator's signing key, and that of the new key itself.
 */
import { concatBytes, hexToBytes } from '@ethereumjs/util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { keyAddress } from '@zos/zpos'
import type { NativeStorage } from '../native/native-storage.ts'
import type { AddressHex } from '../state/account.ts'
import { readRecord, writeRecord } from './byte-records.ts'
import { type IbcSettings, ibcVoteKey } from './settings.ts'

/** Positions of the mappings in the host's storage: address to sequence and key, key to address. */
const KEYS = 3
const HOLDERS = 4
const DOMAIN = utf8ToBytes('zos-ibc-vote-key-registration')
const SEQUENCE_BYTES = 8

/** What a validator sends to change its vote key. */
export interface VoteKeyRegistration {
  /** 33-byte compressed secp256k1 key that signs units. */
  readonly publicKey: Uint8Array
  /** Above that of the registration before; 0 is the genesis. */
  readonly sequence: bigint
  /** 32-byte Ed25519 key. */
  readonly voteKey: Uint8Array
  /** ECDSA of the signing key, 64 bytes. */
  readonly signature: Uint8Array
  /** Ed25519 of the vote key, 64 bytes. */
  readonly possession: Uint8Array
}

/** What both keys sign. `chainId` is the network's name in IBC. */
function digest(chainId: string, address: AddressHex, sequence: bigint, voteKey: Uint8Array): Uint8Array {
  const name = utf8ToBytes(chainId)
  const number = sequenceBytes(sequence)
  return blake2b(concatBytes(DOMAIN, Uint8Array.of(name.length), name, hexToBytes(address), number, voteKey), {
    dkLen: 32,
  })
}

/** Makes the registration of the vote key that belongs to a validator's signing key. */
export function signVoteKey(chainId: string, signingKey: Uint8Array, sequence: bigint): VoteKeyRegistration {
  const publicKey = secp256k1.getPublicKey(signingKey, true)
  const secret = ibcVoteKey(signingKey)
  const voteKey = ed25519.getPublicKey(secret)
  const signed = digest(chainId, keyAddress(publicKey)! as AddressHex, sequence, voteKey)
  return {
    publicKey,
    sequence,
    voteKey,
    signature: secp256k1.sign(signed, signingKey, { prehash: false }),
    possession: ed25519.sign(signed, secret),
  }
}

/** Takes a registration in. Returns why it is refused; undefined when it is done. Foreign bytes never throw. */
export function registerVoteKey(
  storage: NativeStorage,
  chainId: string,
  { publicKey, sequence, voteKey, signature, possession }: VoteKeyRegistration,
): string | undefined {
  const address = keyAddress(publicKey) as AddressHex | undefined
  if (!address) return 'the signing key is no key'
  if (voteKey.length !== 32) return 'a vote key has 32 bytes'
  const before = readRecord(storage, KEYS, hexToBytes(address))
  if (before && sequence <= sequenceOf(before)) return 'a later vote key was registered already'
  if (sequence === 0n) return 'the sequence begins at 1'
  const signed = digest(chainId, address, sequence, voteKey)
  try {
    if (!secp256k1.verify(signature, signed, publicKey, { prehash: false })) return 'the signing key did not sign this'
    // Strict (RFC 8032): keys of small order, under which anything is signed, are refused.
    if (!ed25519.verify(possession, signed, voteKey, { zip215: false })) return 'the vote key did not sign this'
  } catch {
    return 'a signature cannot be read'
  }
  // Two members with one key would make a set that no client takes.
  const holder = readRecord(storage, HOLDERS, voteKey)
  if (holder && Buffer.compare(holder, hexToBytes(address)) !== 0) return 'another validator has this vote key'
  write(storage, address, sequence, voteKey)
  return undefined
}

/** Gives the validators of the genesis their keys. */
export function writeGenesisVoteKeys(storage: NativeStorage, { voteKeys }: IbcSettings): void {
  for (const { address, publicKey } of voteKeys) write(storage, address, 0n, hexToBytes(publicKey))
}

/** The vote key of the validator that signs units as `address`, and the sequence it came with; undefined if it has none. */
export function voteKeyOf(
  storage: NativeStorage,
  address: AddressHex,
): { voteKey: Uint8Array; sequence: bigint } | undefined {
  const record = readRecord(storage, KEYS, hexToBytes(address))
  return record && { voteKey: record.slice(SEQUENCE_BYTES), sequence: sequenceOf(record) }
}

function write(storage: NativeStorage, address: AddressHex, sequence: bigint, voteKey: Uint8Array): void {
  const before = voteKeyOf(storage, address)
  if (before) writeRecord(storage, HOLDERS, before.voteKey, undefined)
  const number = sequenceBytes(sequence)
  writeRecord(storage, KEYS, hexToBytes(address), concatBytes(number, voteKey))
  writeRecord(storage, HOLDERS, voteKey, hexToBytes(address))
}

const sequenceOf = (record: Uint8Array): bigint => new DataView(record.buffer, record.byteOffset).getBigUint64(0)

/** Registrations hold numbers of 64 bits: the call's decoder sees to that. */
const sequenceBytes = (sequence: bigint): Uint8Array => hexToBytes(`0x${sequence.toString(16).padStart(16, '0')}`)
