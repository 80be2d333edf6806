/**
 * All or nothing across several pieces of state. Everything that a message changes (the IBC store, the bank, the hub's
 * books) records how to undo it here; a message that fails is undone in reverse order. Nests: a packet's application
 * may be undone while its receipt stays.
 */
export interface Journal {
  /** Remembers how to undo a change just made. Outside {@link attempt} nothing is remembered. */
  record(undo: () => void): void
  /** Runs `work`; if it throws, undoes what it changed and throws on. */
  attempt<T>(work: () => T): T
}

/** A journal for one chain. Not for concurrent use: messages run one after the other. */
export function createJournal(): Journal {
  const undos: (() => void)[] = []
  let depth = 0
  return {
    record(undo) {
      if (depth > 0) undos.push(undo)
    },
    attempt(work) {
      const mark = undos.length
      depth++
      try {
        return work()
      } catch (error) {
        while (undos.length > mark) undos.pop()!()
        throw error
      } finally {
        depth--
        if (depth === 0) undos.length = 0
      }
    },
  }
}

/** What the state machines need of a store. `IavlTree` fits. */
export interface KvStore {
  get(key: Uint8Array): Uint8Array | undefined
  set(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): unknown
  /** `set`, or `delete` for no value; and what stood there before. For stores that find both in fewer searches. */
  exchange?(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined
}

/** `store`, with every change recorded in `journal`. */
export function journaled(store: KvStore, journal: Journal): KvStore {
  const restore = (key: Uint8Array, before: Uint8Array | undefined) => () => {
    if (before) store.set(key, before)
    else store.delete(key)
  }
  const exchange = (key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined => {
    if (store.exchange) return store.exchange(key, value)
    const before = store.get(key)
    if (value) store.set(key, value)
    else if (before) store.delete(key)
    return before
  }
  return {
    get: (key) => store.get(key),
    set(key, value) {
      journal.record(restore(key, exchange(key, value)))
    },
    delete(key) {
      const before = exchange(key, undefined)
      if (before) journal.record(restore(key, before))
    },
  }
}
