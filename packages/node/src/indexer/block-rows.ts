/** What the index keeps of a block. */
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import type { StoredTransaction } from '../chain/block-codec.ts'
import type { SkippedTransaction } from '../chain/chain.ts'
import { storedParts } from '../rpc/format.ts'
import type { Statement } from './index-store.ts'

/** Keccak-256 of `Transfer(address,address,uint256)`: ERC-20 and ERC-721 share it, and differ in how many topics there are. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** A block can hold millions of events; what is beyond this is not listed by account. */
const MAX_TRANSFERS = 50_000

const ACTIVITY =
  'INSERT INTO activity (address, block, position, hash, nonce) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
const TRANSFER =
  'INSERT INTO transfers (address, block, log, hash, token, standard, sender, receiver, amount) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
const CONTRACT =
  'INSERT INTO contracts (address, creator, hash, block) VALUES (?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET creator = excluded.creator, hash = excluded.hash, block = excluded.block'

/** The statements that add a block's transactions. */
export function blockRows(block: number, transactions: readonly StoredTransaction[]): Statement[] {
  const statements: Statement[] = []
  let log = 0
  let transfers = 0
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
    for (const entry of receipt.logs) {
      const position = log++
      const transfer = transferOf(entry)
      if (!transfer || transfers++ >= MAX_TRANSFERS) continue
      const { standard, from, to, amount } = transfer
      for (const address of new Set([from, to, entry.address]))
        statements.push({
          sql: TRANSFER,
          parameters: [address, block, position, hash, entry.address, standard, from, to, amount],
        })
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

function transferOf({ topics, data }: { topics: readonly string[]; data: Uint8Array }) {
  if (topics[0] !== TRANSFER_TOPIC) return undefined
  const address = (topic: string) => `0x${topic.slice(26)}`
  if (topics.length === 3 && data.length === 32)
    return {
      standard: 'erc20',
      from: address(topics[1]!),
      to: address(topics[2]!),
      amount: bytesToBigInt(data).toString(),
    }
  if (topics.length === 4)
    return {
      standard: 'erc721',
      from: address(topics[1]!),
      to: address(topics[2]!),
      amount: BigInt(topics[3]!).toString(),
    }
  return undefined
}
