export { type AccountState, Accounts } from './accounts.ts'
export { Bank, type BankOptions, type Transfer, type TransferVerdict } from './bank.ts'
export { type Access, conflictGroups, waves } from './conflicts.ts'
export {
  type ExecutionEngine,
  executeOptimistically,
  type OptimisticOptions,
  type OptimisticResult,
  type StateAccess,
  type StateReader,
} from './optimistic.ts'
export { serveEngine, type WorkerEngineOptions, workerEngine } from './worker-engine.ts'
