import type { UnitId } from '@zos/dag'
import type { ConflictEntry, Cursor, Indexer } from '../../indexer/indexer.ts'
import type { RpcContext, RpcMethod, UnitInfo } from '../context.ts'
import { addressParam } from '../params.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'

const DEFAULT_PAGE = 25
const MAX_PAGE = 100

function indexOf({ index }: RpcContext): Indexer {
  if (index) return index
  throw new RpcError(RpcCode.resourceUnavailable, 'this node keeps no index of accounts; start it with --index')
}

/** `{ before: { block, position }, limit }`: what the last entry of the page before said. */
function pageParam(value: unknown): { before: Cursor | undefined; limit: number } {
  if (value === undefined || value === null) return { before: undefined, limit: DEFAULT_PAGE }
  if (typeof value !== 'object') throw invalidParams('the page must be an object')
  const { before, limit = DEFAULT_PAGE } = value as { before?: unknown; limit?: unknown }
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw invalidParams(`limit must be 1 to ${MAX_PAGE}`)
  if (before === undefined || before === null) return { before: undefined, limit }
  const { block, position } = before as { block?: unknown; position?: unknown }
  if (!Number.isSafeInteger(block) || !Number.isSafeInteger(position))
    throw invalidParams('before must be { block, position }')
  return { before: { block: block as number, position: position as number }, limit }
}

/** On a development network blocks can be undone: what is unknown by hash now is not shown. */
function stands({ chain }: RpcContext): (entry: { hash: `0x${string}`; block: number }) => boolean {
  return ({ hash, block }) => chain.transaction(hash)?.block === block
}

/** What only an index knows. */
export const indexMethods: Record<string, RpcMethod> = {
  /** The blocks in the index; null without one. */
  zos_indexStatus: (_, { index }) => index?.range ?? null,

  zos_getTransactionsOf: async ([address, page], context) => {
    const { before, limit } = pageParam(page)
    const entries = await indexOf(context).activity(addressParam(address, 'address'), before, limit)
    const last = entries.length === limit ? entries.at(-1)! : undefined
    return {
      entries: entries.filter(stands(context)),
      next: last ? { block: last.block, position: last.position } : null,
    }
  },

  zos_getTransfersOf: async ([address, page], context) => {
    const { before, limit } = pageParam(page)
    const entries = await indexOf(context).transfers(addressParam(address, 'address'), before, limit)
    const last = entries.length === limit ? entries.at(-1)! : undefined
    return {
      entries: entries.filter(stands(context)),
      next: last ? { block: last.block, position: last.position } : null,
    }
  },

  /** Transactions that final units carried and blocks left out, newest first, with what won and why. */
  zos_getConflicts: async ([page], context) => {
    const { before, limit } = pageParam(page)
    const entries = await indexOf(context).conflicts(before, limit)
    const last = entries.length === limit ? entries.at(-1)! : undefined
    return {
      entries: entries.map((entry) => ({ ...entry, decided: decisionOf(context, entry) })),
      next: last ? { block: last.block, position: last.position } : null,
    }
  },

  /** Who made a contract, and with which transaction. Null for what a contract or the genesis made. */
  zos_getContractCreation: async ([address], context) => {
    const entry = await indexOf(context).contract(addressParam(address, 'address'))
    return entry && stands(context)(entry) ? entry : null
  },
}

/** How the ledger put the winner first: the places of both units, and the rule that tells them apart. */
function decisionOf({ chain, unit }: RpcContext, { unit: loserId, winner }: ConflictEntry) {
  const won = winner && chain.transaction(winner)
  const [lost, before] = [unit(loserId as UnitId), won && unit(won.unit as UnitId)]
  if (!won || !lost || !before) return null
  const place = ({ id, mci, height }: UnitInfo) => ({ unit: id, mci: mci ?? null, height })
  return { winner: place(before), loser: place(lost), rule: ruleOf(before, lost) }
}

function ruleOf(won: UnitInfo, lost: UnitInfo): 'same-unit' | 'smaller-index' | 'smaller-height' | 'smaller-id' {
  if (won.id === lost.id) return 'same-unit'
  if (won.mci !== lost.mci) return 'smaller-index'
  return won.height === lost.height ? 'smaller-id' : 'smaller-height'
}
