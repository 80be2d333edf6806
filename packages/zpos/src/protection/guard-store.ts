/** Where a guard keeps what it has promised never to contradict. */

/** An append-only log of records, as durable as the machine allows. A file with fsync on Node; see `createMemoryGuardStore` for tests. */
export interface GuardStore {
  /** All bytes of the log, in order; empty when there is none. */
  read(): Promise<Uint8Array>
  /** Appends, and resolves only when the bytes would survive a power cut. */
  append(record: Uint8Array): Promise<void>
  /** Cuts the log to this many bytes, as durably. Called only to drop the torn end that a crash left. */
  truncate(length: number): Promise<void>
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
    async truncate(length) {
      log = log.slice(0, length)
    },
  }
}
