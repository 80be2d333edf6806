/** Where the consensus contract keeps its state: records under names, which a node may map to its own journaled state. */

/** A value that has one serial form: records of plain data. */
export type StateValue =
  | bigint
  | number
  | string
  | boolean
  | readonly StateValue[]
  | { readonly [field: string]: StateValue }

/** The store. Values are never changed in place. */
export interface ContractStore {
  get(key: string): StateValue | undefined
  /** Undefined deletes. */
  set(key: string, value: StateValue | undefined): void
  /** The keys with a prefix, ascending. The prefix names a table at least: it has a slash. */
  keys(prefix: string): string[]
  /** Marks the present state. */
  snapshot(): number
  /** Goes back to a mark; later marks are gone. */
  revert(mark: number): void
}

/** A store in memory. */
export interface MemoryContractStore extends ContractStore {
  /** Forgets how to go back: marks before are gone. */
  commit(): void
  /** All records in one text, ascending by key: equal states have equal texts. */
  serialize(): string
}

/** Makes a store, empty or from {@link MemoryContractStore.serialize}. */
export function createMemoryContractStore(serialized?: string): MemoryContractStore {
  // One map a table (the part of a key before the first slash), so that listing a table costs its own size only.
  const tables = new Map<string, Map<string, StateValue>>()
  let undo: { key: string; value: StateValue | undefined }[] = []
  const tableOf = (key: string): string => key.slice(0, key.indexOf('/') + 1)

  function put(key: string, value: StateValue | undefined): void {
    const name = tableOf(key)
    let table = tables.get(name)
    if (table === undefined) {
      table = new Map()
      tables.set(name, table)
    }
    if (value === undefined) table.delete(key)
    else table.set(key, value)
  }
  if (serialized !== undefined) {
    for (const [key, value] of JSON.parse(serialized, reviveBigint) as [string, StateValue][]) put(key, value)
  }
  const get = (key: string): StateValue | undefined => tables.get(tableOf(key))?.get(key)
  return {
    get,
    set(key, value) {
      undo.push({ key, value: get(key) })
      put(key, value)
    },
    keys: (prefix) => [...(tables.get(tableOf(prefix))?.keys() ?? [])].filter((key) => key.startsWith(prefix)).sort(),
    snapshot: () => undo.length,
    revert(mark) {
      while (undo.length > mark) {
        const { key, value } = undo.pop()!
        put(key, value)
      }
    },
    commit() {
      undo = []
    },
    serialize: () =>
      JSON.stringify(
        [...tables.values()].flatMap((table) => [...table]).sort(([a], [b]) => (a < b ? -1 : 1)),
        (_, value) => (typeof value === 'bigint' ? { $bigint: String(value) } : sortFields(value)),
      ),
  }
}

function sortFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function reviveBigint(_: string, value: unknown): unknown {
  const number = (value as { $bigint?: string } | null)?.$bigint
  return number === undefined ? value : BigInt(number)
}
