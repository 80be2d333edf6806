/// <reference types="node" />
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { HubError } from '../errors.ts'
import type { CursorStore } from '../relayer/endpoint.ts'

/** Marks in one JSON file, replaced as a whole: after a crash there is the old file or the new one, never a part. */
export function createFileCursors(file: string): CursorStore {
  let marks: Record<string, string> = {}
  if (existsSync(file)) {
    try {
      marks = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    } catch (cause) {
      throw new HubError(
        'HUB_STORE_DAMAGED',
        `the cursor file ${file} is damaged; remove it to read the chains anew`,
        { file },
        { cause },
      )
    }
  }
  return {
    load: async (key) => (marks[key] === undefined ? undefined : BigInt(marks[key])),
    async save(key, height) {
      if (marks[key] === String(height)) return
      marks[key] = String(height)
      const handle = openSync(`${file}.new`, 'w')
      try {
        writeSync(handle, JSON.stringify(marks))
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      renameSync(`${file}.new`, file)
    },
  }
}
