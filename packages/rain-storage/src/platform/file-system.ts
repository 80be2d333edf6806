/// <reference types="node" />
/** What outlives a power failure: the bytes of a file after its `sync`, and its name after that of its folder. */
import * as nodeFiles from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** The part of `node:fs/promises` that is used here. A test puts a disk with a cache that is lost in its place. */
export type FileSystem = Pick<
  typeof nodeFiles,
  'chmod' | 'mkdir' | 'open' | 'readFile' | 'readdir' | 'rename' | 'unlink' | 'writeFile'
>

/** Makes a file, or a directory's entries, durable. */
export async function syncFile(path: string, files: FileSystem = nodeFiles): Promise<void> {
  const file = await files.open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a folder and those above it; what was made is durable. */
export async function makeFolder(path: string, files: FileSystem = nodeFiles, mode = 0o777): Promise<void> {
  const first = await files.mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  for (let made = resolve(path); ; made = dirname(made)) {
    await syncFile(dirname(made), files)
    if (made === resolve(first) || dirname(made) === made) return
  }
}

/** Writes beside and renames: a stop leaves the old file or the new one, and after return the new one is durable. Mode 0600. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  files: FileSystem = nodeFiles,
): Promise<void> {
  await files.writeFile(`${path}.new`, content, { mode: 0o600 })
  await files.chmod(`${path}.new`, 0o600)
  await syncFile(`${path}.new`, files)
  await files.rename(`${path}.new`, path)
  await syncFile(dirname(resolve(path)), files)
}
