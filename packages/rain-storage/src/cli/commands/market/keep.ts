import { StorageError } from '../../../errors.ts'
import { repeatPasses } from '../../../market/repeat-passes.ts'
import { storeCommand } from '../../command.ts'
import { marketFlags, openForSigning, signingFlags, systemClock } from '../../market/connect.ts'
import { eventLine } from '../../market/event-line.ts'
import { readKept } from '../../market/files.ts'
import { createPeerNodes, openKeeper, putLayout, takeKeeping } from '../../market/keeping.ts'
import { secondsOf } from '../../quantities.ts'
import { stopSignal } from '../../until-stopped.ts'

/** Providers keep what has no deal for some days. */
const LAYOUTS_EVERY_MS = 86_400_000

export default storeCommand({
  meta: {
    name: 'keep',
    description: 'Open, renew and settle the deals of kept files, and tell what is missed; until stopped',
  },
  args: {
    interval: { type: 'string', description: 'time between two looks at the ledger', default: '1m' },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const stop = stopSignal() // from the start: a signal may come before all is open
    const intervalS = secondsOf('interval', args.interval)
    const connection = await openForSigning(args)
    const { home, market } = connection
    const release = await takeKeeping(home)
    if (release === undefined) throw new StorageError('STORAGE_LOCKED', 'Another process keeps the files of this home')
    const peers = createPeerNodes()
    try {
      const keeper = await openKeeper(connection, (event) => console.log(eventLine(event)))
      console.log(JSON.stringify({ account: market.account, files: (await readKept(home)).map(({ name }) => name) }))
      let layoutsAtMs = 0
      const pass = async ({ signal }: { signal: AbortSignal }) => {
        await keeper.pass({ signal })
        if (Date.now() < layoutsAtMs) return
        layoutsAtMs = Date.now() + LAYOUTS_EVERY_MS
        for (const file of await readKept(home))
          await putLayout(file, peers.nodeAt, (peer, { message }) =>
            console.log(JSON.stringify({ type: 'failed', peer, error: message })),
          )
      }
      await repeatPasses(pass, systemClock, stop, intervalS * 1000)
    } finally {
      await peers.stop()
      await release()
    }
  },
})
