import { StorageError } from '../../../errors.ts'
import { storeCommand } from '../../command.ts'
import { homeFolder } from '../../home.ts'
import { marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { changeKept, type KeptFile, readKept } from '../../market/files.ts'
import { readOwnDeals } from '../../market/own-deals.ts'

export default storeCommand({
  meta: { name: 'drop', description: 'Keep a file no longer: its deals are not renewed and run out' },
  args: {
    file: { type: 'positional', description: 'name as it was given to "market deal", or the root', required: true },
    notice: { type: 'boolean', description: 'end its deals as early as their offers allow', default: false },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const home = homeFolder(args.home)
    const kept = await readKept(home)
    const isIt = ({ name, root }: KeptFile) => name === args.file || `${root}` === args.file
    const dropped = kept.filter(isIt)
    if (dropped.length === 0) {
      const names = kept.map(({ name }) => name).join(', ') || 'none'
      throw new StorageError('STORAGE_NOT_FOUND', `"${args.file}" is not kept; kept files: ${names}`, {
        file: args.file,
      })
    }
    await changeKept(home, (files) => files.filter((file) => !isIt(file)))
    console.log(`${args.file} is not kept any more`)
    if (!args.notice) return
    const connection = await openForSigning(args)
    const shards = new Set(dropped.flatMap(({ deals }) => deals.map(({ shard, offer }) => `${offer} ${shard}`)))
    for (const { deal, isClient, state } of await readOwnDeals(connection, false)) {
      if (!isClient || !shards.has(`${deal.offer} ${deal.shard}`)) continue
      if (state === 'open' || state === 'lapsed') await connection.market.refund(deal.id)
      else if ((state === 'waiting' || state === 'running') && !deal.noticed) await connection.market.notice(deal.id)
      else continue
      console.log(`deal ${deal.id} ${deal.state === 'open' ? 'is paid back' : 'has notice'}`)
    }
  },
})
