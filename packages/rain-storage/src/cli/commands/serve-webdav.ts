import { join } from 'node:path'
import { linksOf } from '../../content/links.ts'
import { serveHttp } from '../../platform/http-server.ts'
import { openLevelIndex } from '../../platform/level-index.ts'
import { openPackStore } from '../../platform/pack/pack-store.ts'
import { createUnixfsContent, createVaultContent } from '../../s3/object-content.ts'
import { createWebDav } from '../../webdav/webdav.ts'
import { numberOf, portOf, storeCommand } from '../command.ts'
import { homeFolder, openHome } from '../home.ts'
import { secretOf } from '../secret-file.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'serve-webdav', description: 'Serve a tree of files over WebDAV, for Finder, Windows, davfs, rclone' },
  args: {
    port: { type: 'string', default: '8088' },
    host: { type: 'string', default: '127.0.0.1' },
    user: { type: 'string', description: 'name that goes with the password', default: 'zos' },
    quota: { type: 'string', description: 'bytes that all files together may have' },
    private: {
      type: 'boolean',
      description: 'files are encrypted and spread over the nodes of the home',
      default: false,
    },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const quotaBytes = args.quota === undefined ? undefined : numberOf('quota', args.quota, { least: 0 })
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const folder = homeFolder(args.home)
    const home = args.private ? await openHome(folder) : undefined
    // one tree a content: references of the one say nothing to the other
    const place = join(folder, 'webdav', home === undefined ? 'open' : 'private')
    const store = home === undefined ? await openPackStore(join(place, 'blocks')) : undefined
    const index = await openLevelIndex(join(place, 'index'))
    const passwordFile = join(folder, 'webdav', 'password')
    const handler = createWebDav({
      content: home === undefined ? createUnixfsContent(store!, store!) : createVaultContent(home.vault),
      index,
      accounts: [{ name: args.user, password: await secretOf(passwordFile) }],
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
      nowMs: Date.now,
    })
    const server = await serveHttp({ handler, port: portOf(args.port), host: args.host })
    console.log(JSON.stringify({ url: server.url, user: args.user, password: passwordFile }))
    await stopped
    await server.close()
    await index.close()
    if (store !== undefined) console.log(JSON.stringify({ collected: (await store.collect(linksOf)).removedBlocks }))
    await store?.close()
    await home?.close()
  },
})
