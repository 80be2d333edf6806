export { crc32c } from './crc32c.ts'
export { Journal, type JournalOptions, type JournalRecord, type JournalStats } from './journal.ts'
export { MAX_RECORD_BYTES } from './segment.ts'
export type { JournalFile, JournalStorage } from './storage.ts'
