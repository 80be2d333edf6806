import { bytesToHex } from '@ethereumjs/util'
import type { UnitId } from '@zos/dag'
import type { RpcContext, RpcMethod } from '../context.ts'
import { resolveBlock } from '../context.ts'
import { blockParam, hashParam } from '../params.ts'
import { invalidParams } from '../rpc-error.ts'

/** Rounds in one answer of `zos_getUnits`: with thirty validators some 2,000 units. */
const MAX_ROUNDS = 64

function unitAt({ unit, chain }: RpcContext, id: UnitId) {
  const info = unit(id)
  return info
    ? { ...info, round: info.round ?? null, mci: info.mci ?? null, block: chain.blockOfUnit(id) ?? null }
    : null
}

function roundParam(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalidParams(`${name} must be a round: a whole number of 0 or more`)
  return value
}

function roundsParam(value: unknown): { from: number; to: number } {
  if (typeof value !== 'object' || value === null) throw invalidParams('the range must be an object')
  const { fromRound, toRound } = value as Record<string, unknown>
  const from = roundParam(fromRound, 'fromRound')
  const to = roundParam(toRound, 'toRound')
  if (to < from || to - from >= MAX_ROUNDS)
    throw invalidParams(`toRound must be fromRound or up to ${MAX_ROUNDS - 1} more`)
  return { from, to }
}

/** The ledger itself: what Ethereum's methods have no words for. Numbers are plain JSON numbers. */
export const zosMethods: Record<string, RpcMethod> = {
  zos_status: (_, { status }) => status(),
  zos_tips: (_, { tips }) => tips(),

  /** A unit by id: round, height, main-chain index (null until it is final) and block. */
  zos_getUnit: ([value], context) => unitAt(context, hashParam(value, 'unit') as UnitId),

  /** The units of the rounds from `fromRound` to `toRound`, by round, then id; `leader` if the unit committed its block. */
  zos_getUnits: ([value], context) => {
    const { from, to } = roundsParam(value)
    const rounds = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    return rounds
      .flatMap((round) => context.roundUnits(round))
      .map((id) => {
        const unit = unitAt(context, id)!
        return { ...unit, leader: unit.block !== null && context.chain.block(unit.block)?.leader === id }
      })
  },

  /** The validators that signed twice in a range of rounds of the running epoch, with the evidence that `submitEvidence` takes. */
  zos_getOffences: ([value], { offences }) => {
    const { from, to } = roundsParam(value)
    return offences(from, to).map((offence) => ({ ...offence, evidence: bytesToHex(offence.evidence) }))
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
