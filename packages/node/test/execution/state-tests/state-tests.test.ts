import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { bytesToHex, utf8ToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { createVerifier } from '@zos/pipeline/verify'
import { beforeAll, describe, expect, test } from 'vitest'
import { type BlockHashOf, Evm } from '../../../src/execution/evm.ts'
import { fastPrecompiles } from '../../../src/precompiles/fast-precompiles.ts'
import type { Precompiles } from '../../../src/precompiles/precompiles.ts'
import { createReferenceEvm } from '../reference-evm.ts'
import { casesIn, hasTestsFolder, type PublishedCase, readPacked, testFiles } from './published-cases.ts'
import { runAlone, runCase } from './state-case.ts'

/** Of the chain that the cases are of. */
const CHAIN_ID = 1
/** Some cases run for minutes. */
const ALL_TIMEOUT_MS = 3 * 3_600_000
/** The tests' convention for blocks that nobody made. */
const blockHash: BlockHashOf = (number) => bytesToHex(keccak256(utf8ToBytes(String(number))))

let precompiles: Precompiles
let cancun: Evm

beforeAll(async () => {
  precompiles = fastPrecompiles(await createVerifier())
  const common = createCustomCommon({ chainId: CHAIN_ID }, Mainnet, { hardfork: Hardfork.Cancun })
  // The blocks of the cases have any numbers and times: the rules are not theirs to choose.
  common.setHardforkBy = () => common.hardfork()
  cancun = await Evm.create(CHAIN_ID, blockHash, [], common, undefined, precompiles)
})

/** The ledger has no blobs (EIP-4844). */
const hasBlobs = ({ given }: PublishedCase) => given.raw[0] === 3

/** What is not as published; for blobs, that they are not refused. */
async function faultOf(one: PublishedCase): Promise<string | undefined> {
  const { root, logs, refused } = await runCase(cancun, one.given)
  if (hasBlobs(one)) return refused === 'blob-unsupported' ? undefined : `${one.name}: not refused for its blobs`
  const { expected } = one
  if ((refused !== undefined) !== expected.refused) return `${one.name}: ${refused ?? 'executed'}`
  if (root !== expected.root) return `${one.name}: another state`
  return logs === expected.logs ? undefined : `${one.name}: other logs`
}

describe('published state tests', () => {
  const cases = readPacked()

  test('come to the published state and logs, or are refused', async () => {
    expect(cases.length).toBeGreaterThan(1_000)
    const faults = []
    for (const one of cases) faults.push(await faultOf(one))
    expect(faults.filter(Boolean)).toEqual([])
  }, 120_000)

  test('come to what the library comes to under the rules of this chain', async () => {
    const own = await Evm.create(CHAIN_ID, blockHash, [], undefined, undefined, precompiles)
    const reference = await createReferenceEvm(CHAIN_ID, blockHash)
    const faults = []
    let executed = 0
    for (const one of cases.filter((one) => !hasBlobs(one))) {
      const { pre, context, raw } = one.given
      const result = await runCase(own, one.given)
      const theirs = await runAlone(pre, async (state) =>
        (await reference.transact(state, context, raw)).map(([address, topics, data]) => ({
          address: bytesToHex(address),
          topics: topics.map((topic) => bytesToHex(topic)),
          data,
        })),
      )
      const isSame = result.root === theirs.root && result.logs === theirs.logs && !result.refused === !theirs.refused
      if (!isSame) faults.push(`${one.name}: ${result.refused} here, ${theirs.refused} there`)
      if (!result.refused) executed++
    }
    expect(faults).toEqual([])
    // The others have more gas than a transaction may since Osaka, or are to be refused.
    expect(executed).toBeGreaterThan(cases.length / 2)
  }, 120_000)

  test.skipIf(!hasTestsFolder())(
    'all of them, where ZOS_ETHEREUM_TESTS names a clone',
    async () => {
      const faults = []
      let compared = 0
      let blobs = 0
      for (const { name } of testFiles())
        for (const one of casesIn(name)) {
          if (hasBlobs(one)) blobs++
          else compared++
          faults.push(await faultOf(one))
        }
      console.log(`${compared} cases compared, ${blobs} with blobs refused`)
      expect(faults.filter(Boolean)).toEqual([])
    },
    ALL_TIMEOUT_MS,
  )
})
