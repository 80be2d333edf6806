/** Transactions that a node of a development network makes for its clients. */
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTx, type TypedTxData } from '@ethereumjs/tx'
import { bytesToBigInt, hexToBytes, type PrefixedHexString } from '@ethereumjs/util'
import type { AddressHex } from '../state/account.ts'

/** An EIP-1559 transaction with everything filled in. */
export interface TransactionFields {
  nonce: bigint
  gasLimit: bigint
  maxFeePerGas: bigint
  maxPriorityFeePerGas: bigint
  to: AddressHex | undefined
  value: bigint
  data: Uint8Array
  accessList?: { address: AddressHex; storageKeys: PrefixedHexString[] }[]
}

function dataOf(chainId: number, fields: TransactionFields): TypedTxData {
  const { to, accessList, ...rest } = fields
  return { type: 2, chainId, ...rest, ...(to ? { to } : {}), ...(accessList ? { accessList } : {}) }
}

const commonOf = (chainId: number) => createCustomCommon({ chainId }, Mainnet, { hardfork: Hardfork.Osaka })

/** The raw transaction, signed with `privateKey`. */
export function signTransaction(chainId: number, fields: TransactionFields, privateKey: Uint8Array): Uint8Array {
  return createTx(dataOf(chainId, fields), { common: commonOf(chainId) })
    .sign(privateKey)
    .serialize()
}

/** The raw transaction with `sender` where the signature would be: r is the address and s is 1, which no key of use signs. */
export function impersonatingTransaction(chainId: number, fields: TransactionFields, sender: AddressHex): Uint8Array {
  const r = bytesToBigInt(hexToBytes(sender))
  return createTx(
    { ...dataOf(chainId, fields), v: 0n, r: r === 0n ? 1n : r, s: 1n },
    { common: commonOf(chainId) },
  ).serialize()
}
