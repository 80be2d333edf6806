/**
 * The state tests of github.com/ethereum/tests at 4c87ebb (MIT), as filled for Cancun, the newest rules that they are published for: from their
 * folder, and a part of them in a file of the project's own form.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import type { AddressHex, Hash } from '../../../src/state/account.ts'
import type { Hex, PreState, StateCase, StateResult } from './state-case.ts'

export interface PublishedCase {
  /** Folder, file, and which of its transactions. */
  readonly name: string
  readonly given: StateCase
  readonly expected: Pick<StateResult, 'root' | 'logs'> & { readonly refused: boolean }
}

/** Beside it is `EIPTests`, of drafts: of EIP-2537 with other addresses and prices than in the end, of EOF, which was given up. */
const FOLDER = 'GeneralStateTests'
const PACKED = new URL('vectors/state-tests.json.br', import.meta.url)

/** A clone of the public repository, where one is given. */
export const testsFolder = process.env.ZOS_ETHEREUM_TESTS ?? ''
export const hasTestsFolder = (): boolean => testsFolder !== '' && existsSync(`${testsFolder}/${FOLDER}`)

interface TestFile {
  readonly [name: string]: {
    readonly env: Record<`current${string}`, Hex>
    readonly pre: PreState
    readonly transaction: { readonly sender: AddressHex }
    readonly post: { readonly Cancun?: readonly PublishedPost[] }
  }
}

interface PublishedPost {
  readonly hash: Hash
  readonly logs: Hash
  readonly txbytes: Hex
  readonly expectException?: string
}

/** The files of the folder with their sizes in bytes, in order. */
export function* testFiles(folder = testsFolder): Generator<{ name: string; bytes: number }> {
  for (const entry of readdirSync(`${folder}/${FOLDER}`, { recursive: true, encoding: 'utf8' }).sort())
    if (entry.endsWith('.json')) yield { name: entry, bytes: statSync(`${folder}/${FOLDER}/${entry}`).size }
}

/** The cases of one file. */
export function* casesIn(file: string, folder = testsFolder): Generator<PublishedCase> {
  const tests: TestFile = JSON.parse(readFileSync(`${folder}/${FOLDER}/${file}`, 'utf8'))
  for (const { env, pre, transaction, post } of Object.values(tests))
    for (const [index, { hash, logs, txbytes, expectException }] of (post.Cancun ?? []).entries())
      yield {
        name: `${file.replace(/\.json$/, '')} ${index}`,
        given: {
          pre,
          context: {
            number: Number(env.currentNumber),
            beneficiary: env.currentCoinbase!.toLowerCase() as AddressHex,
            gasLimit: BigInt(env.currentGasLimit!),
            timestamp: Number(env.currentTimestamp),
            mixHash: env.currentRandom!,
            baseFeePerGas: BigInt(env.currentBaseFee!),
          },
          raw: hexToBytes(txbytes),
          sender: transaction.sender,
        },
        expected: { root: hash, logs, refused: expectException !== undefined },
      }
}

type PackedCase = readonly [
  name: string,
  pre: number,
  context: readonly [number, AddressHex, string, number, Hash, string],
  raw: string,
  sender: AddressHex,
  root: Hash,
  logs: Hash,
  refused: 0 | 1,
]

export function pack(cases: readonly PublishedCase[]): Uint8Array {
  const states: PreState[] = []
  const packed = cases.map(({ name, given, expected }): PackedCase => {
    const { pre, context, raw, sender } = given
    let at = states.indexOf(pre)
    if (at < 0) at = states.push(pre) - 1
    const { number, beneficiary, gasLimit, timestamp, mixHash, baseFeePerGas } = context
    return [
      name,
      at,
      [number, beneficiary, String(gasLimit), timestamp, mixHash, String(baseFeePerGas)],
      bytesToHex(raw),
      sender,
      expected.root,
      expected.logs,
      expected.refused ? 1 : 0,
    ]
  })
  return brotliCompressSync(JSON.stringify({ states, cases: packed }))
}

/** The cases that the project carries. */
export function readPacked(): PublishedCase[] {
  const { states, cases } = JSON.parse(brotliDecompressSync(readFileSync(PACKED)).toString()) as {
    states: PreState[]
    cases: PackedCase[]
  }
  return cases.map(([name, pre, context, raw, sender, root, logs, refused]) => {
    const [number, beneficiary, gasLimit, timestamp, mixHash, baseFeePerGas] = context
    return {
      name,
      given: {
        pre: states[pre]!,
        context: {
          number,
          beneficiary,
          gasLimit: BigInt(gasLimit),
          timestamp,
          mixHash,
          baseFeePerGas: BigInt(baseFeePerGas),
        },
        raw: hexToBytes(raw as Hex),
        sender,
      },
      expected: { root, logs, refused: refused === 1 },
    }
  })
}
