/** Solidity to what the splitter needs: the ABI and solc's intermediate code (Yul), with the optimizer's settings fixed. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ZlibError } from '../errors.ts'
import type { StorageLayout } from '../upgrade/storage-layout.ts'
import { linkSymbols } from './link-symbols.ts'
import { loadSolc, type Solc } from './solc.ts'

/** One entry of a contract's ABI. */
export type AbiEntry = Readonly<Record<string, unknown>>

/** A compiled contract. */
export interface CompiledContract {
  readonly name: string
  readonly abi: readonly AbiEntry[]
  /** solc's intermediate code, creation and runtime. */
  readonly ir: string
  /** Selector (8 hex digits, without 0x) of each external function, by signature. */
  readonly selectors: Readonly<Record<string, string>>
  /** Version of the compiler that wrote `ir`. */
  readonly compiler: string
  /** Intermediate code of the external libraries that it calls, directly or through each other, by `file:Name`. */
  readonly libraries: Readonly<Record<string, string>>
}

/** Settings of {@link compileContract}. */
export interface CompileOptions {
  /** Source text by path. */
  readonly sources: Readonly<Record<string, string>>
  readonly contract: string
  /** Where imports that are not in `sources` are looked for; default: the packages that `from` can require. */
  readonly resolveImport?: (path: string) => string | undefined
  /** File or folder whose packages imports are resolved from. Default: this package. */
  readonly from?: string
  readonly solc?: Solc
}

/** Runs of the optimizer. solc's own default; the same in every step, so that addresses do not depend on who builds. */
export const OPTIMIZER = { enabled: true, runs: 200 } as const
/** No metadata in the code: the same functions give the same bytes, whatever file they stand in. */
export const NO_METADATA = { appendCBOR: false, bytecodeHash: 'none' } as const

interface Diagnostic {
  readonly severity: string
  readonly formattedMessage: string
}

/** One run of the compiler. */
export interface CompilerJob {
  /** Standard JSON. */
  readonly input: string
  /** Text of an imported file; undefined where there is none. */
  readonly resolve: (path: string) => string | undefined
}

/**
 * Compiles one contract. Errors: `ZLIB_COMPILE` with solc's messages, `ZLIB_NO_SUCH_CONTRACT`.
 * Cost: a second for a small contract, ten for one of 4 MB of intermediate code.
 */
export function compileContract(options: CompileOptions): CompiledContract {
  const { solc = loadSolc() } = options
  const jobs = compiling(options, () => solc.version())
  let job = jobs.next()
  while (!job.done) job = jobs.next(runSolc(solc, job.value))
  return job.value
}

/** The same in steps, so that another thread may run the compiler: gives jobs, takes what solc answers. `version` is asked at the end. */
export function* compiling(
  { sources, contract, resolveImport, from }: Omit<CompileOptions, 'solc'>,
  version: () => string,
): Generator<CompilerJob, CompiledContract, string> {
  const resolve = resolveImport ?? packageImports(from ?? import.meta.url)
  const select = (outputSelection: Record<string, Record<string, readonly string[]>>): CompilerJob => ({
    resolve,
    input: JSON.stringify({
      language: 'Solidity',
      sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
      settings: { viaIR: true, optimizer: OPTIMIZER, metadata: NO_METADATA, outputSelection },
    }),
  })
  const output = parseOutput(yield select({ '*': { [contract]: ['abi', 'ir', 'evm.methodIdentifiers'] } }))
  for (const contracts of Object.values(output.contracts ?? {})) {
    const found = contracts[contract]
    if (!found?.ir) continue
    const libraries = yield* librariesOf(found.ir, select)
    return {
      name: contract,
      abi: found.abi ?? [],
      ir: found.ir,
      selectors: found.evm?.methodIdentifiers ?? {},
      compiler: version(),
      libraries,
    }
  }
  throw new ZlibError(
    'ZLIB_NO_SUCH_CONTRACT',
    `no deployable contract named ${contract} in ${Object.keys(sources).join(', ')}`,
    { contract },
  )
}

/** External libraries are not in the intermediate code of those who call them: they are compiled after it, and what they call after them. */
function* librariesOf(
  ir: string,
  select: (outputSelection: Record<string, Record<string, readonly string[]>>) => CompilerJob,
): Generator<CompilerJob, Record<string, string>, string> {
  const libraries: Record<string, string> = {}
  const wanted = linkSymbols(ir)
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    if (Object.hasOwn(libraries, next)) continue
    const colon = next.lastIndexOf(':')
    const [file, name] = [next.slice(0, colon), next.slice(colon + 1)]
    const library = parseOutput(yield select({ [file]: { [name]: ['ir'] } })).contracts?.[file]?.[name]?.ir
    if (!library) throw new ZlibError('ZLIB_UNKNOWN_IR', `solc has no code of the library ${next}`, { library: next })
    libraries[next] = library
    wanted.push(...linkSymbols(library))
  }
  return libraries
}

/** A Yul object as bytes. */
export interface CompiledYul {
  readonly creation: `0x${string}`
  readonly runtime: `0x${string}`
  /** Where in the runtime the constructor writes 32-byte values, by name. */
  readonly immutables: Readonly<Record<string, readonly { readonly start: number; readonly length: number }[]>>
}

/** Compiles a Yul object with the same settings. */
export function compileYul(source: string, solc: Solc = loadSolc()): CompiledYul {
  return readYul(runSolc(solc, yulJob(source)))
}

/** The job of compiling a Yul object; {@link readYul} reads the answer. */
export function yulJob(source: string): CompilerJob {
  return {
    resolve: () => undefined,
    input: JSON.stringify({
      language: 'Yul',
      sources: { 'program.yul': { content: source } },
      settings: {
        optimizer: OPTIMIZER,
        metadata: NO_METADATA,
        outputSelection: {
          '*': {
            '*': ['evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'],
          },
        },
      },
    }),
  }
}

/** What solc answered to a {@link yulJob}. */
export function readYul(answer: string): CompiledYul {
  const [compiled] = Object.values(Object.values(parseOutput(answer).contracts ?? {})[0] ?? {})
  return {
    creation: `0x${compiled?.evm?.bytecode?.object ?? ''}`,
    runtime: `0x${compiled?.evm?.deployedBytecode?.object ?? ''}`,
    immutables: compiled?.evm?.deployedBytecode?.immutableReferences ?? {},
  }
}

/** The parts of solc's answer that are read. */
export interface Output {
  readonly errors?: readonly Diagnostic[]
  readonly sources?: Record<string, { readonly ast?: unknown }>
  readonly contracts?: Record<
    string,
    Record<
      string,
      {
        readonly abi?: readonly AbiEntry[]
        readonly ir?: string
        readonly storageLayout?: {
          readonly storage: StorageLayout['variables']
          readonly types: StorageLayout['types'] | null
        }
        readonly evm?: {
          readonly methodIdentifiers?: Record<string, string>
          readonly bytecode?: { readonly object: string }
          readonly deployedBytecode?: {
            readonly object: string
            readonly immutableReferences?: CompiledYul['immutables']
          }
        }
      }
    >
  >
}

/** Runs a job here and now. */
export function runSolc(solc: Solc, { input, resolve }: CompilerJob): string {
  return solc.compile(input, { import: (path) => importAnswer(resolve, path) })
}

/** What solc is told about an imported file. */
export function importAnswer(
  resolve: CompilerJob['resolve'],
  path: string,
): { readonly contents: string } | { readonly error: string } {
  const contents = resolve(path)
  return contents === undefined ? { error: `${path} was not found` } : { contents }
}

/** Reads solc's answer. Errors: `ZLIB_COMPILE`. */
export function parseOutput(answer: string): Output {
  const output: Output = JSON.parse(answer)
  const errors = (output.errors ?? [])
    .filter(({ severity }) => severity === 'error')
    .map(({ formattedMessage }) => formattedMessage)
  if (errors.length > 0) throw new ZlibError('ZLIB_COMPILE', `solc: ${errors[0]!.trim()}`, { errors })
  return output
}

/**
 * Finds `@scope/package/path.sol` in the packages that `from` can require. Behind them stand the contracts that this package ships, and
 * the OpenZeppelin contracts that those are built on, so that they compile wherever a package manager puts them.
 */
export function packageImports(from: string): (path: string) => string | undefined {
  const folders = createRequire(from).resolve.paths('@') ?? []
  const require = createRequire(import.meta.url)
  const shipped = {
    '@zos/zlib-contracts/': dirname(require.resolve('@zos/zlib-contracts/package.json')),
    '@openzeppelin/contracts/': dirname(require.resolve('@openzeppelin/contracts/package.json')),
    '@openzeppelin/contracts-upgradeable/': dirname(
      require.resolve('@openzeppelin/contracts-upgradeable/package.json'),
    ),
  }
  return (path) => {
    const candidates = folders.map((folder) => join(folder, path))
    for (const [prefix, folder] of Object.entries(shipped))
      if (path.startsWith(prefix)) candidates.push(join(folder, path.slice(prefix.length)))
    const file = candidates.find((candidate) => existsSync(candidate))
    return file === undefined ? undefined : readFileSync(file, 'utf8')
  }
}
