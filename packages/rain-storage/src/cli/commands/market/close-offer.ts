import { StorageError } from '../../../errors.ts'
import { storeCommand } from '../../command.ts'
import { marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { numberedId } from '../../market/read-all.ts'

export default storeCommand({
  meta: { name: 'close-offer', description: 'Take no new deals and renewals under an offer; deals that run go on' },
  args: {
    offer: { type: 'positional', description: 'number of the offer', required: true },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const id = numberedId(args.offer)
    if (id === undefined) throw new StorageError('STORAGE_INVALID_ARGUMENT', `"${args.offer}" is no number of an offer`)
    const { market } = await openForSigning(args)
    await market.closeOffer(id)
    console.log(`offer ${id} is closed`)
  },
})
