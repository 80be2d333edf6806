// A WebDAV server over a pack store and a LevelDB index in the given folder: `ready {"url"}`. Killed by the test.

import { serveHttp } from '../../src/platform/http-server.ts'
import { openLevelIndex } from '../../src/platform/level-index.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import { createWebDav } from '../../src/webdav/webdav.ts'

const folder = process.argv[2]!
const store = await openPackStore(`${folder}/blocks`)
const index = await openLevelIndex(`${folder}/index`)
const handler = createWebDav({
  content: createUnixfsContent(store, store),
  index,
  accounts: [{ name: 'zos', password: 'a password' }],
  nowMs: Date.now,
})
const { url } = await serveHttp({ handler, port: Number(process.argv[3] ?? 0) })
console.log(JSON.stringify({ url }))
