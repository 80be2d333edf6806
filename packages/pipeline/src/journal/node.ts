/// <reference types="node" />
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalFile, JournalStorage } from './storage.ts'

/** Segments as files of a folder, which is made when missing. `sync` is fdatasync; new names are made durable by syncing the folder. */
export function folderStorage(folder: string): JournalStorage {
  const ready = mkdir(folder, { recursive: true })
  const syncFolder = async () => {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
  return {
    async list() {
      await ready
      return readdir(folder)
    },
    read: (name) => readFile(join(folder, name)),
    async create(name) {
      await ready
      const handle = await open(join(folder, name), 'wx')
      await syncFolder()
      return file(handle)
    },
    async reopen(name, size) {
      const handle = await open(join(folder, name), 'r+')
      await handle.truncate(size)
      await handle.sync()
      await handle.close()
      return file(await open(join(folder, name), 'a'))
    },
    async remove(name) {
      await rm(join(folder, name))
      await syncFolder()
    },
  }
}

function file(handle: Awaited<ReturnType<typeof open>>): JournalFile {
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done)
        done += bytesWritten
      }
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  }
}
