/** What the index keeps of a block. */
import { bytesToHex } from '@ethereumjs/util'
import type { StoredTransaction } from '../chain/block-codec.ts'
import type { SkippedTransaction } from '../chain/chain.ts'
import { storedParts } from '../rpc/format.ts'
import type { Statement } from './index-store.ts'
import { transfersOf } from './transfer-events.ts'

/** A block can hold millions of events; what is beyond this is not listed by account. */
const MAX_TRANSFERS = 50_000

const ACTIVITY =
  'INSERT INTO activity (address, block, position, hash, nonce) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
const TRANSFER =
  'INSERT INTO transfers (address, block, position, hash, token, standard, sender, receiver, amount, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
const CONTRACT =
  'INSERT INTO contracts (address, creator, hash, block) VALUES (?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET creator = excluded.creator, hash = excluded.hash, block = excluded.block'

/** The statements that add a block's transactions. */
export function blockRows(block: number, transactions: readonly StoredTransaction[]): Statement[] {
  const statements: Statement[] = []
  let position = 0
  for (const transaction of transactions) {
    const { hash, sender, index, receipt } = transaction
    const { tx } = storedParts(transaction)
    const touched = new Set([sender])
    if (tx.to) touched.add(bytesToHex(tx.to))
    if (receipt.contractAddress) {
      touched.add(receipt.contractAddress)
      if (receipt.succeeded)
        statements.push({ sql: CONTRACT, parameters: [receipt.contractAddress, sender, hash, block] })
    }
    for (const address of touched) {
      const nonce = address === sender ? tx.nonce : null
      statements.push({ sql: ACTIVITY, parameters: [address, block, index, hash, nonce] })
    }
    for (const entry of receipt.logs)
      for (const { standard, from, to, amount, id } of transfersOf(entry)) {
        if (position >= MAX_TRANSFERS) break
        for (const address of new Set([from, to, entry.address]))
          statements.push({
            sql: TRANSFER,
            parameters: [address, block, position, hash, entry.address, standard, from, to, amount, id],
          })
        position++
      }
  }
  return statements
}

const CONFLICT = `INSERT INTO conflicts (block, position, hash, unit, reason, sender, nonce, winner)
  VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT hash FROM activity WHERE address = ? AND nonce = ? ORDER BY block DESC LIMIT 1))
  ON CONFLICT DO NOTHING`

/** The statements that add what a block left out; they come after those of its transactions, which may have won. */
export function conflictRows(block: number, skipped: readonly SkippedTransaction[]): Statement[] {
  return skipped.map(({ hash, unit, reason, sender, nonce }, position) => ({
    sql: CONFLICT,
    parameters: [block, position, hash, unit, reason, sender, nonce, sender, nonce],
  }))
}
