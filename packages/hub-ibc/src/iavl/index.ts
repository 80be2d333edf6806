export { type MultiStore, multiStore, simpleRoot } from '../merkle/simple.ts'
export { createMemoryDatabase, type IavlStore, type NodeDatabase, openIavlStore } from './store.ts'
export { type IavlCommit, IavlTree } from './tree.ts'
