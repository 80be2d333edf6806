/** Where a contract keeps what: its storage variables and its namespaces, as solc lays them out. */
import { type CompileOptions, packageImports, parseOutput, runSolc } from '../compile/compile.ts'
import { loadSolc } from '../compile/solc.ts'
import { findEnums, findNamespaces, type Namespace, namespaceLocation, type SyntaxNode } from './namespaces.ts'

/** A variable, or a member of a struct. */
export interface Variable {
  readonly label: string
  /** Key of its type. */
  readonly type: string
  /** Decimal number of the slot; in a struct, from its first. */
  readonly slot: string
  /** Byte of the slot. */
  readonly offset: number
}

/** A type of solc's storage layout. */
export interface StorageType {
  readonly encoding: string
  readonly label: string
  readonly numberOfBytes: string
  readonly base?: string
  readonly key?: string
  readonly value?: string
  readonly members?: readonly Variable[]
}

/** The storage of a contract. */
export interface StorageLayout {
  readonly variables: readonly Variable[]
  readonly types: Readonly<Record<string, StorageType>>
  /** Key of the struct's type by namespace. */
  readonly namespaces: Readonly<Record<string, string>>
  /** Types of the namespaces. */
  readonly namespaceTypes: Readonly<Record<string, StorageType>>
  /** Members of each enum, by the label of its type. */
  readonly enums: Readonly<Record<string, readonly string[]>>
  /** Namespaces whose owner has a constant for the place that is another one. */
  readonly misplaced: readonly string[]
}

const PROBE_FILE = 'zlib-layout-probe.sol'

/** The storage layout of a contract. Errors: `ZLIB_COMPILE`. Cost: two runs of solc without code generation. */
export function storageLayout(options: CompileOptions): StorageLayout {
  const { sources, contract, solc = loadSolc() } = options
  const resolve = options.resolveImport ?? packageImports(options.from ?? import.meta.url)
  const run = (more: Record<string, string>, outputSelection: unknown) => {
    const all = Object.fromEntries(
      Object.entries({ ...sources, ...more }).map(([path, content]) => [path, { content }]),
    )
    const input = JSON.stringify({ language: 'Solidity', sources: all, settings: { outputSelection } })
    return parseOutput(runSolc(solc, { input, resolve }))
  }
  const output = run({}, { '*': { '': ['ast'], [contract]: ['storageLayout'] } })
  const found = Object.values(output.contracts ?? {}).find((contracts) => contracts[contract])?.[contract]
    ?.storageLayout
  const trees = Object.fromEntries(
    Object.entries(output.sources ?? {}).map(([file, { ast }]) => [file, ast as SyntaxNode]),
  )
  const namespaces = findNamespaces(trees, contract)
  const probed =
    namespaces.length === 0
      ? undefined
      : run({ [PROBE_FILE]: probe(namespaces) }, { [PROBE_FILE]: { ZlibLayoutProbe: ['storageLayout'] } }).contracts?.[
          PROBE_FILE
        ]?.ZlibLayoutProbe?.storageLayout
  return {
    variables: found?.storage ?? [],
    types: found?.types ?? {},
    namespaces: Object.fromEntries(namespaces.map(({ id }, index) => [id, probed?.storage[index]?.type ?? ''])),
    namespaceTypes: probed?.types ?? {},
    enums: findEnums(trees),
    misplaced: namespaces
      .filter(({ id, constants }) => constants.length > 0 && !constants.includes(namespaceLocation(id)))
      .map(({ id }) => id),
  }
}

/** A contract with one variable for each namespace, for solc to lay out. */
function probe(namespaces: readonly Namespace[]): string {
  const imports = namespaces.map(
    ({ owner, file }, index) => `import { ${owner} as N${index} } from ${JSON.stringify(file)};`,
  )
  const variables = namespaces.map(({ struct }, index) => `N${index}.${struct} n${index};`)
  return `pragma solidity *;\n${imports.join('\n')}\ncontract ZlibLayoutProbe { ${variables.join(' ')} }`
}
