export { type MultiStore, multiStore, simpleRoot } from '../merkle/simple.ts'
export { type CopiedRecord, copyLatestVersion, takeVersion, type VersionCopy } from './copy.ts'
export { createMemoryDatabase, type IavlStore, type NodeDatabase, openIavlStore } from './store.ts'
export { type IavlCommit, IavlTree } from './tree.ts'
