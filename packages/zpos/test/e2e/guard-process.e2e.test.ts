import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSigningGuard, isZposError } from '../../src/index.ts'
import { openFileGuardStore } from '../../src/platform/node.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(`${tmpdir()}/zpos-guard-`)
})
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function start(tag: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const signer = new URL('signer.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', signer, `${folder}/journal`, tag], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() }
}

test('killed with -9 after any number of writes, a signer never forgets what it signed', async () => {
  let signed = 0
  for (let run = 0; run < 8; run += 1) {
    const { child, lines } = start(`run${run}`)
    const opened = Number(((await lines.next()).value as string).replace('open ', ''))
    // One more than was printed may have been written: the kill may fall between the write and the print.
    expect(opened).toBeGreaterThanOrEqual(signed)
    const target = opened + 1 + run * 3
    for (;;) {
      const { value, done } = await lines.next()
      if (done) break
      signed = Number(value.replace('signed ', ''))
      if (signed === target) child.kill('SIGKILL')
    }
  }
  const guard = await createSigningGuard(await openFileGuardStore(`${folder}/journal`))
  expect(guard.last()!.round).toBeGreaterThanOrEqual(signed)
  await expect(guard.claim(signed, 'other' as never)).rejects.toMatchObject({ code: 'ZPOS_WOULD_SIGN_TWICE' })
})

test('a second process on the same key is refused while the first lives, and let in when it is gone', async () => {
  const first = start('a')
  await first.lines.next()
  const second = start('b')
  expect((await second.lines.next()).value).toBe('refused ZPOS_JOURNAL_LOCKED')
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const third = start('c')
  expect((await third.lines.next()).value).toMatch(/^open \d+$/)
  third.child.kill('SIGKILL')
  await once(third.child, 'exit')
})

test('a lock of another host, or one taken away while the journal is open, stops the guard', async () => {
  const path = `${folder}/journal`
  await writeFile(`${path}.lock`, 'another-host 1 1 aa')
  const refusal = await openFileGuardStore(path).catch((error) => error)
  expect(isZposError(refusal, 'ZPOS_JOURNAL_LOCKED')).toBe(true)
  await rm(`${path}.lock`)
  const store = await openFileGuardStore(path)
  const guard = await createSigningGuard(store)
  await guard.claim(1, 'a' as never)
  await writeFile(`${path}.lock`, 'another-host 1 1 aa')
  await expect(guard.claim(2, 'b' as never)).rejects.toMatchObject({ code: 'ZPOS_JOURNAL_LOCKED' })
  await store.close()
  expect(await readFile(`${path}.lock`, 'utf8')).toBe('another-host 1 1 aa')
})

test('a torn end is dropped when the journal opens', async () => {
  const path = `${folder}/journal`
  const store = await openFileGuardStore(path)
  await (await createSigningGuard(store)).claim(4, 'a' as never)
  await store.append(new TextEncoder().encode('0123'))
  await store.close()
  const again = await openFileGuardStore(path)
  const guard = await createSigningGuard(again)
  await guard.claim(5, 'b' as never)
  expect(guard.last()).toEqual({ round: 5, unit: 'b' })
  await again.close()
  const last = await openFileGuardStore(path)
  expect((await createSigningGuard(last)).last()).toEqual({ round: 5, unit: 'b' })
  await last.close()
})
