import { encodeAbiParameters, type Hex, keccak256, parseEventLogs, stringToHex, toHex } from 'viem'
import { WORLD_ABI } from './abi.ts'
import { card, element, muted, row } from './element.ts'
import { nameOf } from './items.ts'
import type { Page } from './page.ts'
import { gold, textOf } from './world.ts'

const HUNT = stringToHex('hunt', { size: 32 })

/** The secret of a hunt that is not over must survive a reload: without it the energy is lost. */
const secretKey = (page: Page) => `zworld-hunt-${page.world.address}-${page.world.player}`

export async function huntPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const [count, standing, block] = await Promise.all([
    world.read('monsterCount', []),
    world.read('commitment', [world.player, HUNT]),
    world.blockNumber(),
  ])
  const secret = localStorage.getItem(secretKey(page)) as Hex | null
  const out = BigInt(standing.hash) !== 0n && secret !== null && block <= standing.blockNumber + 250n
  const monsters = await Promise.all(
    Array.from({ length: Number(count) }, async (_, at) => ({
      id: BigInt(at + 1),
      one: await world.read('monster', [BigInt(at + 1)]),
    })),
  )
  // A hundred fights in one call: only when asked for.
  const odds = (id: bigint) => async () =>
    `You would win ${await world.read('foresee', [world.player, id, block])} of 100 such hunts.`
  const setOut = (id: bigint) => async () => {
    const fresh = toHex(crypto.getRandomValues(new Uint8Array(32)))
    localStorage.setItem(secretKey(page), fresh)
    const hash = keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'bytes32' }], [world.player, fresh]))
    await world.act('commitHunt', [id, hash])
  }
  const strike = async () => {
    const receipt = await world.act('revealHunt', [secret!])
    localStorage.removeItem(secretKey(page))
    const [hunted] = parseEventLogs({ abi: WORLD_ABI, eventName: 'Hunted', logs: receipt.logs })
    return hunted?.args.won ? 'You have won!' : `You had to flee, with ${hunted?.args.healthLost} health less.`
  }
  return [
    out
      ? card(
          'You are on the hunt',
          row(
            ['The beast is in sight.', muted('The block after you set out has decided your luck; strike to see.')],
            [page.button('Strike', strike)],
          ),
        )
      : card(
          'Hunt',
          muted(
            'You set out first and strike later: nobody knows the dice before the next block, neither you nor who makes it.',
          ),
          ...monsters.map(({ id, one }) =>
            row(
              [
                textOf(one.title),
                muted(
                  `${one.energy} energy · ${gold(one.gold)} gold, ${one.xp} experience${one.lootChance ? `, ${one.lootChance} % ${nameOf(Number(one.loot))}` : ''}`,
                ),
              ],
              [
                page.button('Odds', odds(id), { quiet: true }),
                page.button('Set out', setOut(id), { disabled: self.energy < one.energy || self.health < 10 }),
              ],
            ),
          ),
        ),
    element('p', { className: 'muted' }, `Health ${self.health}. Rest or drink a potion to recover.`),
  ]
}
