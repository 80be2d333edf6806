/**
 * The transaction tests of github.com/ethereum/tests at 4c87ebb (MIT): bytes, and what they are or that they are no transaction. Writes them down in
 * the project's own form: `ZOS_ETHEREUM_TESTS=… node test/mempool/published-transactions.ts`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

type Hex = `0x${string}`

export interface PublishedTransaction {
  readonly name: string
  readonly raw: Hex
  /** Under the newest rules that the case has. Undefined: it must be refused. */
  readonly valid: { readonly hash: Hex; readonly sender: Hex; readonly intrinsicGas: Hex } | undefined
}

const PACKED = new URL('vectors/transactions.json.br', import.meta.url)
/** Rules from the newest to the oldest that cases without a newer one have. */
const RULES = ['Cancun', 'London'] as const
/** Two cases of ten megabytes are left out. */
const MOST_BYTES = 200_000

interface TestFile {
  readonly [name: string]: {
    readonly txbytes: Hex
    readonly result: Partial<
      Record<(typeof RULES)[number], { hash?: Hex; sender?: Hex; intrinsicGas: Hex; exception?: string }>
    >
  }
}

export function readTransactions(): PublishedTransaction[] {
  return JSON.parse(brotliDecompressSync(readFileSync(PACKED)).toString())
}

function published(folder: string): PublishedTransaction[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'))
  return files.sort().flatMap((file) => {
    const tests: TestFile = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))
    return Object.values(tests).flatMap(({ txbytes: raw, result }) => {
      if (raw.length > 2 * MOST_BYTES) return []
      const { hash, sender, intrinsicGas, exception } = RULES.flatMap((rules) => result[rules] ?? [])[0]!
      const valid = exception === undefined ? { hash: hash!, sender: sender!, intrinsicGas } : undefined
      return [{ name: file.replace(/\.json$/, ''), raw, valid }]
    })
  })
}

if (import.meta.main)
  writeFileSync(
    PACKED,
    brotliCompressSync(JSON.stringify(published(`${process.env.ZOS_ETHEREUM_TESTS}/TransactionTests`))),
  )
