export { createLocalChain, createMapStore, type LocalChain } from './chain.ts'
export { localEndpoint } from './endpoint.ts'
