export { type ConnectionLike, type DialLibp2pOptions, dialLibp2p, type MultiaddrLike } from './dial-libp2p.ts'
export { libp2pSource, PROTOCOL, serveLibp2p } from './source.ts'
export { type MessageStreamLike, streamChannel } from './stream-channel.ts'
