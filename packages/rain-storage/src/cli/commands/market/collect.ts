import { StorageError } from '../../../errors.ts'
import { storeCommand } from '../../command.ts'
import { marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { readOwnDeals } from '../../market/own-deals.ts'
import { numberedId } from '../../market/read-all.ts'

export default storeCommand({
  meta: { name: 'collect', description: 'Pay the provider what deals owe it: proved windows, collateral at the end' },
  args: {
    deal: { type: 'positional', description: 'number of a deal; default all of own offers', required: false },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const connection = await openForSigning(args)
    const { market } = connection
    const ids = []
    if (args.deal !== undefined) {
      const id = numberedId(args.deal)
      if (id === undefined) throw new StorageError('STORAGE_INVALID_ARGUMENT', `"${args.deal}" is no number of a deal`)
      ids.push(id)
    } else {
      for (const { deal, standing, isProvider } of await readOwnDeals(connection, true))
        if (isProvider && standing.toProvider > 0n) ids.push(deal.id)
    }
    for (const id of ids) {
      await market.collect(id)
      console.log(`deal ${id} is collected`)
    }
    if (ids.length === 0) console.log('nothing is due')
  },
})
