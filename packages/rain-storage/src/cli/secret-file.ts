import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writeWhole } from '../platform/file-system.ts'

/** The secret in a file; a random one is made and kept where there is none. */
export async function secretOf(path: string): Promise<string> {
  const saved = await readFile(path, 'utf8').catch(() => undefined)
  if (saved !== undefined) return saved.trim()
  const secret = randomBytes(30).toString('base64url')
  await writeWhole(path, `${secret}\n`)
  return secret
}
