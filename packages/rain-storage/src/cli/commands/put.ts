import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { StorageError } from '../../errors.ts'
import { formatCapability } from '../../rain/capability.ts'
import { storeCommand } from '../command.ts'
import { homeFolder, openHome } from '../home.ts'
import { startProgress } from '../progress.ts'

export default storeCommand({
  meta: { name: 'put', description: 'Encrypt a file and store it' },
  args: {
    file: { type: 'positional', description: 'file, or - for standard input', required: true },
    name: { type: 'string', description: 'name in the list; default the file name' },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const isStdin = args.file === '-'
    const facts = isStdin ? undefined : await stat(args.file)
    if (facts?.isDirectory())
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `${args.file} is a folder; put takes one file`)
    const home = await openHome(homeFolder(args.home))
    try {
      const input = isStdin ? process.stdin : createReadStream(args.file, { highWaterMark: 1024 * 1024 })
      const size = facts?.size
      const name = args.name ?? basename(args.file)
      const progress = startProgress(name, size)
      let bytes = 0
      const capability = await home.vault.put(input, {
        name,
        onProgress: (done) => {
          bytes = done
          progress.update(done)
        },
      })
      progress.end()
      await home.saveFiles([
        ...(await home.files()).filter((entry) => entry.name !== name),
        { name, size: bytes, capability },
      ])
      console.log(formatCapability(capability))
    } finally {
      await home.close()
    }
  },
})
