/// <reference types="node" />
/** For Node.js (`@zos/zpos/node`): the guard's journal in a file, and threads for the ticket search. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { TicketWorker } from '../cryptonight/pool.ts'
import { ZposError } from '../errors.ts'
import type { GuardStore } from '../protection/guard-store.ts'

/** A {@link GuardStore} over a file. Close it to give the lock back. */
export interface FileGuardStore extends GuardStore {
  close(): Promise<void>
}

/**
 * Opens the journal at `path`, making it and its folder if there is none. Appends are followed by fdatasync, rewriting goes
 * through a synced file and a rename.
 *
 * The lock beside it (`<path>.lock`) names host, process and the process's start. It is taken over only from a process of
 * this host that is gone; otherwise this rejects with `ZPOS_JOURNAL_LOCKED`. Of two hosts on one shared disk the second is refused.
 */
export async function openFileGuardStore(path: string): Promise<FileGuardStore> {
  await mkdir(dirname(path), { recursive: true })
  const lockPath = `${path}.lock`
  const lock = await takeLock(lockPath)
  let file: FileHandle
  try {
    file = await open(path, 'a')
    await syncFolder(path)
  } catch (error) {
    await unlink(lockPath)
    throw error
  }
  return {
    read: () => readFile(path).then((bytes) => new Uint8Array(bytes)),
    async append(record) {
      await assertHeld(lockPath, lock)
      await file.appendFile(record)
      await file.datasync()
    },
    async replace(log) {
      await assertHeld(lockPath, lock)
      const next = await open(`${path}.new`, 'w')
      await next.writeFile(log)
      await next.sync()
      await next.close()
      await rename(`${path}.new`, path)
      await syncFolder(path)
      await file.close()
      file = await open(path, 'a')
    },
    async close() {
      await file.close()
      if ((await readFile(lockPath, 'utf8').catch(() => '')) === lock) await unlink(lockPath)
    },
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync().catch(() => undefined) // Some file systems cannot sync a folder; the rename is atomic all the same.
  await folder.close()
}

/** When a process started, in clock ticks since boot (Linux), so that a reused process number is not taken for its old owner. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

async function isGone(owner: string): Promise<boolean> {
  const [host, pid, start] = owner.split(' ')
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = await startOf(Number(pid))
  return now !== '' && now !== start
}

/** Writes the lock; resolves to its text. */
async function takeLock(path: string): Promise<string> {
  const tag = randomBytes(8).toString('hex')
  const text = `${hostname()} ${process.pid} ${await startOf(process.pid)} ${tag}`
  const own = `${path}.${tag}`
  await writeFile(own, text, { flag: 'wx' })
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        await link(own, path) // Atomic: fails if there is a lock.
        return text
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const owner = await readFile(path, 'utf8').catch(() => undefined)
      if (owner === undefined) continue
      if (!(await isGone(owner))) throw locked(path, owner)
      // Move the dead lock aside; if someone else was faster, what was moved is theirs: give it back.
      const aside = `${own}.stale`
      await rename(path, aside).catch(() => undefined)
      const moved = await readFile(aside, 'utf8').catch(() => undefined)
      if (moved !== undefined && moved !== owner) {
        await link(aside, path).catch(() => undefined)
        await unlink(aside)
        throw locked(path, moved)
      }
      await unlink(aside).catch(() => undefined)
    }
    throw locked(path, 'several at once')
  } finally {
    await unlink(own)
  }
}

async function assertHeld(path: string, text: string): Promise<void> {
  const now = await readFile(path, 'utf8').catch(() => '')
  if (now !== text) throw locked(path, now === '' ? 'nobody: the lock was removed' : now)
}

function locked(path: string, owner: string): ZposError {
  return new ZposError(
    'ZPOS_JOURNAL_LOCKED',
    `${path} is held by ${owner}: one key signs in one process only. If that process is surely gone, remove the lock file`,
    { path, owner },
  )
}

/** Starts a worker thread for `createCryptonightPool`. */
export function spawnTicketWorker(): TicketWorker {
  const worker = new Worker(new URL('./ticket-worker.js', import.meta.url))
  return {
    post: (job) => worker.postMessage(job),
    onReply: (listener) => worker.on('message', listener),
    onError: (listener) => worker.on('error', listener),
    terminate: () => void worker.terminate(),
  }
}
