import { type Deployment, deployContract, ensureFactory, type SplitContract } from '@zos/zlib-contracts'
import type { Signer } from 'ethers'
import { buildApplication } from 'zworld/src/build.ts'

const TOKEN = 10n ** 18n
/** A vote begins after a minute and lasts a day; who has a hundred tokens may propose; 4 % of the tokens must vote. */
const RULES = [60, 86_400, 100n * TOKEN, 4]
const TIMELOCK_SECONDS = 3_600n

/** The standard modules of the DAO, by their names in the library's modules.json. */
const MODULES = ['roles', 'votes-token', 'governor', 'one-address-dao', 'merkle-distributor', 'storage-refs']

/** The DAO, cut into facets. */
export const buildDao = (onProgress?: (message: string) => void) =>
  buildApplication(new URL('../contracts/', import.meta.url), 'Dao', MODULES, onProgress)

/** Puts the DAO on a chain. Facets that are there already, from whatever application, are not paid for again. */
export async function deployDao(split: SplitContract, signer: Signer): Promise<Deployment> {
  await ensureFactory(signer)
  const founder = await signer.getAddress()
  const beginning = [[founder], [1_000n * TOKEN], 9_000n * TOKEN, founder, founder, 100n * TOKEN]
  return deployContract(split, signer, { args: ['ZDao', 'ZDAO', beginning, RULES, TIMELOCK_SECONDS] })
}
