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
  /** The keys with a prefix, ascending. */
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
  const records = new Map<string, StateValue>()
  let undo: { key: string; value: StateValue | undefined }[] = []
  if (serialized !== undefined) {
    for (const [key, value] of JSON.parse(serialized, reviveBigint) as [string, StateValue][]) records.set(key, value)
  }
  function put(key: string, value: StateValue | undefined): void {
    if (value === undefined) records.delete(key)
    else records.set(key, value)
  }
  return {
    get: (key) => records.get(key),
    set(key, value) {
      undo.push({ key, value: records.get(key) })
      put(key, value)
    },
    keys: (prefix) => [...records.keys()].filter((key) => key.startsWith(prefix)).sort(),
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
        [...records].sort(([a], [b]) => (a < b ? -1 : 1)),
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
