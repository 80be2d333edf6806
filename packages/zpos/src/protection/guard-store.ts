/** Where a guard keeps what it has promised never to contradict. */

/**
 * An append-only log of records, as durable as the machine allows: `@zos/zpos/node` has one over a file, with fsync and a
 * lock; {@link createMemoryGuardStore} is for tests.
 */
export interface GuardStore {
  /** All bytes of the log, in order; empty when there is none. */
  read(): Promise<Uint8Array>
  /** Appends, and resolves only when the bytes would survive a power cut. */
  append(record: Uint8Array): Promise<void>
  /** Puts `log` in the place of the whole log, at once: after a crash the old one is there or the new one, as durably. */
  replace(log: Uint8Array): Promise<void>
}

/** A store that forgets when the process ends: for tests and simulations, never for a key with stake. */
export function createMemoryGuardStore(initial: Uint8Array = new Uint8Array()): GuardStore {
  let log = initial.slice()
  return {
    read: async () => log.slice(),
    async append(record) {
      const longer = new Uint8Array(log.length + record.length)
      longer.set(log)
      longer.set(record, log.length)
      log = longer
    },
    async replace(other) {
      log = other.slice()
    },
  }
}
