import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { NodeError } from '../errors.ts'

/**
 * Makes `directory` and its parents. One by one, because `mkdir` with `recursive` never returns on file systems that refuse folders.
 * Errors: `NODE_DATA_DIR`.
 */
export function makeDirectory(directory: string): void {
  if (existsSync(directory)) return
  makeDirectory(dirname(directory))
  try {
    mkdirSync(directory)
  } catch (cause) {
    throw new NodeError(
      'NODE_DATA_DIR',
      `cannot make the folder ${directory}: ${(cause as Error).message}`,
      { directory },
      { cause },
    )
  }
}
