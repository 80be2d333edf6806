export { formatArtifact, parseArtifact } from './artifact/artifact.ts'
export { type BuildOptions, type BuildProgress, type BuiltContract, buildContract } from './build/build.ts'
export { type CachedSolcOptions, type CacheStore, cachedSolc } from './cache/cached-solc.ts'
export { diskStore } from './cache/disk-store.ts'
export {
  type AbiEntry,
  type CompiledContract,
  type CompiledYul,
  type CompileOptions,
  type CompilerJob,
  compileContract,
  compileYul,
  packageImports,
} from './compile/compile.ts'
export { createSolcPool, type SolcPool, type SolcPoolOptions } from './compile/pool.ts'
export { loadSolc, type Solc } from './compile/solc.ts'
export { at, type DeployedPiece, type Deployment, type DeployOptions, deployContract } from './deploy/deploy.ts'
export { ensureFactory } from './deploy/factory.ts'
export { estimateDeployment, type PieceGas } from './deploy/gas.ts'
export { revertOf } from './deploy/revert.ts'
export type { TypedContract, TypedLog, TypedRevert } from './deploy/typed-contract.ts'
export { type Verification, verifyDeployment } from './deploy/verify.ts'
export { isZlibError, ZlibError, type ZlibErrorCode } from './errors.ts'
export {
  formatLock,
  type Lock,
  type LockedApplication,
  type LockedFacet,
  lockApplication,
  lockDifferences,
  parseLock,
} from './lock/lock.ts'
export { cidOf, cidText, parseCid } from './modules/cid.ts'
export { verifyWithDependencies } from './modules/dependencies.ts'
export { type ModuleRecipe, type PackedModule, packModule, unpackModule } from './modules/metadata.ts'
export {
  type BuildModuleOptions,
  type BuiltModule,
  buildModule,
  type ModuleVerification,
  type VerifiedModule,
  verifyModule,
} from './modules/module.ts'
export { folderSources, gatewaySources, type SourceFetch } from './modules/source-fetch.ts'
export type { InstalledModule } from './project/installed-modules.ts'
export {
  createRegistry,
  type Publication,
  type PublishedVersion,
  REGISTRY_ABI,
  type Registry,
} from './registry/registry.ts'
export { CREATE2_FACTORY } from './split/create2.ts'
export { type Library, type LinkedContract, linkContract } from './split/libraries.ts'
export { MAX_CONTRACT_BYTES, MAX_CREATION_BYTES, MAX_TRANSACTION_GAS } from './split/limits.ts'
export {
  type Facet,
  type ImmutablePlace,
  type SplitContract,
  type SplitOptions,
  type SplitProgress,
  splitContract,
} from './split/split.ts'
export { type LayoutChange, layoutChanges } from './upgrade/compare.ts'
export { type StorageLayout, type StorageType, storageLayout, type Variable } from './upgrade/layout.ts'
export { namespaceLocation } from './upgrade/namespaces.ts'
export { type SelectorClash, selectorClashes } from './upgrade/selectors.ts'
