export { type IngestServer, type IngestServerOptions, listenFrames } from './ingest-server.ts'
export { type VerifyWorkerOptions, type VerifyWorkers, verifyOnWorkers } from './verify-workers.ts'
export { nodeWorker, serveOnParentPort } from './worker.ts'
