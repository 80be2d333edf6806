/** The standard library made deployable, compiled in one run of solc without the intermediate code: six seconds once, then from the cache. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cachedSolc, diskStore } from '../../src/index.ts'
import { contractImports } from '../contract-sources.ts'
import { createMachine } from '../machine.ts'

interface Compiled {
  readonly abi: readonly unknown[]
  readonly creation: string
}

const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
}

/** Every contract of `sources` and of what they import, by name. */
export function compileAll(sources: Readonly<Record<string, string>>): ReadonlyMap<string, Compiled> {
  const solc = cachedSolc({ store: diskStore(fileURLToPath(new URL('../../.zlib/cache', import.meta.url))) })
  const resolve = contractImports()
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: SETTINGS,
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import(path) {
        const contents = resolve(path)
        return contents === undefined ? { error: `${path} was not found` } : { contents }
      },
    }),
  )
  for (const { severity, formattedMessage } of output.errors ?? [])
    if (severity === 'error') throw new Error(formattedMessage)
  const found = new Map<string, Compiled>()
  for (const contracts of Object.values(output.contracts) as Record<string, any>[])
    for (const [name, { abi, evm }] of Object.entries(contracts))
      found.set(name, { abi, creation: `0x${evm.bytecode.object}` })
  return found
}

let compiled: ReadonlyMap<string, Compiled> | undefined

/** A machine that deploys the contracts of Harness.sol by name. `unlimited` for those that are above the size limit as one. */
export async function createLibrary(options: { unlimited?: boolean } = {}) {
  compiled ??= compileAll({ 'Harness.sol': readFileSync(new URL('Harness.sol', import.meta.url), 'utf8') })
  const machine = await createMachine(options)
  const contracts = compiled
  return {
    ...machine,
    abiOf: (name: string) => contracts.get(name)!.abi,
    async make(name: string, args: readonly unknown[] = []) {
      const { abi, creation } = contracts.get(name)!
      const address = await machine.deploy(creation, abi, args)
      return { address, call: machine.at(address, abi) }
    },
  }
}

/** A contract of {@link createLibrary}. */
export type Made = Awaited<ReturnType<Awaited<ReturnType<typeof createLibrary>>['make']>>

/** Accounts. Calls come from them without gas or keys. */
export const [ANN, BEN, CAT, DAN] = ['a1', 'b2', 'c3', 'd4'].map((byte) => `0x${byte.repeat(20)}`) as [
  string,
  string,
  string,
  string,
]
