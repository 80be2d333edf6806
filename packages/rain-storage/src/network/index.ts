export { STRIKES } from './bans.ts'
export { FETCH_DEADLINE_MS, MAX_CONNECTIONS, type Peer, type PeerOptions, startPeer } from './peer.ts'
export { createRemoteNode, serveRain } from './rain-protocol.ts'
