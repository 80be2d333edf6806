/**
 * The native transfer: 176 bytes at fixed places, little end first, signed by BIP-340. One encoding: whatever is reserved is zero.
 *
 *   0  type 0x5a  · 1 version 1 · 2 parity of the account key's y · 3 zero · 4 last main-chain index at which it is valid, 0: any (u32)
 *   8  chain id (u64) · 16 nonce (u64) · 24 amount in wei (u128) · 40 fee in wei (u128) · 56 recipient (20) · 76 zero (4)
 *   80 x of the account key (32) · 112 signature (64)
 *
 * The account is the Ethereum address of the key (x, y of that parity), so one key has one account in both worlds. BIP-340 itself
 * knows x alone: the parity says which of the two addresses pays, and is signed. Id and signed message are the same 32 bytes,
 * keccak256("ZOS native transfer 1" ‖ bytes 0 … 111); no id depends on a signature.
 */
import { PipelineError } from '../errors.ts'
import { keccak256 } from '../hash/keccak.ts'

/** Length of an encoded native transfer, signature included. There is only this one. */
export const NATIVE_TRANSFER_BYTES = 176
/** The first byte: a transaction type (EIP-2718) that Ethereum does not use. */
export const NATIVE_TRANSFER_TYPE = 0x5a
const UNSIGNED_BYTES = 112
const DOMAIN = new TextEncoder().encode('ZOS native transfer 1')
const WORD = 0xffffffffffffffffn

/**
 * What the sender of a native transfer says; its key and signature are added by {@link encodeNativeTransfer} and the
 * signer.
 */
export interface NativeTransferFields {
  /** Below 2^64; a transfer for another chain is refused. */
  readonly chainId: bigint
  /** Below 2^64: the number of transactions that the account has sent, shared with its Ethereum ones. */
  readonly nonce: bigint
  /** Wei, below 2^128. */
  readonly amount: bigint
  /** Wei, below 2^128; the whole fee, there is no gas. */
  readonly fee: bigint
  /** 20 bytes. */
  readonly to: Uint8Array
  /** Last main-chain index at which the transfer is valid; 0 or absent: no limit. */
  readonly validUntil?: number
}

/**
 * A decoded native transfer. Byte fields are views on `raw`, so keep that unchanged. Its signature is not verified yet.
 */
export interface NativeTransfer extends Required<NativeTransferFields> {
  /** x of the account key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Parity of the account key's y. */
  readonly yParity: 0 | 1
  /** BIP-340: R.x ‖ s, 64 bytes, over `id`. */
  readonly signature: Uint8Array
  /** The 176 bytes that it was decoded from. */
  readonly raw: Uint8Array
  /** Id, and the message signed: 32 bytes. */
  readonly id: Uint8Array
}

/**
 * A native transfer, or why bytes are none: a wrong length, another type or version, reserved bytes that are not zero,
 * or another chain's id.
 */
export type DecodedNativeTransfer =
  | { readonly status: 'ok'; readonly tx: NativeTransfer }
  | {
      readonly status: 'invalid'
      readonly code: 'length' | 'type' | 'reserved' | 'chain-mismatch'
      readonly reason: string
    }

/** Decodes strictly; byte fields are views on `raw`. The signature is not verified. */
export function decodeNativeTransfer(
  raw: Uint8Array,
  options: { readonly chainId?: bigint } = {},
): DecodedNativeTransfer {
  if (raw.length !== NATIVE_TRANSFER_BYTES)
    return {
      status: 'invalid',
      code: 'length',
      reason: `${raw.length} bytes, a native transfer has ${NATIVE_TRANSFER_BYTES}`,
    }
  if (raw[0] !== NATIVE_TRANSFER_TYPE || raw[1] !== 1)
    return { status: 'invalid', code: 'type', reason: `type ${raw[0]}, version ${raw[1]}` }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length)
  if (raw[2]! > 1 || raw[3] !== 0 || view.getUint32(76, true) !== 0)
    return { status: 'invalid', code: 'reserved', reason: 'a reserved byte is not zero' }
  const chainId = view.getBigUint64(8, true)
  if (options.chainId !== undefined && chainId !== options.chainId)
    return {
      status: 'invalid',
      code: 'chain-mismatch',
      reason: `chain id ${chainId}, this chain is ${options.chainId}`,
    }
  const tx: NativeTransfer = {
    chainId,
    nonce: view.getBigUint64(16, true),
    amount: view.getBigUint64(24, true) | (view.getBigUint64(32, true) << 64n),
    fee: view.getBigUint64(40, true) | (view.getBigUint64(48, true) << 64n),
    to: raw.subarray(56, 76),
    validUntil: view.getUint32(4, true),
    publicKey: raw.subarray(80, 112),
    yParity: raw[2] as 0 | 1,
    signature: raw.subarray(112, 176),
    raw,
    id: nativeTransferId(raw),
  }
  return { status: 'ok', tx }
}

const MESSAGE = new Uint8Array(DOMAIN.length + UNSIGNED_BYTES)
MESSAGE.set(DOMAIN)

/** The id of an encoded transfer, signed or not yet: 32 bytes. */
export function nativeTransferId(raw: Uint8Array): Uint8Array {
  MESSAGE.set(raw.subarray(0, UNSIGNED_BYTES), DOMAIN.length)
  return keccak256(MESSAGE)
}

/** The transfer with an empty signature: sign `nativeTransferId` of it and put the signature at byte 112. */
export function encodeNativeTransfer(fields: NativeTransferFields, publicKey: Uint8Array, yParity: 0 | 1): Uint8Array {
  const { chainId, nonce, amount, fee, to, validUntil = 0 } = fields
  const fits = (value: bigint, bits: bigint) => value >= 0n && value < 1n << bits
  if (
    !fits(chainId, 64n) ||
    !fits(nonce, 64n) ||
    !fits(amount, 128n) ||
    !fits(fee, 128n) ||
    to.length !== 20 ||
    publicKey.length !== 32 ||
    !Number.isInteger(validUntil) ||
    validUntil < 0 ||
    validUntil > 0xffffffff
  )
    throw new PipelineError('PIPELINE_INVALID_ARGUMENT', 'a field of the native transfer is out of its range', {
      ...fields,
    })
  const raw = new Uint8Array(NATIVE_TRANSFER_BYTES)
  const view = new DataView(raw.buffer)
  raw.set([NATIVE_TRANSFER_TYPE, 1, yParity, 0])
  view.setUint32(4, validUntil, true)
  view.setBigUint64(8, chainId, true)
  view.setBigUint64(16, nonce, true)
  view.setBigUint64(24, amount & WORD, true)
  view.setBigUint64(32, amount >> 64n, true)
  view.setBigUint64(40, fee & WORD, true)
  view.setBigUint64(48, fee >> 64n, true)
  raw.set(to, 56)
  raw.set(publicKey, 80)
  return raw
}
