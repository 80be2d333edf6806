export { openFileStore } from './file-store.ts'
export { openLevelStore } from './level-store.ts'
export {
  type CollectReport,
  openPackStore,
  type PackStore,
  type PackStoreOptions,
  type Pin,
} from './pack/pack-store.ts'
