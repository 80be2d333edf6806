/// <reference types="node" />
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { type ContentMap, describe } from '../content/content-map.ts'
import { HotFiles } from './hot-files.ts'
import { nodeHasher } from './native-hasher.ts'
import type { CdnServerOptions } from './server.ts'

/** What is asked for often is kept in so much memory. */
const DEFAULT_MEMORY_BYTES = 50e6

interface ServedFile {
  name: string
  path: string
  map: ContentMap
}

/**
 * Names every file below `path` (a file or a folder, one level) and serves it by its root; what is asked for often stays in `memoryBytes` of
 * memory (default 50 MB). The files must not change while they are served:
 * whoever downloads would find out.
 */
export async function serveFolder(
  path: string,
  options: { leafBytes?: number; memoryBytes?: number } = {},
): Promise<CdnServerOptions & { files: readonly { root: string; name: string; size: number }[] }> {
  const hot = new HotFiles(options.memoryBytes ?? DEFAULT_MEMORY_BYTES)
  const files = new Map<string, ServedFile>()
  const blocks = new Map<string, Uint8Array | { path: string; start: number; end: number }>()
  const info = await stat(path)
  const names = info.isDirectory()
    ? (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name)
    : ['']
  for (const name of names.sort()) {
    const file = name ? join(path, name) : path
    const { map, nodes } = await describe(createReadStream(file, { highWaterMark: 1 << 20 }), {
      ...options,
      hasher: nodeHasher,
    })
    files.set(map.root.toString(), { name: name || path, path: file, map })
    for (const node of nodes) blocks.set(node.cid.toString(), node.bytes)
    map.leaves.forEach((cid, i) => {
      blocks.set(cid.toString(), { path: file, start: map.starts[i]!, end: map.starts[i + 1]! })
    })
  }
  const list = () => [...files].map(([root, { name, map }]) => ({ root, name, size: map.size }))
  return {
    files: list(),
    roots: list,
    cacheStats: () => hot.stats(),
    async object(root: CID) {
      const file = files.get(root.toString())
      if (!file) return undefined
      const { size } = file.map
      return { size, read: (start, end) => hot.read(file.path, size, start, end) }
    },
    async block(cid: CID) {
      const found = blocks.get(cid.toString())
      if (!found || found instanceof Uint8Array) return found
      const file = await open(found.path)
      try {
        const bytes = new Uint8Array(found.end - found.start)
        await file.read(bytes, 0, bytes.length, found.start)
        return bytes
      } finally {
        await file.close()
      }
    },
  }
}
