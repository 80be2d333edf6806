/** `@zos/node/light`: a light node for pages, workers and Node. Follows checkpoints, proves every answer, believes no source. */
export type { LightChain } from './chain.ts'
export type { LightCore, LightStatus } from './core.ts'
export { isLightError, LightError, type LightErrorCode } from './errors.ts'
export type { EvmSource, LightEvm, LightEvmModule } from './light-evm.ts'
export { createLightNode, type LightHead, type LightNode, type LightNodeOptions } from './light-node.ts'
export type { LightProvider } from './provider.ts'
export { type LightSource, SourceRefusal, type SourceStatus } from './sources.ts'
export { indexedDbStorage, type LightStorage } from './storage.ts'
