/** The database under the explorer's index: node:sqlite by default, PostgreSQL by a URL, with one schema. */

export type SqlValue = string | number | bigint | null

export interface Statement {
  /** With `?` where a parameter goes. */
  sql: string
  parameters: readonly SqlValue[]
}

export interface IndexStore {
  /** Rows of a query; numbers come as numbers. */
  all<Row extends Record<string, SqlValue>>(sql: string, ...parameters: SqlValue[]): Promise<Row[]>
  /** Runs statements in one transaction: all of them, or none. */
  write(statements: readonly Statement[]): Promise<void>
  close(): Promise<void>
}

/** Bumped when the tables change: an index of another version is dropped and built anew. */
export const SCHEMA_VERSION = '2'

/** In the SQL that both databases speak. Addresses and hashes are lowercase hex with 0x, amounts decimal text. */
export const SCHEMA: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)',
  `CREATE TABLE IF NOT EXISTS activity (
    address TEXT NOT NULL, block BIGINT NOT NULL, position BIGINT NOT NULL, hash TEXT NOT NULL, nonce BIGINT,
    PRIMARY KEY (address, block, position))`,
  'CREATE INDEX IF NOT EXISTS activity_block ON activity (block)',
  `CREATE TABLE IF NOT EXISTS transfers (
    address TEXT NOT NULL, block BIGINT NOT NULL, position BIGINT NOT NULL, hash TEXT NOT NULL, token TEXT NOT NULL,
    standard TEXT NOT NULL, sender TEXT NOT NULL, receiver TEXT NOT NULL, amount TEXT NOT NULL, id TEXT,
    PRIMARY KEY (address, block, position))`,
  'CREATE INDEX IF NOT EXISTS transfers_block ON transfers (block)',
  `CREATE TABLE IF NOT EXISTS contracts (
    address TEXT PRIMARY KEY, creator TEXT NOT NULL, hash TEXT NOT NULL, block BIGINT NOT NULL)`,
  'CREATE INDEX IF NOT EXISTS contracts_block ON contracts (block)',
  // A transaction that its block left out, and the one that had its turn instead, if there is one.
  `CREATE TABLE IF NOT EXISTS conflicts (
    block BIGINT NOT NULL, position BIGINT NOT NULL, hash TEXT NOT NULL, unit TEXT NOT NULL, reason TEXT NOT NULL,
    sender TEXT NOT NULL, nonce BIGINT NOT NULL, winner TEXT,
    PRIMARY KEY (block, position))`,
]

export const TABLES: readonly string[] = ['activity', 'transfers', 'contracts', 'conflicts', 'meta']
