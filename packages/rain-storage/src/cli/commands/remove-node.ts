import { StorageError } from '../../errors.ts'
import { storeCommand } from '../command.ts'
import { homeFolder, readSettings, writeSettings } from '../home.ts'

export default storeCommand({
  meta: {
    name: 'remove-node',
    description: 'Remove a storage node; "status --repair" then rebuilds its shards elsewhere',
  },
  args: {
    id: { type: 'positional', description: 'name of the node in the settings, or what was added', required: true },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const folder = homeFolder(args.home)
    const settings = await readSettings(folder)
    const nodes = settings.nodes.filter(({ id, path, address }) => ![id, path, address].includes(args.id))
    if (nodes.length === settings.nodes.length)
      throw new StorageError(
        'STORAGE_NOT_FOUND',
        `there is no node "${args.id}"; there are ${settings.nodes.map(({ id }) => id).join(', ') || 'none'}`,
        { id: args.id },
      )
    await writeSettings(folder, { ...settings, nodes })
    console.log(`${nodes.length} node${nodes.length === 1 ? '' : 's'}`)
  },
})
