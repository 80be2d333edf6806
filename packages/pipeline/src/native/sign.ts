import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { encodeNativeTransfer, type NativeTransferFields, nativeTransferId } from './native-transfer.ts'

/** Anything with a private key in hexadecimal: an ethers `Wallet`, say. */
export interface KeyHolder {
  readonly privateKey: string
}

/**
 * Makes a signed native transfer from the account of an Ethereum wallet: its address pays. 176 bytes, ready to send.
 * Signing is noble's, constant time as far as JavaScript goes; about 5 ms.
 */
export function signNativeTransfer(fields: NativeTransferFields, wallet: KeyHolder): Uint8Array {
  const secret = Uint8Array.from(wallet.privateKey.replace(/^0x/, '').match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  )
  const key = secp256k1.getPublicKey(secret, true)
  const raw = encodeNativeTransfer(fields, key.slice(1), key[0] === 3 ? 1 : 0)
  raw.set(schnorr.sign(nativeTransferId(raw), secret), 112)
  return raw
}
