export { type KeyValueChange, type KeyValueStore, memoryKeyValue } from './key-value.ts'
export {
  type CancelSignal,
  openUnitStore,
  restoreLedger,
  type StoreBatch,
  type UnitStore,
  type UnitStoreOptions,
} from './unit-store.ts'
