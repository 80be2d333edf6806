import type { JournalStorage } from '../../src/journal/index.ts'

/** Segments in memory that can lose power: what was not synced survives in any torn form. */
export function crashStorage(files = new Map<string, { bytes: Uint8Array; synced: number }>()) {
  let failSync = false
  const handle = (name: string) => ({
    async write(bytes: Uint8Array) {
      const file = files.get(name)!
      const grown = new Uint8Array(file.bytes.length + bytes.length)
      grown.set(file.bytes)
      grown.set(bytes, file.bytes.length)
      file.bytes = grown
    },
    async sync() {
      if (failSync) throw new Error('no space left on device')
      const file = files.get(name)!
      file.synced = file.bytes.length
    },
    async close() {},
  })
  const storage: JournalStorage = {
    list: async () => [...files.keys()],
    read: async (name) => files.get(name)!.bytes.slice(),
    async create(name) {
      files.set(name, { bytes: new Uint8Array(0), synced: 0 })
      return handle(name)
    },
    async reopen(name, size) {
      const file = files.get(name)!
      file.bytes = file.bytes.slice(0, size)
      file.synced = size
      return handle(name)
    },
    async remove(name) {
      files.delete(name)
    },
  }
  return {
    storage,
    files,
    failNextSyncs: () => {
      failSync = true
    },
    /** The disk after a power cut: of each unsynced tail some prefix remains, and pages of it may be zero or old rubbish. */
    lose(below: (limit: number) => number, page = 64) {
      const after = new Map<string, { bytes: Uint8Array; synced: number }>()
      for (const [name, { bytes, synced }] of files) {
        const kept = bytes.slice(0, synced + below(bytes.length - synced + 1))
        for (let at = synced; at < kept.length; at += page)
          if (below(3) === 0)
            for (let i = at; i < Math.min(at + page, kept.length); i++) kept[i] = below(2) ? 0 : below(256)
        after.set(name, { bytes: kept, synced: kept.length })
      }
      return crashStorage(after)
    },
  }
}
