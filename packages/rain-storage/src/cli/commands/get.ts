import { createWriteStream } from 'node:fs'
import { rename, unlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { storeCommand } from '../command.ts'
import { findFile, homeFolder, openHome } from '../home.ts'
import { startProgress } from '../progress.ts'

export default storeCommand({
  meta: { name: 'get', description: 'Fetch a file by name or capability' },
  args: {
    name: { type: 'positional', description: 'name in the list, or zos1…', required: true },
    out: { type: 'string', description: 'file; default standard output' },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const home = await openHome(homeFolder(args.home))
    try {
      const capability = await findFile(home, args.name)
      const { size } = await home.vault.facts(capability)
      const progress = startProgress(args.name.slice(0, 40), size)
      const source = home.vault.get(capability, { onProgress: (done) => progress.update(done) })
      if (args.out === undefined) await pipeline(source, process.stdout, { end: false })
      else {
        // The name appears when the file is whole.
        const beside = `${args.out}.part`
        try {
          await pipeline(source, createWriteStream(beside))
          await rename(beside, args.out)
        } catch (error) {
          await unlink(beside).catch(() => undefined)
          throw error
        }
      }
      progress.end()
    } finally {
      await home.close()
    }
  },
})
