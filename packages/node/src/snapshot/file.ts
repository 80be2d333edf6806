/**
 * A snapshot in one file: sixteen bytes that name the format, then the manifest, the checkpoints of all epochs before it and the chunks, in
 * order, each with its length (four bytes, big-endian) in front.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { NodeError } from '../errors.ts'
import type { Hash } from '../state/account.ts'
import { decodeManifest, encodeManifest, MAX_MANIFEST_BYTES } from './manifest.ts'
import type { SnapshotOptions, SnapshotSource } from './source.ts'

/** A chunk or a checkpoint. */
const MAX_PART_BYTES = 512 * 1024
const MAGIC = new TextEncoder().encode('zos-snapshot-1\0\n')

/** Writes `source` to `path`; the file appears once it is whole. Errors: those of the source, `NODE_DATA_DIR`, `NODE_DISK_FULL`. */
export async function writeSnapshotFile(
  path: string,
  source: SnapshotSource,
  { signal, onProgress }: SnapshotOptions = {},
): Promise<void> {
  const partial = `${path}.part`
  const { manifest } = source
  let file: FileHandle | undefined
  const frame = async (bytes: Uint8Array) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, bytes.length)
    await file!.appendFile(length)
    await file!.appendFile(bytes)
  }
  try {
    file = await open(partial, 'w')
    await file.appendFile(MAGIC)
    await frame(encodeManifest(manifest))
    for (let epoch = 0; epoch < manifest.start.number; epoch++) {
      signal?.throwIfAborted()
      await frame((await source.record(epoch, signal ? { signal } : {})) ?? new Uint8Array())
    }
    let bytesDone = 0
    for (let index = 0; index < manifest.chunks.length; index++) {
      signal?.throwIfAborted()
      const bytes = await source.chunk(index, signal ? { signal } : {})
      await frame(bytes)
      bytesDone += bytes.length
      onProgress?.({ chunks: manifest.chunks.length, chunksDone: index + 1, bytesDone, bytes: manifest.bytes })
    }
    await file.sync()
    await file.close()
    await rename(partial, path)
  } catch (error) {
    await file?.close().catch(() => {})
    await rm(partial, { force: true })
    const { code, message } = error as NodeJS.ErrnoException
    if (signal?.aborted || error instanceof NodeError) throw error
    throw new NodeError(
      code === 'ENOSPC' ? 'NODE_DISK_FULL' : 'NODE_DATA_DIR',
      `cannot write ${path}: ${message}`,
      { path },
      { cause: error },
    )
  }
}

/** Opens a snapshot file of the network with genesis `genesis`. Close it after use. Errors: `NODE_DATA_DIR`, `NODE_SNAPSHOT_INVALID`, `NODE_GENESIS_MISMATCH`. */
export async function openSnapshotFile(
  path: string,
  genesis: Hash,
): Promise<SnapshotSource & { close(): Promise<void> }> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (cause) {
    throw new NodeError('NODE_DATA_DIR', `cannot read ${path}: ${(cause as Error).message}`, { path }, { cause })
  }
  try {
    const magic = await read(file, path, 0, MAGIC.length)
    if (Buffer.compare(magic, MAGIC) !== 0)
      throw new NodeError('NODE_SNAPSHOT_INVALID', `${path} is not a snapshot of ZOS`, { path })
    const head = await frameAt(file, path, MAGIC.length, MAX_MANIFEST_BYTES)
    const manifest = decodeManifest(head.bytes, genesis)
    /** Where each part behind the manifest begins, as far as it is known. */
    const places = [head.end]
    const frameOf = async (index: number) => {
      while (places.length <= index) {
        const last = places.length - 1
        places[last + 1] = places[last]! + 4 + (await lengthAt(file, path, places[last]!, MAX_PART_BYTES))
      }
      const { bytes, end } = await frameAt(file, path, places[index]!, MAX_PART_BYTES)
      places[index + 1] = end
      return bytes
    }
    const records = manifest.start.number
    return {
      manifest,
      record: async (epoch) => {
        const bytes = epoch < records ? await frameOf(epoch) : undefined
        return bytes && bytes.length > 0 ? bytes : undefined
      },
      chunk: (index) => frameOf(records + index),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function frameAt(file: FileHandle, path: string, position: number, maxBytes: number) {
  const length = await lengthAt(file, path, position, maxBytes)
  return { bytes: await read(file, path, position + 4, length), end: position + 4 + length }
}

async function lengthAt(file: FileHandle, path: string, position: number, maxBytes: number): Promise<number> {
  const bytes = await read(file, path, position, 4)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (length > maxBytes)
    throw new NodeError(
      'NODE_SNAPSHOT_INVALID',
      `${path} has a part of ${length} bytes, at most ${maxBytes} are allowed`,
      {
        path,
        length,
      },
    )
  return length
}

async function read(file: FileHandle, path: string, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead < length)
    throw new NodeError('NODE_SNAPSHOT_INVALID', `${path} ends too early, at byte ${position + bytesRead}`, { path })
  return bytes
}
