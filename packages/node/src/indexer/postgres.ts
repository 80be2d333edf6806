import postgres from 'postgres'
import { NodeError } from '../errors.ts'
import { type IndexStore, SCHEMA, type SqlValue } from './index-store.ts'

const CONNECT_TIMEOUT_S = 10
const CONNECTIONS = 4

/** Opens the index in the database that `url` names. Errors: `NODE_INDEX`. */
export async function openPostgres(url: string): Promise<IndexStore> {
  const sql = postgres(url, {
    max: CONNECTIONS,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
    // BIGINT: block numbers fit a double.
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  try {
    for (const statement of SCHEMA) await sql.unsafe(statement)
  } catch (cause) {
    await sql.end({ timeout: 1 })
    throw new NodeError(
      'NODE_INDEX',
      `the index cannot use its PostgreSQL database: ${(cause as Error).message}`,
      {},
      { cause },
    )
  }
  return {
    async all<Row extends Record<string, SqlValue>>(text: string, ...parameters: SqlValue[]) {
      return (await sql.unsafe(numbered(text), parameters.map(plain))) as unknown as Row[]
    },
    async write(statements) {
      await sql.begin(async (transaction) => {
        for (const { sql: text, parameters } of statements)
          await transaction.unsafe(numbered(text), parameters.map(plain))
      })
    },
    close: () => sql.end({ timeout: 5 }),
  }
}

/** `?` becomes `$1`, `$2` …; no statement of ours has a question mark otherwise. */
function numbered(sql: string): string {
  let number = 0
  return sql.replaceAll('?', () => `$${++number}`)
}

function plain(value: SqlValue): string | number | null {
  return typeof value === 'bigint' ? value.toString() : value
}
