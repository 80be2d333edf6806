import { crc32 } from 'node:zlib'
import { ClassicLevel, type Snapshot } from 'classic-level'
import { NodeError } from '../errors.ts'
import { makeDirectory } from './directory.ts'
import type { KeyValueStore, StoreChange } from './kv.ts'

/** Bytes of CRC-32 in front of each value: LevelDB checks its own blocks, this covers everything above them. */
const CHECKSUM_BYTES = 4
const BLOCK_CACHE_BYTES = 32 * 1024 * 1024
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024

/** Of key and value: a damaged key must not make a value another key's. */
function checksum(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key))
}

function seal(key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(CHECKSUM_BYTES + value.length)
  new DataView(sealed.buffer).setUint32(0, checksum(key, value))
  sealed.set(value, CHECKSUM_BYTES)
  return sealed
}

function unseal(key: string, sealed: Uint8Array): Uint8Array {
  const value = sealed.subarray(CHECKSUM_BYTES)
  const expected = sealed.length < CHECKSUM_BYTES ? -1 : new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
  if (expected === checksum(key, value)) return value
  if (expected === crc32(value))
    throw new NodeError(
      'NODE_DATA_DIR',
      'the database was written by another version of the node; take another --data-dir, or that version',
      {
        key,
      },
    )
  throw new NodeError(
    'NODE_STORE_CORRUPT',
    `the stored value of "${key}" fails its checksum; the data directory is damaged`,
    { key },
  )
}

/** What the file system says when there is no room: through LevelDB only the message of the system is left. */
const NO_ROOM = /No space left on device|Disk quota exceeded|File too large|ENOSPC|EDQUOT/

/** What the database says while it runs, typed. */
function runningError(error: unknown, directory: string): unknown {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'LEVEL_CORRUPTION')
    return new NodeError(
      'NODE_STORE_CORRUPT',
      `the database in ${directory} is damaged: ${message}`,
      { directory },
      { cause: error },
    )
  if (message !== undefined && NO_ROOM.test(message))
    return new NodeError(
      'NODE_DISK_FULL',
      `no room is left for ${directory}: ${message}`,
      { directory },
      { cause: error },
    )
  return error
}

function openError(error: unknown, directory: string): NodeError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  if (cause?.code === 'LEVEL_LOCKED')
    return new NodeError(
      'NODE_DATA_DIR_LOCKED',
      `another process is using ${directory}`,
      { directory },
      { cause: error },
    )
  if (cause?.code === 'LEVEL_CORRUPTION')
    return new NodeError(
      'NODE_STORE_CORRUPT',
      `the database in ${directory} is damaged: ${cause.message}`,
      { directory },
      { cause: error },
    )
  if (cause?.message !== undefined && NO_ROOM.test(cause.message)) return runningError(cause, directory) as NodeError
  return new NodeError(
    'NODE_DATA_DIR',
    `cannot open a database in ${directory}: ${cause?.message ?? String(error)}`,
    { directory },
    { cause: error },
  )
}

/**
 * Opens (or makes) the LevelDB store in `directory`. One process at a time: LevelDB's lock file keeps a second one out.
 * Errors: `NODE_DATA_DIR`, `NODE_DATA_DIR_LOCKED`, `NODE_STORE_CORRUPT`.
 */
export async function openLevelStore(directory: string): Promise<KeyValueStore> {
  const level = new ClassicLevel<string, Uint8Array>(directory, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    cacheSize: BLOCK_CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  })
  makeDirectory(directory)
  try {
    await level.open()
  } catch (error) {
    throw openError(error, directory)
  }

  const typed = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw runningError(error, directory)
    }
  }
  async function* entries(from: string, to: string, snapshot?: Snapshot): AsyncGenerator<[string, Uint8Array]> {
    try {
      const iterator = level.iterator({ gte: from, lt: to, ...(snapshot ? { snapshot } : {}) })
      for await (const [key, sealed] of iterator) yield [key, unseal(key, sealed)]
    } catch (error) {
      throw runningError(error, directory)
    }
  }

  return {
    get(key) {
      const sealed = typed(() => level.getSync(key))
      return sealed === undefined ? undefined : unseal(key, sealed)
    },
    async batch(changes: readonly StoreChange[], options) {
      if (changes.length === 0) return
      try {
        await level.batch(
          changes.map(({ key, value }) =>
            value ? ({ type: 'put', key, value: seal(key, value) } as const) : ({ type: 'del', key } as const),
          ),
          { sync: options?.sync ?? false },
        )
      } catch (error) {
        throw runningError(error, directory)
      }
    },
    entries: (from, to) => entries(from, to),
    async *keys(from, to) {
      try {
        yield* level.keys({ gte: from, lt: to })
      } catch (error) {
        throw runningError(error, directory)
      }
    },
    snapshot() {
      const snapshot = level.snapshot()
      return { entries: (from, to) => entries(from, to, snapshot), close: () => snapshot.close() }
    },
    compact: (from, to) => level.compactRange(from, to),
    close: () => level.close(),
  }
}

/**
 * Makes a database whose own files are damaged readable again: what cannot be read is dropped, without a word about what that was. Check
 * all of it afterwards. Errors: `NODE_STORE_CORRUPT` when nothing can be saved.
 */
export async function salvageLevelStore(directory: string): Promise<void> {
  try {
    await ClassicLevel.repair(directory)
  } catch (error) {
    throw new NodeError(
      'NODE_STORE_CORRUPT',
      `the database in ${directory} cannot be read any more: ${(error as Error).message}`,
      { directory },
      { cause: error },
    )
  }
}
