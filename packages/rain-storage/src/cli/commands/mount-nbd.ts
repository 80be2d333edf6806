import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseCid } from '../../content/cid.ts'
import { linksOf } from '../../content/links.ts'
import { createImage, MAX_IMAGE_BYTES, openImage } from '../../nbd/image.ts'
import { writeWhole } from '../../platform/file-system.ts'
import { serveNbd } from '../../platform/nbd-server.ts'
import { openPackStore } from '../../platform/pack/pack-store.ts'
import { numberOf, portOf, storeCommand } from '../command.ts'
import { homeFolder } from '../home.ts'
import { startProgress } from '../progress.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'mount-nbd', description: 'Serve a disk image as a network block device' },
  args: {
    name: { type: 'positional', description: 'name of the image', required: true },
    size: { type: 'string', description: 'mebibytes of a new empty image (default 1024)' },
    from: { type: 'string', description: 'raw image file that a new image starts with' },
    snapshot: { type: 'string', description: 'root CID to open instead of the latest' },
    readonly: { type: 'boolean', description: 'refuse writes', default: false },
    port: { type: 'string', description: 'TCP port of 127.0.0.1', default: '10809' },
    socket: { type: 'string', description: 'path of a Unix socket instead of a port' },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const folder = homeFolder(args.home)
    const store = await openPackStore(join(folder, 'images'))
    const rootFile = join(folder, 'images', `${args.name.replace(/[^\w.-]/g, '_')}.root`)
    const known = args.snapshot ?? (await readFile(rootFile, 'utf8').catch(() => undefined))
    const bytes =
      args.from === undefined
        ? numberOf('size', args.size ?? '1024', { least: 1, most: MAX_IMAGE_BYTES / 1024 / 1024 }) * 1024 * 1024
        : Math.ceil((await stat(args.from)).size / 512) * 512
    const image = known === undefined ? await createImage(store, bytes) : await openImage(store, parseCid(known.trim()))
    // The latest root is pinned; the one before it is let go, unless it was opened as a snapshot.
    let last = args.snapshot === undefined ? image.root : undefined
    const save = async (root: typeof image.root) => {
      await store.pin(root)
      await writeWhole(rootFile, String(root))
      if (last !== undefined && !last.equals(root)) await store.unpin(last)
      last = root
    }
    if (known === undefined && args.from !== undefined) {
      const progress = startProgress(args.from, bytes)
      let at = 0
      for await (const part of createReadStream(args.from, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
        await image.write(at, part)
        at += part.length
        progress.update(at)
      }
      progress.end()
      await save(await image.commit())
    }
    const server = await serveNbd({
      exports: new Map([[args.name, { image, readOnly: args.readonly }]]),
      listen: args.socket === undefined ? { port: portOf(args.port) } : { path: args.socket },
      onCommit: (_, root) => save(root),
    })
    console.log(
      JSON.stringify({
        uri:
          args.socket === undefined
            ? `nbd://127.0.0.1:${server.port}/${args.name}`
            : `nbd+unix:///${args.name}?socket=${args.socket}`,
        root: String(image.root),
      }),
    )
    await stopped
    await server.close()
    console.log(JSON.stringify({ root: String(image.root), collected: (await store.collect(linksOf)).removedBlocks }))
    await store.close()
  },
})
