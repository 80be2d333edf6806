import type { Block, Transaction, Unit } from './ledger.ts'
import { call } from './rpc.ts'

/** The page for what somebody typed: a block number, an address, or the hash of a transaction, block or unit. */
export async function search(query: string): Promise<string | undefined> {
  const text = query
    .trim()
    .replaceAll(/[\s,_]/g, '')
    .toLowerCase()
  if (/^\d{1,15}$/.test(text)) return `block/${Number(text)}`
  const hex = text.startsWith('0x') ? text : `0x${text}`
  if (/^0x[0-9a-f]{40}$/.test(hex)) return `address/${hex}`
  if (!/^0x[0-9a-f]{64}$/.test(hex)) return undefined
  const [transaction, block, unit] = await Promise.all([
    call<Transaction | null>('eth_getTransactionByHash', hex),
    call<Block | null>('eth_getBlockByHash', hex, false),
    call<Unit | null>('zos_getUnit', hex),
  ])
  if (transaction) return `tx/${hex}`
  if (block) return `block/${hex}`
  return unit ? `unit/${hex}` : undefined
}
