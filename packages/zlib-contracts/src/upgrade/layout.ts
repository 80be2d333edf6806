/** Where a contract keeps what: its storage variables and its namespaces, as solc lays them out. */
import { type CompileOptions, packageImports, parseOutput, runSolc } from '../compile/compile.ts'
import { loadSolc } from '../compile/solc.ts'
import { findEnums, findNamespaces, type Namespace, namespaceLocation, type SyntaxNode } from './namespaces.ts'
import type { StorageLayout } from './storage-layout.ts'

export type { StorageLayout, StorageType, Variable } from './storage-layout.ts'

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
