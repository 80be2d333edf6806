/**
 * The explorer's index: which transactions and token transfers touch an account, and who made a contract. It follows the chain behind
 * execution from a cursor, can be deleted at any time and builds itself again, and forgets the oldest blocks when it grows too large.
 */
import type { Chain, SkippedTransaction } from '../chain/chain.ts'
import { NodeError } from '../errors.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { blockRows, conflictRows } from './block-rows.ts'
import { type IndexStore, SCHEMA, SCHEMA_VERSION, type SqlValue, type Statement, TABLES } from './index-store.ts'

/** Rows of the largest table beyond which the oldest blocks go; some 2 GB. */
const MAX_ROWS = 10_000_000
/** How many blocks go at once then. */
const TRIM_BLOCKS = 1_000
/** Blocks between two looks at the size. */
const CHECK_EVERY = 500
/** Blocks whose conflicts wait for the index; with more the oldest are forgotten. */
const MAX_WAITING = 1_024
/** Conflicts of one block that are kept. */
const MAX_CONFLICTS = 256
/** Entries in one answer. */
export const MAX_PAGE = 100

export interface IndexerOptions {
  chain: Chain
  /** Of the genesis block: an index of another network is dropped. */
  genesisHash: Hash
  maxRows?: number
  onError: (error: unknown) => void
}

/** Where a page ends; the next one begins before it. */
export interface Cursor {
  block: number
  position: number
}

export interface ActivityEntry extends Cursor {
  hash: Hash
}

export interface TransferEntry extends Cursor {
  hash: Hash
  token: AddressHex
  standard: 'erc20' | 'erc721' | 'erc1155'
  from: AddressHex
  to: AddressHex
  /** Smallest units of an ERC-20, the id of an ERC-721, how many of `id` of an ERC-1155. Decimal. */
  amount: string
  /** Which kind of an ERC-1155, decimal; null for others. A batch is as many entries as it moves kinds. */
  id: string | null
}

/** A transaction that a final unit carried and its block left out. */
export interface ConflictEntry extends Cursor {
  hash: Hash
  unit: Hash
  reason: string
  sender: AddressHex
  nonce: number
  /** What had the sender's turn instead. */
  winner: Hash | null
}

export interface ContractEntry {
  creator: AddressHex
  hash: Hash
  block: number
}

export class Indexer {
  readonly #store: IndexStore
  readonly #options: IndexerOptions
  #cursor: number
  #first: number
  #running: Promise<void> | undefined
  #stopped = false
  readonly #unfollow: () => void
  /** Blocks tell what they left out only once. */
  readonly #skipped = new Map<number, SkippedTransaction[]>()

  private constructor(store: IndexStore, options: IndexerOptions, cursor: number, first: number) {
    this.#store = store
    this.#options = options
    this.#cursor = cursor
    this.#first = first
    this.#unfollow = options.chain.onBlock(({ block, skipped }) => {
      if (skipped.length > 0) this.#remember(block.header.number, skipped.slice(0, MAX_CONFLICTS))
      this.#follow()
    })
    this.#follow()
  }

  /** Opens the index in `where` (a file, `:memory:` or a PostgreSQL URL) and lets it catch up behind. Errors: `NODE_INDEX`. */
  static async open(where: string, options: IndexerOptions): Promise<Indexer> {
    const store = await openStore(where)
    const meta = new Map(
      (await store.all<{ name: string; value: string }>('SELECT name, value FROM meta')).map(({ name, value }) => [
        name,
        value,
      ]),
    )
    const fresh = meta.get('schema') !== SCHEMA_VERSION || meta.get('genesis') !== options.genesisHash
    const cursor = fresh ? -1 : Number(meta.get('cursor') ?? -1)
    if (fresh || cursor > (options.chain.head?.header.number ?? -1)) {
      await store.write([
        ...[...TABLES.map((table) => `DROP TABLE IF EXISTS ${table}`), ...SCHEMA].map((sql) => ({
          sql,
          parameters: [],
        })),
        setMeta('schema', SCHEMA_VERSION),
        setMeta('genesis', options.genesisHash),
      ])
      return new Indexer(store, options, -1, 0)
    }
    return new Indexer(store, options, cursor, Number(meta.get('first') ?? 0))
  }

  /** The newest block in the index, and the oldest that it remembers. */
  get range(): { first: number; last: number } {
    return { first: this.#first, last: this.#cursor }
  }

  /** Transactions that `address` sent, got or was made by, newest first. */
  async activity(address: AddressHex, before: Cursor | undefined, limit: number): Promise<ActivityEntry[]> {
    const rows = await this.#page<{ block: number; position: number; hash: string }>(
      'block, position, hash FROM activity',
      address,
      before,
      limit,
    )
    return rows.map(({ block, position, hash }) => ({ block, position, hash: hash as Hash }))
  }

  /** Token transfers from or to `address`, or of the token `address`, newest first. */
  async transfers(address: AddressHex, before: Cursor | undefined, limit: number): Promise<TransferEntry[]> {
    const rows = await this.#page<Record<string, string> & { block: never; position: never; id: never }>(
      'block, position, hash, token, standard, sender, receiver, amount, id FROM transfers',
      address,
      before,
      limit,
    )
    return rows.map(({ block, position, hash, token, standard, sender, receiver, amount, id }) => ({
      block: Number(block),
      position: Number(position),
      hash: hash as Hash,
      token: token as AddressHex,
      standard: standard as TransferEntry['standard'],
      from: sender as AddressHex,
      to: receiver as AddressHex,
      amount: amount!,
      id,
    }))
  }

  /** What blocks left out, newest first. */
  async conflicts(before: Cursor | undefined, limit: number): Promise<ConflictEntry[]> {
    const older = before ? 'WHERE block < ? OR (block = ? AND position < ?)' : ''
    const rows = await this.#store.all<Record<string, string> & { nonce: never; block: never; position: never }>(
      `SELECT block, position, hash, unit, reason, sender, nonce, winner FROM conflicts ${older} ORDER BY block DESC, position DESC LIMIT ?`,
      ...(before ? [before.block, before.block, before.position] : []),
      Math.min(limit, MAX_PAGE),
    )
    return rows.map(({ block, position, nonce, ...row }) => ({
      ...(row as unknown as Omit<ConflictEntry, 'block' | 'position' | 'nonce'>),
      block: Number(block),
      position: Number(position),
      nonce: Number(nonce),
    }))
  }

  async contract(address: AddressHex): Promise<ContractEntry | undefined> {
    const [row] = await this.#store.all<{ creator: string; hash: string; block: number }>(
      'SELECT creator, hash, block FROM contracts WHERE address = ?',
      address,
    )
    return row && { creator: row.creator as AddressHex, hash: row.hash as Hash, block: row.block }
  }

  /** Resolves when the index has every block that is executed now. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async close(): Promise<void> {
    this.#stopped = true
    this.#unfollow()
    await this.#running
    await this.#store.close()
  }

  #page<Row extends Record<string, SqlValue>>(
    what: string,
    address: AddressHex,
    before: Cursor | undefined,
    limit: number,
  ): Promise<Row[]> {
    const older = before ? ` AND (block < ? OR (block = ? AND position < ?))` : ''
    return this.#store.all<Row>(
      `SELECT ${what} WHERE address = ?${older} ORDER BY block DESC, position DESC LIMIT ?`,
      address,
      ...(before ? [before.block, before.block, before.position] : []),
      Math.min(limit, MAX_PAGE),
    )
  }

  #remember(block: number, skipped: SkippedTransaction[]): void {
    this.#skipped.set(block, skipped)
    if (this.#skipped.size > MAX_WAITING) this.#skipped.delete(this.#skipped.keys().next().value!)
  }

  #follow(): void {
    this.#running ??= this.#catchUp()
      .catch((error) => {
        this.#stopped = true // without the index the node goes on
        this.#options.onError(error)
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  async #catchUp(): Promise<void> {
    const { chain } = this.#options
    while (!this.#stopped && this.#cursor < chain.head!.header.number) {
      const number = this.#cursor + 1
      const block = chain.block(number)
      const rows = block ? blockRows(number, chain.transactionsOf(block)) : [] // pruned: nothing to say about it
      const conflicts = conflictRows(number, this.#skipped.get(number) ?? [])
      this.#skipped.delete(number)
      await this.#store.write([...rows, ...conflicts, setMeta('cursor', String(number))])
      this.#cursor = number
      if (number % CHECK_EVERY === 0) await this.#trim()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #trim(): Promise<void> {
    const limit = this.#options.maxRows ?? MAX_ROWS
    for (;;) {
      const [rows] = await this.#store.all<{ count: number }>(
        'SELECT (SELECT COUNT(*) FROM activity) + (SELECT COUNT(*) FROM transfers) AS count',
      )
      if (Number(rows!.count) <= limit || this.#first >= this.#cursor) return
      this.#first = Math.min(this.#cursor, this.#first + TRIM_BLOCKS)
      await this.#store.write([
        { sql: 'DELETE FROM activity WHERE block < ?', parameters: [this.#first] },
        { sql: 'DELETE FROM conflicts WHERE block < ?', parameters: [this.#first] },
        { sql: 'DELETE FROM transfers WHERE block < ?', parameters: [this.#first] },
        setMeta('first', String(this.#first)),
      ])
    }
  }
}

function setMeta(name: string, value: string): Statement {
  return {
    sql: 'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    parameters: [name, value],
  }
}

async function openStore(where: string): Promise<IndexStore> {
  if (/^postgres(ql)?:\/\//.test(where)) return (await import('./postgres.ts')).openPostgres(where)
  try {
    return (await import('./sqlite.ts')).openSqlite(where)
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    throw new NodeError(
      'NODE_INDEX',
      `the index cannot use ${where}: ${(cause as Error).message}`,
      { where },
      { cause },
    )
  }
}
