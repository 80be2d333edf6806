import { storeCommand } from '../command.ts'
import { homeFolder, openHome } from '../home.ts'
import { formatBytes } from '../progress.ts'

export default storeCommand({
  meta: { name: 'ls', description: 'List own files' },
  args: {
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    json: { type: 'boolean', description: 'as JSON', default: false },
  },
  async run({ args }) {
    const home = await openHome(homeFolder(args.home))
    try {
      const files = await home.files()
      if (args.json) console.log(JSON.stringify(files.map(({ name, size }) => ({ name, size }))))
      else for (const { name, size } of files) console.log(`${formatBytes(size).padStart(10)}  ${name}`)
    } finally {
      await home.close()
    }
  },
})
