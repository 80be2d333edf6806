import { deployContract, ensureFactory, MAX_TRANSACTION_GAS, type SplitContract } from '@zos/zlib-contracts'
import { type Contract, type ContractTransactionResponse, encodeBytes32String, id, type Signer } from 'ethers'
import { ACHIEVEMENTS, MONSTERS, POOLS, QUESTS, RECIPES } from './content.ts'

const GOLD = 10n ** 18n
/** All gold there will ever be. */
export const SUPPLY = 1_000_000n * GOLD
/** A vote begins after a minute and lasts a day; who has a thousand gold may propose; 4 % of the gold must vote; an hour passes before it is done. */
export const RULES = [60, 86_400, 1_000n * GOLD, 4]
export const TIMELOCK_SECONDS = 3_600n

/** What a deployment cost. */
export interface WorldDeployment {
  readonly address: `0x${string}`
  readonly contract: Contract
  readonly newFacets: number
  readonly gasUsed: bigint
}

/** Puts the world on a chain: its facets, its router, and what it begins with. */
export async function deployWorld(
  split: SplitContract,
  signer: Signer,
  onProgress: (message: string) => void = () => {},
): Promise<WorldDeployment> {
  await ensureFactory(signer)
  const storyteller = await signer.getAddress()
  const deployed = await deployContract(split, signer, {
    args: [storyteller, id('zworld'), SUPPLY, RULES, TIMELOCK_SECONDS],
    onProgress: ({ facet, of, deployed: isNew }) =>
      onProgress(`facet ${facet} of ${of} ${isNew ? 'deployed' : 'was there'}`),
  })
  onProgress(`the world is at ${deployed.address}`)
  await fillWorld(deployed.contract, signer)
  onProgress('quests, recipes, monsters and pools are in')
  return deployed
}

/** Sends what the world begins with, all at once, and waits for the last. */
async function fillWorld(world: Contract, signer: Signer): Promise<void> {
  const storyteller = await signer.getAddress()
  let nonce = await signer.getNonce()
  const sent: ContractTransactionResponse[] = []
  const send = async (name: string, args: readonly unknown[]) => {
    const overrides = { nonce: nonce++, gasLimit: 2_000_000 }
    sent.push(await world.getFunction(name)(...args, overrides))
  }
  for (const one of QUESTS) await send('addQuest', [one])
  for (const one of RECIPES) await send('addRecipe', [one])
  for (const one of MONSTERS) await send('addMonster', [one])
  for (const one of ACHIEVEMENTS) await send('addAchievement', [one])
  await send('startSeason', [encodeBytes32String('The first season'), 30 * 86_400, 5_000n * GOLD])
  await send('join', [encodeBytes32String('Storyteller'), 3])
  for (const [item, items, gold] of POOLS) {
    await send('mintItem', [storyteller, item, items])
    await send('addToPool', [item, items, gold])
  }
  await send('fundRewards', [10_000n * GOLD, 365 * 86_400])
  for (const transaction of sent) {
    const receipt = await transaction.wait()
    if (receipt?.status !== 1 || receipt.gasUsed > MAX_TRANSACTION_GAS) throw new Error(`${transaction.hash} failed`)
  }
}
