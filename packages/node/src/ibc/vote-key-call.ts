/** The call of the IBC host that registers a vote key, as Solidity's ABI has it. */
import { bytesToHex, concatBytes, hexToBytes } from '@ethereumjs/util'
import { type AbiValue, decodeAbi, encodeAbi } from '@zos/zpos'
import { selector } from './gateway-abi.ts'
import type { VoteKeyRegistration } from './vote-keys.ts'

const TYPES = ['bytes', 'uint64', 'bytes32', 'bytes', 'bytes']
const SELECTOR = selector(`registerVoteKey(${TYPES.join(',')})`)
/** Keys and signatures, each with its offset and length. */
const MAX_BYTES = 4 + 14 * 32

/** For ethers and viem; the host's address is `IBC_HOST_ADDRESS`. */
export const VOTE_KEY_ABI = [
  'function registerVoteKey(bytes publicKey, uint64 sequence, bytes32 voteKey, bytes signature, bytes possession)',
] as const

/** The data of the call. */
export function encodeRegistration(registration: VoteKeyRegistration): `0x${string}` {
  const { publicKey, sequence, voteKey, signature, possession } = registration
  const values: AbiValue[] = [
    bytesToHex(publicKey),
    sequence,
    bytesToHex(voteKey),
    bytesToHex(signature),
    bytesToHex(possession),
  ]
  return bytesToHex(concatBytes(hexToBytes(SELECTOR as `0x${string}`), encodeAbi(TYPES, values)))
}

/** Reads {@link encodeRegistration}; undefined for another call, and for arguments that do not decode. */
export function decodeRegistration(data: Uint8Array): VoteKeyRegistration | undefined {
  if (data.length > MAX_BYTES || bytesToHex(data.subarray(0, 4)) !== SELECTOR) return undefined
  const values = decodeAbi(TYPES, data.subarray(4))
  if (!values) return undefined
  const [publicKey, sequence, voteKey, signature, possession] = values
  const bytes = (value: AbiValue | undefined) => hexToBytes(value as `0x${string}`)
  return {
    publicKey: bytes(publicKey),
    sequence: sequence as bigint,
    voteKey: bytes(voteKey),
    signature: bytes(signature),
    possession: bytes(possession),
  }
}
