/** The public cases in one file: those of ethereum/execution-apis at 033ca6e, unchanged (CC0). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import type { GethGenesis } from '@ethereumjs/common'

export interface PackedCases {
  genesis: GethGenesis
  /** The blocks, RLP one after the other, in base64. */
  chain: string
  /** By method and case, as their files are. */
  cases: Record<string, string>
}

const PACKED = new URL('vectors/execution-apis.json.br', import.meta.url)

export function readPackedCases(): PackedCases {
  return JSON.parse(brotliDecompressSync(readFileSync(PACKED)).toString())
}

/** The `tests` folder of the public repository, where it is. */
export const casesFolder = `${process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname}/execution-apis/tests`

export const hasCasesFolder = (): boolean => existsSync(casesFolder)

export function packCases(folder: string): PackedCases {
  const methods = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = methods.flatMap(({ name }) => readdirSync(`${folder}/${name}`).map((file) => `${name}/${file}`))
  return {
    genesis: JSON.parse(readFileSync(`${folder}/genesis.json`, 'utf8')),
    chain: readFileSync(`${folder}/chain.rlp`).toString('base64'),
    cases: Object.fromEntries(
      names.sort().map((name) => [name.replace(/\.io$/, ''), readFileSync(`${folder}/${name}`, 'utf8')]),
    ),
  }
}
