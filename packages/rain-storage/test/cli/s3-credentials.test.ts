import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openS3Credentials } from '../../src/cli/s3-credentials.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-credentials-'))
})
afterAll(() => rm(folder, { recursive: true }))

const ownersOf = (credentials: Awaited<ReturnType<typeof openS3Credentials>>) =>
  [...credentials.values()].map((value) => (typeof value === 'string' ? 'zos' : value.owner.id))

describe('the credentials of serve-s3', () => {
  it('are made once for every owner, and kept', async () => {
    const path = join(folder, 'made.json')
    const first = await openS3Credentials(path, [])
    expect(ownersOf(first)).toEqual(['zos'])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const second = await openS3Credentials(path, ['alice', 'bob'])
    expect(ownersOf(second)).toEqual(['zos', 'alice', 'bob'])
    expect([...second.keys()][0]).toBe([...first.keys()][0])
    expect(new Set(second.keys()).size).toBe(3)
    expect(await openS3Credentials(path, ['alice', 'bob'])).toEqual(second)
  })

  it('let in only whom the start names', async () => {
    const path = join(folder, 'named.json')
    const both = await openS3Credentials(path, ['alice', 'bob'])
    expect(ownersOf(await openS3Credentials(path, ['bob']))).toEqual(['zos', 'bob'])
    expect(await openS3Credentials(path, ['alice', 'bob'])).toEqual(both)
  })

  it('read a file of one owner', async () => {
    const path = join(folder, 'one.json')
    const text = JSON.stringify({ accessKey: 'A', secretKey: 'B' })
    await writeFile(path, text)
    expect([...(await openS3Credentials(path, []))]).toEqual([['A', 'B']])
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('are refused when a name or the file is not what it should be', async () => {
    const path = join(folder, 'broken.json')
    for (const name of ['zos', '', '../x', 'a b', 'x'.repeat(64)])
      await expect(openS3Credentials(path, [name])).rejects.toMatchObject({ code: 'STORAGE_INVALID_ARGUMENT' })
    for (const text of [
      '',
      'null',
      '{}',
      '{"accessKey":"A","secretKey":1}',
      '{"accessKey":"A","secretKey":"B","owners":{"a":{}}}',
    ]) {
      await writeFile(path, text)
      await expect(openS3Credentials(path, [])).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    }
  })
})
