import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HotFiles } from '../../src/node/hot-files.ts'

const SIZE = 1_000_003
const CHUNK = 1 << 18
const content = Uint8Array.from({ length: SIZE }, (_, i) => (i * 2_654_435_761) >>> 24)
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zcdn-hot-'))
  path = join(folder, 'file')
  await writeFile(path, content)
})
afterAll(() => rm(folder, { recursive: true }))

async function read(files: HotFiles, start: number, end: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of files.read(path, SIZE, start, end)) parts.push(part)
  return Buffer.concat(parts)
}

it.each([1, CHUNK + 1, 8 * CHUNK])('gives every range as the file has it, with %i bytes of memory', async (memory) => {
  const files = new HotFiles(memory)
  const offset = fc.oneof(
    fc.integer({ min: 0, max: SIZE }),
    fc.constantFrom(0, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, SIZE - 1, SIZE),
  )
  await fc.assert(
    fc.asyncProperty(offset, offset, async (a, b) => {
      const [start, end] = a < b ? [a, b] : [b, a]
      expect(Buffer.compare(await read(files, start, end), content.subarray(start, end))).toBe(0)
      expect(files.stats().bytes).toBeLessThanOrEqual(memory)
    }),
    { numRuns: 40 },
  )
})

it('reads what is asked for again from memory, and says when a file has become shorter', async () => {
  const files = new HotFiles(8 * CHUNK)
  await read(files, 10, 20)
  await truncate(path, 100)
  try {
    expect(Buffer.compare(await read(files, CHUNK - 5, CHUNK), content.subarray(CHUNK - 5, CHUNK))).toBe(0)
    await expect(read(files, CHUNK, CHUNK + 1)).rejects.toMatchObject({ code: 'CDN_SOURCE_FAILED' })
  } finally {
    await writeFile(path, content)
  }
})
