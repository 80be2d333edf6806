import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Spoken, start } from './processes.ts'

const run = promisify(execFile)
const has = (tool: string) => ['/usr/bin/', '/usr/sbin/', '/sbin/'].some((folder) => existsSync(folder + tool))
const without = (tool: string) => (has(tool) ? '' : ` (skipped: ${tool} is not installed)`)
const user = 'zos'
const password = 'a password'
const authorization = `Basic ${btoa(`${user}:${password}`)}`
let folder: string
let server: Spoken
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-webdav-'))
  await mkdir(join(folder, 'store'))
  server = await start('./webdav-process.ts', [join(folder, 'store')])
  url = server.ready.url!
})
afterAll(async () => {
  await server.kill()
  await rm(folder, { recursive: true })
})
const send = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) =>
  fetch(url + path, { method, headers: { authorization, ...headers }, ...(body === undefined ? {} : { body }) })
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Runs a program that is told what to do line by line. */
async function tell(command: string, args: string[], input: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  child.stdin.end(input)
  await new Promise((resolve) => child.once('close', resolve))
  return output
}

it.skipIf(!has('litmus'))(`litmus passes all its tests${without('litmus')}`, async () => {
  const { stdout } = await run('litmus', ['-k', `${url}/`, user, password], { cwd: folder })
  const summaries = [...stdout.matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed/g)]
  expect(summaries.map(([, suite, ran, passed, failed]) => [suite, ran === passed, failed])).toEqual(
    ['basic', 'copymove', 'props', 'locks', 'http'].map((suite) => [suite, true, '0']),
  )
  expect(stdout).not.toMatch(/warning|skipped/i)
  expect(summaries.reduce((sum, [, , , passed]) => sum + Number(passed), 0)).toBeGreaterThan(100)
})

it.skipIf(!has('cadaver'))(
  `cadaver lists, puts, locks, sets properties, moves and gets${without('cadaver')}`,
  async () => {
    const home = join(folder, 'cadaver')
    await mkdir(home)
    await writeFile(join(home, '.netrc'), `machine 127.0.0.1 login ${user} password "${password}"\n`, { mode: 0o600 })
    const content = randomBytes(200_000)
    await writeFile(join(home, 'up.bin'), content)
    const commands = [
      'mkcol by-cadaver',
      'cd by-cadaver',
      `put ${home}/up.bin one.bin`,
      'set namespace urn:test',
      'propset one.bin colour blue',
      'propget one.bin colour',
      'lock one.bin',
      'discover one.bin',
      `put ${home}/up.bin one.bin`,
      'unlock one.bin',
      'copy one.bin two.bin',
      'mkcol inner',
      'move two.bin inner/two.bin',
      'ls',
      `get inner/two.bin ${home}/down.bin`,
      'delete one.bin',
      'rmcol inner',
      'ls',
      'quit',
    ]
    const output = await tell('cadaver', [`${url}/`], `${commands.join('\n')}\n`, { ...process.env, HOME: home })
    expect(output).not.toMatch(/failed|error/i)
    expect(output).toMatch(/Value of colour is: blue/)
    expect(output).toMatch(/Scope: exclusive {2}Type: write/)
    expect(output).toMatch(/Coll:\s+inner/)
    expect(digest(await readFile(join(home, 'down.bin')))).toBe(digest(content))
    expect(output).toMatch(/collection is empty/)
  },
)

describe(`rclone${without('rclone')}`, () => {
  it.skipIf(!has('rclone'))('copies a tree, checks it, syncs changes, moves and copies at the server', async () => {
    const tree = join(folder, 'tree')
    await mkdir(join(tree, 'deep/ö & %/empty'), { recursive: true })
    for (let i = 0; i < 40; i++) await writeFile(join(tree, `deep/file ${i}`), randomBytes(i * 500))
    await writeFile(join(tree, 'deep/ö & %/big.bin'), randomBytes(20_000_000))
    const obscured = (await run('rclone', ['obscure', password])).stdout.trim()
    await writeFile(
      join(folder, 'rclone.conf'),
      `[z]\ntype = webdav\nurl = ${url}\nvendor = other\nuser = ${user}\npass = ${obscured}\n`,
    )
    const env = { ...process.env, RCLONE_CONFIG: join(folder, 'rclone.conf') }
    const rclone = (...args: string[]) => run('rclone', args, { env })
    const lines = async (...args: string[]) => (await rclone(...args)).stdout.trim().split('\n')
    await rclone('copy', tree, 'z:by-rclone', '--create-empty-src-dirs')
    await rclone('check', tree, 'z:by-rclone', '--download')
    await rclone('check', tree, 'z:by-rclone')
    await writeFile(join(tree, 'deep/file 3'), 'changed in length')
    await rm(join(tree, 'deep/file 5'))
    await rclone('sync', tree, 'z:by-rclone')
    await rclone('check', tree, 'z:by-rclone', '--download')
    expect(await lines('lsf', '-R', '--files-only', 'z:by-rclone')).toHaveLength(40)
    await rclone('copy', 'z:by-rclone', 'z:copied') // COPY
    await rclone('check', tree, 'z:copied', '--download')
    await rclone('moveto', 'z:copied/deep', 'z:moved') // MOVE of a collection
    await rclone('check', join(tree, 'deep'), 'z:moved', '--download')
    const about = JSON.parse((await rclone('about', 'z:', '--json')).stdout) as { used: number }
    expect(about.used).toBeGreaterThan(40_000_000)
    for (const name of ['by-rclone', 'copied', 'moved']) await rclone('purge', `z:${name}`)
    expect((await lines('lsf', 'z:')).filter((name) => /rclone|copied|moved/.test(name))).toEqual([])
  })
})

const fuse = existsSync('/dev/fuse') && (has('fusermount') || has('fusermount3'))
it.skipIf(!has('rclone') || !fuse)(
  `rclone mounts it as a file system: what is written is listed, moved, and at the server${fuse ? without('rclone') : ' (skipped: needs /dev/fuse and fusermount)'}`,
  async () => {
    const mountpoint = join(folder, 'mounted')
    await mkdir(mountpoint)
    const obscured = (await run('rclone', ['obscure', password])).stdout.trim()
    const remote = `:webdav,url='${url}',user=${user},pass=${obscured}:`
    const options = ['--vfs-cache-mode', 'writes', '--vfs-write-back', '0s', '--config', '/dev/null']
    const child = spawn('rclone', ['mount', remote, mountpoint, ...options], { stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const contents = Array.from({ length: 12 }, (_, i) => randomBytes(1 + i * 30_000))
    try {
      const isMounted = async () => (await readFile('/proc/mounts', 'utf8')).includes(mountpoint)
      for (let i = 0; i < 100 && !(await isMounted()); i++) await sleep(100)
      expect(await isMounted()).toBe(true)
      await mkdir(join(mountpoint, 'by-mount/deep'), { recursive: true })
      for (const [i, content] of contents.entries())
        await writeFile(join(mountpoint, 'by-mount/deep', `f ${i}`), content)
      // rclone sends files after they are closed; a collection that moves meanwhile would refuse them
      const sent = async () =>
        (await (await send('PROPFIND', '/by-mount/deep', { depth: '1' })).text()).split('getetag').length
      for (let i = 0; i < 100 && (await sent()) < 2 * contents.length; i++) await sleep(100)
      await rename(join(mountpoint, 'by-mount/deep'), join(mountpoint, 'by-mount/moved'))
      expect((await readdir(join(mountpoint, 'by-mount/moved'))).sort()).toEqual(
        contents.map((_, i) => `f ${i}`).sort(),
      )
      for (const [i, content] of contents.entries())
        expect(digest(await readFile(join(mountpoint, 'by-mount/moved', `f ${i}`)))).toBe(digest(content))
    } finally {
      child.kill('SIGTERM') // unmounts
      await ended
    }
    for (const [i, content] of contents.entries()) {
      const got = await send('GET', `/by-mount/moved/f%20${i}`)
      expect(digest(new Uint8Array(await got.arrayBuffer()))).toBe(digest(content))
    }
    expect((await send('DELETE', '/by-mount')).status).toBe(204)
  },
)

const mountable = has('mount.davfs') && existsSync('/dev/fuse') && process.getuid?.() === 0
it.skipIf(!mountable)(
  `davfs2 mounts it, and files written there are there after a new mount${mountable ? '' : ' (skipped: needs davfs2, /dev/fuse and root)'}`,
  async () => {
    // no listing: davfs2 1.6.1 under Linux 6.18 answers EINVAL to every readdir, without a server too
    const mountpoint = join(folder, 'mnt')
    await mkdir(mountpoint)
    const config = join(folder, 'davfs2.conf')
    const secrets = join(folder, 'davfs2.secrets')
    await writeFile(config, `secrets ${secrets}\nask_auth 0\ndelay_upload 0\nuse_locks 1\n`)
    await writeFile(secrets, `${mountpoint} ${user} "${password}"\n`, { mode: 0o600 })
    const mount = () => run('mount.davfs', [url, mountpoint, '-o', `conf=${config}`])
    const unmount = () => run('umount', [mountpoint])
    const content = randomBytes(3_000_000)
    await mount()
    try {
      await mkdir(join(mountpoint, 'by-davfs'))
      await writeFile(join(mountpoint, 'by-davfs/ö.bin'), content)
      await rename(join(mountpoint, 'by-davfs/ö.bin'), join(mountpoint, 'by-davfs/moved.bin'))
    } finally {
      await unmount()
    }
    expect(digest(new Uint8Array(await (await send('GET', '/by-davfs/moved.bin')).arrayBuffer()))).toBe(digest(content))
    await mount()
    try {
      expect((await stat(join(mountpoint, 'by-davfs/moved.bin'))).size).toBe(content.length)
      expect(digest(await readFile(join(mountpoint, 'by-davfs/moved.bin')))).toBe(digest(content))
      await unlink(join(mountpoint, 'by-davfs/moved.bin'))
      await rmdir(join(mountpoint, 'by-davfs'))
    } finally {
      await unmount()
    }
    expect((await send('GET', '/by-davfs')).status).toBe(404)
  },
)

describe('over a socket', () => {
  it('a body that is cut off names nothing', async () => {
    for (const framing of ['content-length: 1000000', 'transfer-encoding: chunked']) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      const head = ['PUT /cut HTTP/1.1', 'host: 127.0.0.1', `authorization: ${authorization}`, framing]
      socket.write(`${head.join('\r\n')}\r\n\r\n`)
      socket.write(framing.startsWith('content') ? 'x'.repeat(1000) : `3e8\r\n${'x'.repeat(1000)}\r\n`)
      await sleep(200)
      socket.destroy()
      await sleep(200)
      expect((await send('GET', '/cut')).status).toBe(404)
    }
  })

  it('a path cannot leave the tree, and a refused body need not come', async () => {
    const ask = (lines: string[]) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
          socket.write(`${lines.join('\r\n')}\r\n\r\n`),
        )
        socket.on('data', (data) => {
          resolve(String(data).split('\r\n')[0]!)
          socket.destroy()
        })
      })
    const rest = ['host: 127.0.0.1', `authorization: ${authorization}`, 'content-length: 0']
    expect(await ask(['GET /../../../etc/passwd HTTP/1.1', ...rest])).toBe('HTTP/1.1 404 Not Found')
    expect(await ask(['GET /..%2f..%2fetc/passwd HTTP/1.1', ...rest])).toBe('HTTP/1.1 400 Bad Request')
    expect(await ask(['OPTIONS * HTTP/1.1', ...rest])).toBe('HTTP/1.1 200 OK')
    const expecting = ['host: 127.0.0.1', 'content-length: 1000000000', 'expect: 100-continue']
    expect(await ask(['PUT /f HTTP/1.1', ...expecting])).toBe('HTTP/1.1 401 Unauthorized')
    expect(await ask(['PUT /no/f HTTP/1.1', `authorization: ${authorization}`, ...expecting])).toBe(
      'HTTP/1.1 409 Conflict',
    )
  })

  it('two writers with If-None-Match: one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => send('PUT', '/raced', { 'if-none-match': '*' }, `writer ${i}`)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(412)])
    const winner = answers.findIndex(({ status }) => status === 201)
    expect(await (await send('GET', '/raced')).text()).toBe(`writer ${winner}`)
    await send('DELETE', '/raced')
  })
})

it('kill -9 during puts and moves loses nothing that was acknowledged, and leaves every file at one place', async () => {
  const place = join(folder, 'killed')
  await mkdir(place)
  const rounds = 4
  const acknowledged = new Map<number, 'put' | 'moved'>()
  const contentOf = (i: number) => Buffer.alloc(1000 + (i % 5) * 40_000, `${i} `)
  for (let round = 0; round <= rounds; round++) {
    const child = await start('./webdav-process.ts', [place])
    const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) =>
      fetch(child.ready.url! + path, {
        method,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { body }),
      })
    if (round === 0) for (const path of ['/in', '/out']) expect((await ask('MKCOL', path)).status).toBe(201)
    const listing = await (await ask('PROPFIND', '/', { depth: 'infinity' })).text()
    const places = new Map<number, string[]>()
    for (const [, path, number] of listing.matchAll(/<D:href>\/(in|out)\/(\d+)\/f<\/D:href>/g))
      places.set(Number(number), [...(places.get(Number(number)) ?? []), path!])
    for (const [i, state] of acknowledged) {
      expect(places.get(i)).toHaveLength(1)
      if (state === 'moved') expect(places.get(i)).toEqual(['out'])
    }
    for (const [i, [path]] of places) {
      const got = await ask('GET', `/${path}/${i}/f`)
      expect(digest(new Uint8Array(await got.arrayBuffer()))).toBe(digest(contentOf(i)))
    }
    if (round === rounds) {
      expect(acknowledged.size).toBeGreaterThan(20)
      await child.kill()
      break
    }
    let stopped = false
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = round * 10_000 + writer; !stopped; i += 4) {
        try {
          await ask('MKCOL', `/in/${i}`)
          if ((await ask('PUT', `/in/${i}/f`, {}, contentOf(i))).status !== 201) continue
          acknowledged.set(i, 'put')
          const moved = await ask('MOVE', `/in/${i}`, { destination: `${child.ready.url}/out/${i}` })
          if (moved.status === 201) acknowledged.set(i, 'moved')
        } catch {
          return // the server is gone
        }
      }
    })
    await sleep(700 + 130 * round)
    await child.kill()
    stopped = true
    await Promise.all(writers)
  }
})
