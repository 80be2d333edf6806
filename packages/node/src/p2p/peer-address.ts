import { multiaddr } from '@multiformats/multiaddr'
import { NodeError } from '../errors.ts'

/** Refuses an address that nobody could be dialled by for sure: errors `NODE_INVALID_ARGUMENT` where it is no multiaddr, or names no peer. */
export function checkPeerAddress(address: string): void {
  const refuse = (why: string, cause?: unknown) =>
    new NodeError('NODE_INVALID_ARGUMENT', `${address} is no address of a peer: ${why}`, { address }, { cause })
  let names: string[]
  try {
    names = multiaddr(address)
      .getComponents()
      .map(({ name }) => name)
  } catch (cause) {
    throw refuse('it is no multiaddr, such as /ip4/192.0.2.1/tcp/30333/p2p/12D3KooW…', cause)
  }
  if (names.at(-1) !== 'p2p')
    throw refuse('it has to end with /p2p/ and the id of the peer, which the node logs at its start')
}
