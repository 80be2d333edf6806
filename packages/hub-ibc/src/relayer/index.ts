export { type ConnectableEndpoint, connectV1, connectV2, createClient, updateClient } from './connect.ts'
export { type ChainEvent, type CursorStore, createMemoryCursors, type RelayEndpoint } from './endpoint.ts'
export { acknowledgementOf, packetOf, type RelayPacket } from './packet-events.ts'
export { createRelayer, type PathEnd, type Relayer, type RelayerOptions, type RelayProgress } from './relayer.ts'
