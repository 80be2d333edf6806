import { constantFields, nextBaseFee } from '../../execution/header.ts'
import { type RpcMethod, resolveBlock } from '../context.ts'
import { quantity } from '../format.ts'
import { blockParam, quantityParam } from '../params.ts'
import { invalidParams } from '../rpc-error.ts'

/** Wei per gas: what a sender adds when nobody competes. */
const SUGGESTED_TIP = 1_000_000_000n
const MAX_HISTORY_BLOCKS = 1_024
const MAX_PERCENTILES = 100

/** What a transaction should pay. */
export const feeMethods: Record<string, RpcMethod> = {
  eth_gasPrice: (_, { chain }) => quantity(nextBaseFee(chain.head!.header) + SUGGESTED_TIP),
  eth_maxPriorityFeePerGas: () => quantity(SUGGESTED_TIP),
  eth_baseFee: (_, { chain }) => quantity(nextBaseFee(chain.head!.header)),
  eth_blobBaseFee: () => '0x1',

  eth_feeHistory: ([blocks, newest, percentiles], context) => {
    const wanted = typeof blocks === 'number' ? blocks : Number(quantityParam(blocks, 'blockCount'))
    if (!Number.isInteger(wanted) || wanted < 1) throw invalidParams('blockCount must be at least 1')
    const ranks = (percentiles ?? []) as unknown[]
    if (
      !Array.isArray(ranks) ||
      ranks.length > MAX_PERCENTILES ||
      ranks.some(
        (rank, index) =>
          typeof rank !== 'number' || rank < 0 || rank > 100 || (index > 0 && rank < (ranks[index - 1] as number)),
      )
    )
      throw invalidParams('rewardPercentiles must be ascending numbers from 0 to 100')
    const last = resolveBlock(context, blockParam(newest))
    if (!last) throw invalidParams('newestBlock is not there yet')
    const first = Math.max(context.chain.firstBlock, last.header.number - Math.min(wanted, MAX_HISTORY_BLOCKS) + 1)
    const range = Array.from(
      { length: last.header.number - first + 1 },
      (_, index) => context.chain.block(first + index)!,
    )
    return {
      oldestBlock: quantity(first),
      baseFeePerGas: [...range.map(({ header }) => quantity(header.baseFeePerGas)), quantity(nextBaseFee(last.header))],
      gasUsedRatio: range.map(({ header }) => Number((header.gasUsed * 1_000_000n) / header.gasLimit) / 1_000_000),
      baseFeePerBlobGas: [...range, last].map(({ header }) => (constantFields(header).fields < 20 ? '0x0' : '0x1')),
      blobGasUsedRatio: range.map(() => 0),
      ...(ranks.length > 0
        ? {
            reward: range.map((block) =>
              rewards(context.chain.transactionsOf(block), block.header.baseFeePerGas, ranks as number[]),
            ),
          }
        : {}),
    }
  },
}

/** The tips at the given percentiles of the block's gas. */
function rewards(
  transactions: readonly { receipt: { gasUsed: bigint; effectiveGasPrice: bigint } }[],
  baseFee: bigint,
  percentiles: readonly number[],
) {
  const tips = transactions.map(({ receipt }) => ({ tip: receipt.effectiveGasPrice - baseFee, gas: receipt.gasUsed }))
  tips.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0))
  const total = tips.reduce((sum, { gas }) => sum + gas, 0n)
  return percentiles.map((percentile) => {
    const threshold = (total * BigInt(Math.round(percentile * 100))) / 10_000n
    let sum = 0n
    for (const { tip, gas } of tips) {
      sum += gas
      if (sum >= threshold) return quantity(tip)
    }
    return '0x0'
  })
}
