import type { UnitId } from '@zos/dag'
import type { RpcMethod } from '../context.ts'
import { resolveBlock } from '../context.ts'
import { blockParam, hashParam } from '../params.ts'

/** The ledger itself: what Ethereum's methods have no words for. Numbers are plain JSON numbers. */
export const zosMethods: Record<string, RpcMethod> = {
  zos_status: (_, { status }) => status(),
  zos_tips: (_, { tips }) => tips(),

  /** A unit by id: round, height, main-chain index (null until it is final) and block. */
  zos_getUnit: ([value], { unit, chain }) => {
    const id = hashParam(value, 'unit') as UnitId
    const info = unit(id)
    return info
      ? { ...info, round: info.round ?? null, mci: info.mci ?? null, block: chain.blockOfUnit(id) ?? null }
      : null
  },

  /** The unit that carried an executed transaction into the ledger, with its height and main-chain index. */
  zos_getTransactionUnit: ([value], { chain }) => {
    const transaction = chain.transaction(hashParam(value, 'hash'))
    if (!transaction) return null
    const place = chain.block(transaction.block)!.units.find(({ id }) => id === transaction.unit)!
    return { unit: transaction.unit, height: place.height, mci: place.mci, block: transaction.block }
  },

  /** The units of a block in the ledger's order, and the leader unit that committed them. */
  zos_getBlockUnits: ([value], context) => {
    const block = resolveBlock(context, blockParam(value))
    return block ? { block: block.header.number, leader: block.leader, round: block.round, units: block.units } : null
  },
}
