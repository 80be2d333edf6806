import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createImage, type DiskImage, openImage } from '../../src/nbd/image.ts'
import { type NbdServer, serveNbd } from '../../src/platform/nbd-server.ts'
import { openPackStore, type PackStore } from '../../src/platform/pack/pack-store.ts'

const run = promisify(execFile)
const has = (tool: string) =>
  ['/usr/bin/', '/usr/sbin/', '/sbin/', '/usr/local/bin/'].some((folder) => existsSync(folder + tool))
const [MKFS, E2FSCK] = ['/sbin/mkfs.ext4', '/sbin/e2fsck']
const without = (tool: string) => `(skipped: ${tool} is not installed)`

let folder: string
let store: PackStore
let image: DiskImage
let server: NbdServer
const SIZE = 24 * 1024 * 1024

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-nbd-'))
  store = await openPackStore(join(folder, 'blocks'))
  image = await createImage(store, SIZE)
  server = await serveNbd({
    exports: new Map([
      ['disk', { image }],
      ['frozen', { image, readOnly: true }],
    ]),
    listen: { port: 0 },
    onCommit: (_, root) => writeFile(join(folder, 'root'), String(root)),
  })
})
afterEach(async () => {
  await server.close()
  await store.close()
  await rm(folder, { recursive: true })
})
const uri = (name = 'disk') => `nbd://127.0.0.1:${server.port}/${name}`

describe('the NBD server', () => {
  it.skipIf(!has('nbdinfo'))(
    `tells nbdinfo size, flags and exports ${has('nbdinfo') ? '' : without('nbdinfo')}`,
    async () => {
      const info = JSON.parse((await run('nbdinfo', ['--json', uri()])).stdout) as {
        exports: Record<string, unknown>[]
      }
      expect(info.exports[0]).toMatchObject({
        'export-size': SIZE,
        can_flush: true,
        can_fua: true,
        can_trim: true,
        can_zero: true,
        is_read_only: false,
        can_multi_conn: true,
      })
      expect((await run('nbdinfo', ['--list', '--json', `nbd://127.0.0.1:${server.port}`])).stdout).toContain('frozen')
      await expect(run('nbdinfo', [uri('nothing')])).rejects.toThrow()
    },
  )

  it.skipIf(!has('qemu-img'))(
    `takes an image from qemu-img and gives it back ${has('qemu-img') ? '' : without('qemu-img')}`,
    async () => {
      const source = join(folder, 'source.raw')
      const bytes = Buffer.alloc(SIZE)
      for (let i = 0; i < SIZE; i += 4096 * 7) bytes.fill(i % 251, i, i + 5000)
      await writeFile(source, bytes)
      await run('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'raw', source, uri()])
      expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', source, uri()])).stdout).toContain(
        'identical',
      )
      // another process sees it after opening the committed root
      const { CID } = await import('multiformats/cid')
      const root = CID.parse(await readFile(join(folder, 'root'), 'utf8'))
      expect(Buffer.compare(await (await openImage(store, root)).read(0, SIZE), bytes)).toBe(0)
      await expect(run('qemu-io', ['-f', 'raw', '-c', 'write 0 4k', uri('frozen')])).rejects.toThrow()
      const trimmed = await run('qemu-io', [
        '-f',
        'raw',
        '-c',
        'write -z 1M 3M',
        '-c',
        'discard 8M 1M',
        '-c',
        'read -P 0 1M 3M',
        '-c',
        'flush',
        uri(),
      ])
      expect(trimmed.stdout).not.toContain('fail')
    },
  )

  it.skipIf(!has('fio'))(`passes fio with verification ${has('fio') ? '' : without('fio')}`, async () => {
    const args = [
      '--name=v',
      '--ioengine=nbd',
      `--uri=${uri()}`,
      '--rw=randrw',
      '--bs=512-64k',
      '--size=8m',
      '--verify=crc32c',
      '--verify_fatal=1',
      '--verify_state_save=0',
      '--iodepth=16',
      '--fsync=64',
      '--output-format=json',
    ]
    const out = JSON.parse((await run('fio', args, { maxBuffer: 1e7 })).stdout.replace(/^[^{]*/, '')) as {
      jobs: { error: number }[]
    }
    expect(out.jobs[0]!.error).toBe(0)
  })

  it.skipIf(!has('mkfs.ext4') || !has('nbdcopy'))(
    `carries a file system that e2fsck finds clean ${has('mkfs.ext4') && has('nbdcopy') ? '' : without('mkfs.ext4 or nbdcopy')}`,
    async () => {
      const raw = join(folder, 'fs.raw')
      await writeFile(raw, Buffer.alloc(SIZE))
      execFileSync(`${MKFS}`, ['-q', '-d', new URL('../../src', import.meta.url).pathname, raw])
      await run('nbdcopy', [raw, uri()])
      await run('nbdcopy', [uri(), `${raw}.back`])
      execFileSync(`${E2FSCK}`, ['-fn', `${raw}.back`], { stdio: 'ignore' })
      expect(Buffer.compare(await readFile(raw), await readFile(`${raw}.back`))).toBe(0)
    },
  )

  it('cuts off a client that sends garbage and serves on', async () => {
    for (const garbage of [
      Buffer.alloc(64, 0xff),
      Buffer.concat([Buffer.alloc(4), Buffer.from('IHAVEOPT'), Buffer.from([0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff])]),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.write(garbage))
        socket.on('close', () => resolve())
        socket.on('error', () => undefined)
        socket.resume()
      })
    }
    expect((await image.read(0, 10)).length).toBe(10)
  })
})
