/** A line of the log now and then that says that the node goes on, and where it stands. */
import type { Chain } from '../chain/chain.ts'
import type { Logger } from '../node-api.ts'

const EVERY_MS = 60_000

/** Tells every minute of the newest block, the epoch, the peers, and what was executed since the last line. The result ends it. */
export function startHeartbeat(parts: {
  readonly logger: Logger
  readonly chain: Chain
  readonly epoch: () => number
  readonly peers: () => number
  readonly everyMs?: number
}): () => void {
  const { logger, chain, epoch, peers, everyMs = EVERY_MS } = parts
  let transactions = 0
  let blocks = 0
  const forget = chain.onBlock((executed) => {
    blocks++
    transactions += executed.transactions.length
  })
  const timer = setInterval(() => {
    logger.info('running', { block: chain.head!.header.number, epoch: epoch(), peers: peers(), blocks, transactions })
    blocks = 0
    transactions = 0
  }, everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    forget()
  }
}
