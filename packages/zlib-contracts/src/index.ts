export {
  type AbiEntry,
  type CompiledContract,
  type CompileOptions,
  compileContract,
  compileYul,
  packageImports,
} from './compile/compile.ts'
export { loadSolc, type Solc } from './compile/solc.ts'
export { at, type Deployment, type DeployOptions, deployContract } from './deploy/deploy.ts'
export { isZlibError, ZlibError, type ZlibErrorCode } from './errors.ts'
export {
  CREATE2_FACTORY,
  type Facet,
  MAX_CONTRACT_BYTES,
  type SplitContract,
  type SplitOptions,
  splitContract,
} from './split/split.ts'
