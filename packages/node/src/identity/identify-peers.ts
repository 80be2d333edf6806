import type { Clock } from '../clock.ts'
import type { Logger } from '../node-api.ts'
import type { Network } from '../p2p/network.ts'
import type { PeerIdentities } from './peer-identities.ts'

/** How often peers are asked for their identity records that have shown none, for the first time so long after the start. */
const EVERY_MS = 5_000

export interface IdentifyPorts {
  readonly identities: PeerIdentities
  readonly network: () => Network
  readonly clock: Clock
  readonly logger: Logger
}

/** Makes the function to call now and then that asks peers who they are. Not while the node starts: identities take a thread and its time. */
export function peerIdentification({ identities, network, clock, logger }: IdentifyPorts): () => void {
  let askedAt = clock.elapsed()
  const identify = async (peer: string) => {
    const record = await network().fetchIdentity(peer)
    const fault = record && (await identities.take(peer, record))
    if (fault) network().report(peer, fault)
  }
  return () => {
    if (clock.elapsed() - askedAt <= EVERY_MS) return
    askedAt = clock.elapsed()
    for (const peer of identities.toAsk(network().peers()))
      identify(peer).catch((error) => logger.debug('no identity', { peer, error: String(error) }))
  }
}
