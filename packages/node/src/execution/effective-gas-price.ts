import type { Transaction } from '@zos/pipeline/transaction'

/** Wei per gas that `tx` pays under `baseFee` (EIP-1559). */
export function effectiveGasPrice(tx: Transaction, baseFee: bigint): bigint {
  return tx.maxFeePerGas - baseFee < tx.maxPriorityFeePerGas ? tx.maxFeePerGas : baseFee + tx.maxPriorityFeePerGas
}
