import { StorageError } from '../../../errors.ts'
import { storeCommand } from '../../command.ts'
import { marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { readOwnDeals } from '../../market/own-deals.ts'
import { numberedId } from '../../market/read-all.ts'

export default storeCommand({
  meta: {
    name: 'reclaim',
    description: 'Pay the client what deals owe it: missed windows, unserved time, what nobody accepted',
  },
  args: {
    deal: { type: 'positional', description: 'number of a deal, also an open one; default all own', required: false },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const connection = await openForSigning(args)
    const { market } = connection
    const due: { id: bigint; open: boolean }[] = []
    if (args.deal !== undefined) {
      const id = numberedId(args.deal)
      const deal = id === undefined ? undefined : await market.deal(id)
      if (deal === undefined) throw new StorageError('STORAGE_NOT_FOUND', `There is no deal "${args.deal}"`)
      due.push({ id: deal.id, open: deal.state === 'open' })
    } else {
      for (const { deal, standing, state, isClient } of await readOwnDeals(connection, true))
        if (isClient && (state === 'lapsed' || standing.toClient > 0n))
          due.push({ id: deal.id, open: state === 'lapsed' })
    }
    for (const { id, open } of due) {
      await (open ? market.refund(id) : market.reclaim(id))
      console.log(`deal ${id} is ${open ? 'paid back' : 'reclaimed'}`)
    }
    if (due.length === 0) console.log('nothing is due')
  },
})
