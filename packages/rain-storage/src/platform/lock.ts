/// <reference types="node" />
import { open, readFile, unlink } from 'node:fs/promises'
import { StorageError } from '../errors.ts'

/**
 * Takes the lock file `path` for this process; the returned function gives it back. A lock whose process is gone (kill -9), or that was taken before
 * the machine was started (power failure: the number may be another process's now), is taken over.
 * @throws StorageError `STORAGE_LOCKED` while another process, or another store of this one, holds it
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const boot = await bootId()
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(`${process.pid} ${boot}`)
      await file.close()
      return () => unlink(path).catch(() => undefined)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid, since = boot] = (await readFile(path, 'utf8').catch(() => '')).split(' ')
    const owner = Number(pid)
    if (since === boot && Number.isInteger(owner) && owner > 0 && (owner === process.pid || isAlive(owner))) {
      throw new StorageError('STORAGE_LOCKED', `Process ${owner} has ${path}`, { path, owner })
    }
    await unlink(path).catch(() => undefined)
  }
  throw new StorageError('STORAGE_LOCKED', `${path} cannot be taken`, { path })
}

/** What Linux calls this run of the machine; empty elsewhere. */
async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
