/**
 * A disk with a cache that is lost when the power fails. Files live in a real folder; what the disk would still have afterwards is kept beside: the bytes that
 * a file had when a finished `sync` or `datasync` of it began, and the names that a folder had when a finished `sync` of it began.
 */
import { fstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import * as files from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileSystem } from '../../src/platform/file-system.ts'

/** What is left of the folder of a {@link createVolatileDisk}. */
export interface DiskImageAtFailure {
  /**
   * Writes the files that are left into `folder`. With `torn`, a file keeps, behind its durable bytes, a part of what was written since, the second half of that
   * part as zeros: what a file system may leave.
   */
  restore(folder: string, torn?: (path: string) => number): Promise<void>
}

/** A disk over the existing folder `root`. */
export interface VolatileDisk extends FileSystem {
  /** What would be left if the power failed now. */
  fail(): DiskImageAtFailure
}

interface Durable {
  readonly bytes: Map<number, Buffer>
  readonly names: Map<number, Map<string, Entry>>
}

interface Entry {
  readonly inode: number
  readonly folder: boolean
}

/** Options of {@link createVolatileDisk}. */
export interface VolatileDiskOptions {
  /** how long a sync takes */
  readonly syncMs?: number
  /** called when a name is gone, which nothing brings back */
  readonly onUnlink?: (disk: VolatileDisk) => void
}

/** Makes one. The folder itself is taken as durable, what is in it is not; a removal is, at once. */
export function createVolatileDisk(root: string, options: VolatileDiskOptions = {}): VolatileDisk {
  const durable: Durable = { bytes: new Map(), names: new Map() }
  const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino
  /** A new file may have got the number of one that is gone. */
  const forget = (path: string, before: number | undefined) => {
    const inode = inodeOf(path)
    if (before !== undefined || inode === undefined) return
    durable.bytes.delete(inode)
    durable.names.delete(inode)
  }

  async function open(...[path, flags, mode]: Parameters<typeof files.open>): Promise<files.FileHandle> {
    const name = String(path)
    const before = inodeOf(name)
    const file = await files.open(path, flags, mode)
    forget(name, before)
    const sync = async () => {
      const facts = fstatSync(file.fd)
      const { ino } = facts
      if (facts.isDirectory()) {
        const names = new Map(
          readdirSync(name, { withFileTypes: true }).map((entry): [string, Entry] => [
            entry.name,
            { inode: inodeOf(join(name, entry.name))!, folder: entry.isDirectory() },
          ]),
        )
        await wait(options.syncMs ?? 0)
        durable.names.set(ino, names)
      } else {
        const bytes = readFileSync(name)
        await wait(options.syncMs ?? 0)
        durable.bytes.set(ino, bytes)
      }
    }
    return new Proxy(file, {
      get(target, key) {
        if (key === 'sync' || key === 'datasync') return sync
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  const disk: VolatileDisk = {
    open: open as FileSystem['open'],
    chmod: files.chmod,
    readFile: files.readFile,
    readdir: files.readdir,
    rename: files.rename,
    async unlink(path) {
      await files.unlink(path)
      durable.names.get(inodeOf(dirname(String(path)))!)?.delete(basename(String(path)))
      options.onUnlink?.(disk)
    },
    async writeFile(path, data, options) {
      const before = inodeOf(String(path))
      await files.writeFile(path, data, options)
      forget(String(path), before)
    },
    mkdir: (async (path: string, options: { recursive: true }) => {
      const before = inodeOf(path)
      const made = await files.mkdir(path, options)
      forget(path, before)
      return made
    }) as FileSystem['mkdir'],
    fail() {
      const bytes = new Map(durable.bytes)
      const names = new Map([...durable.names].map(([inode, entries]) => [inode, new Map(entries)]))
      // What the cache holds, by number: for parts that reached the disk without being asked to.
      const cached = new Map<number, Buffer>()
      const look = (folder: string) => {
        for (const entry of readdirSync(folder, { withFileTypes: true })) {
          const path = join(folder, entry.name)
          if (entry.isDirectory()) look(path)
          else cached.set(inodeOf(path)!, readFileSync(path))
        }
      }
      look(root)
      const top = inodeOf(root)!
      return {
        async restore(folder, torn) {
          const fill = async (inode: number, to: string): Promise<void> => {
            for (const [name, { inode: child, folder: isFolder }] of names.get(inode) ?? []) {
              const path = join(to, name)
              if (isFolder) {
                await files.mkdir(path)
                await fill(child, path)
                continue
              }
              const kept = bytes.get(child) ?? Buffer.alloc(0)
              const tail = cached.get(child)?.subarray(kept.length) ?? Buffer.alloc(0)
              const part = Buffer.from(tail.subarray(0, Math.floor((torn?.(path) ?? 0) * tail.length)))
              part.fill(0, part.length >> 1)
              await files.writeFile(path, Buffer.concat([kept, part]))
            }
          }
          await fill(top, folder)
        },
      }
    },
  }
  return disk
}
