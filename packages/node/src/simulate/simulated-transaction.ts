/** The transaction that a simulated call stands for: typed by the fields that it has, without a signature. */
import type { Common } from '@ethereumjs/common'
import { createTx, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { Transaction } from '@zos/pipeline/transaction'
import type { UnsignedCall } from '../execution/evm.ts'

/** A call with everything that the caller left open filled in. */
export interface SimulatedCall extends UnsignedCall {
  nonce: bigint
  /** It names a gas price: a transaction from before EIP-1559. */
  isLegacy: boolean
  fees: { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }
}

export function simulatedTransaction(call: SimulatedCall, common: Common): TypedTransaction {
  const type = call.authorizationList ? 4 : !call.isLegacy ? 2 : call.accessList ? 1 : 0
  const data: TypedTxData = {
    type,
    gasLimit: 0n,
    value: call.value,
    data: call.data,
    ...(type < 2 ? { gasPrice: call.fees.maxFeePerGas } : call.fees),
    ...(call.to ? { to: call.to } : {}),
    ...(call.accessList ? { accessList: call.accessList } : {}),
    ...(call.authorizationList ? { authorizationList: call.authorizationList } : {}),
  }
  const tx = createTx(data, { common, freeze: false })
  // Neither fits a transaction that could be sent: gas above EIP-7825's limit, and any nonce.
  return Object.assign(tx, { gasLimit: call.gasLimit, nonce: call.nonce })
}

/** `tx` in the form that the node tells transactions in. */
export function describe(tx: TypedTransaction, call: SimulatedCall, chainId: number): Transaction {
  const raw = tx.serialize()
  const hash = keccak256(raw)
  return {
    type: tx.type as Transaction['type'],
    chainId: tx.type === 0 ? undefined : BigInt(chainId),
    nonce: call.nonce,
    gasLimit: call.gasLimit,
    maxFeePerGas: call.fees.maxFeePerGas,
    maxPriorityFeePerGas: call.fees.maxPriorityFeePerGas,
    to: call.to && hexToBytes(call.to),
    value: call.value,
    data: call.data,
    accessList: (call.accessList ?? []).map(({ address, storageKeys }) => ({
      address: hexToBytes(address),
      storageKeys: storageKeys.map((key) => hexToBytes(key)),
    })),
    authorizationList: (call.authorizationList ?? []).map((one) => ({
      chainId: BigInt(one.chainId),
      address: hexToBytes(one.address),
      nonce: BigInt(one.nonce),
      yParity: BigInt(one.yParity),
      r: BigInt(one.r),
      s: BigInt(one.s),
    })),
    signature: { r: 0n, s: 0n, yParity: 0 },
    raw,
    hash,
    signingHash: hash,
  }
}

export function hashOf(tx: Transaction): `0x${string}` {
  return bytesToHex(tx.hash)
}
