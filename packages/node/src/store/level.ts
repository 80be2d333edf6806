import { crc32 } from 'node:zlib'
import { ClassicLevel } from 'classic-level'
import { NodeError } from '../errors.ts'
import { makeDirectory } from './directory.ts'
import type { KeyValueStore, StoreChange } from './kv.ts'

/** Bytes of CRC-32 in front of each value: LevelDB checks its own blocks, this covers everything above them. */
const CHECKSUM_BYTES = 4
const BLOCK_CACHE_BYTES = 32 * 1024 * 1024
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024

function seal(value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(CHECKSUM_BYTES + value.length)
  new DataView(sealed.buffer).setUint32(0, crc32(value))
  sealed.set(value, CHECKSUM_BYTES)
  return sealed
}

function unseal(key: string, sealed: Uint8Array): Uint8Array {
  const value = sealed.subarray(CHECKSUM_BYTES)
  const expected = sealed.length < CHECKSUM_BYTES ? -1 : new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
  if (expected !== crc32(value))
    throw new NodeError(
      'NODE_STORE_CORRUPT',
      `the stored value of "${key}" fails its checksum; the data directory is damaged`,
      { key },
    )
  return value
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

  return {
    get(key) {
      const sealed = level.getSync(key)
      return sealed === undefined ? undefined : unseal(key, sealed)
    },
    async batch(changes: readonly StoreChange[], options) {
      if (changes.length === 0) return
      await level.batch(
        changes.map(({ key, value }) =>
          value ? ({ type: 'put', key, value: seal(value) } as const) : ({ type: 'del', key } as const),
        ),
        { sync: options?.sync ?? false },
      )
    },
    async *entries(from, to) {
      for await (const [key, sealed] of level.iterator({ gte: from, lt: to })) yield [key, unseal(key, sealed)]
    },
    keys: (from, to) => level.keys({ gte: from, lt: to }),
    snapshot() {
      const snapshot = level.snapshot()
      return {
        async *entries(from, to) {
          for await (const [key, sealed] of level.iterator({ gte: from, lt: to, snapshot }))
            yield [key, unseal(key, sealed)]
        },
        close: () => snapshot.close(),
      }
    },
    compact: (from, to) => level.compactRange(from, to),
    close: () => level.close(),
  }
}
