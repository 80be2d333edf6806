import { decodeNativeTransfer, NATIVE_TRANSFER_TYPE, type NativeTransfer } from '../native/native-transfer.ts'
import { decodeTransaction } from '../transaction/decode.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** A well-formed transaction of either kind; its signature is not verified yet. */
export type DecodedTx =
  | { readonly kind: 'native'; readonly id: Uint8Array; readonly raw: Uint8Array; readonly tx: NativeTransfer }
  | {
      readonly kind: 'evm'
      readonly id: Uint8Array
      readonly raw: Uint8Array
      readonly tx: Transaction
      /** Who the submitter says sent it: allows the batch equation when the key is known. A wrong hint only costs time. */
      readonly senderHint: Uint8Array | undefined
    }

/** A transaction whose signature holds, and who sent it (20 bytes). */
export type VerifiedTx = DecodedTx & { readonly from: Uint8Array }

/** A transaction of either kind, or why bytes are none: `code` is one of the decoder's, `reason` says it in words. */
export type DecodedAny =
  | { readonly status: 'ok'; readonly tx: DecodedTx }
  | { readonly status: 'invalid'; readonly code: string; readonly reason: string }

/** Decodes a native transfer or an Ethereum transaction of this chain. */
export function decodeAny(raw: Uint8Array, chainId: bigint, senderHint?: Uint8Array): DecodedAny {
  if (raw[0] === NATIVE_TRANSFER_TYPE) {
    const decoded = decodeNativeTransfer(raw, { chainId })
    if (decoded.status === 'invalid') return decoded
    return { status: 'ok', tx: { kind: 'native', id: decoded.tx.id, raw, tx: decoded.tx } }
  }
  const decoded = decodeTransaction(raw, { chainId })
  if (decoded.status === 'invalid') return decoded
  return { status: 'ok', tx: { kind: 'evm', id: decoded.tx.hash, raw, tx: decoded.tx, senderHint } }
}
