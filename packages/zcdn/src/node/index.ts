export { dialTcp, resolveHost } from './dial-tcp.ts'
export { dialWebSocket, type WebSocketClass } from './dial-websocket.ts'
export { createEdgeService, type EdgeService, type EdgeServiceOptions } from './edge-service.ts'
export { edgeWorker } from './edge-worker.ts'
export { openFileSink } from './file-sink.ts'
export { openFolderStore } from './folder-store.ts'
export { createHttp2Fetch, type Http2Fetch, type Http2FetchOptions } from './http2-fetch.ts'
export { nodeHasher } from './native-hasher.ts'
export { serveFolder } from './served-folder.ts'
export {
  type CdnServerOptions,
  createCdnHttp2Server,
  createCdnServer,
  type ServedObject,
  type ServerTls,
} from './server.ts'
