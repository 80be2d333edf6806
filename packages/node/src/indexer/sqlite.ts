import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeDirectory } from '../store/directory.ts'
import { type IndexStore, SCHEMA, type SqlValue } from './index-store.ts'

/** Rows written before the event loop gets a turn: some 5 ms. */
const SLICE = 250

/** Opens the index in `file` (or `:memory:`). It can be built again, so it is not synced at every block. */
export function openSqlite(file: string): IndexStore {
  if (file !== ':memory:') makeDirectory(dirname(file))
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  for (const sql of SCHEMA) database.exec(sql)
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const prepare = (sql: string) => {
    const known = prepared.get(sql)
    if (known) return known
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  let writing: Promise<void> = Promise.resolve()
  return {
    async all<Row extends Record<string, SqlValue>>(sql: string, ...parameters: SqlValue[]) {
      return prepare(sql).all(...parameters) as Row[]
    },
    write(statements) {
      writing = writing.then(async () => {
        database.exec('BEGIN')
        try {
          for (const [index, { sql, parameters }] of statements.entries()) {
            prepare(sql).run(...parameters)
            if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve))
          }
          database.exec('COMMIT')
        } catch (error) {
          database.exec('ROLLBACK')
          throw error
        }
      })
      const done = writing
      writing = writing.catch(() => {})
      return done
    },
    async close() {
      await writing
      database.close()
    },
  }
}
