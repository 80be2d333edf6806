/** What the world begins with: quests, recipes, monsters and achievements. Only data; the rules are in the contracts. */
import { encodeBytes32String } from 'ethers'

const GOLD = 10n ** 18n
const DEEDS = ['harvest', 'craft', 'hunt', 'duel', 'travel', 'trade', 'build', 'donate', 'raid', 'hatch'] as const
type Deed = (typeof DEEDS)[number]

const title = (text: string) => encodeBytes32String(text)
const deed = (name: Deed) => DEEDS.indexOf(name)

function quest(
  name: string,
  what: Deed,
  goal: number,
  reward: { gold: bigint; xp: number; item?: number; itemAmount?: number },
  { level = 1, follows = 0, again = 0 } = {},
) {
  return [
    title(name),
    deed(what),
    goal,
    level,
    follows,
    again,
    false,
    reward.gold * GOLD,
    reward.xp,
    reward.item ?? 0,
    reward.itemAmount ?? 0,
  ]
}

/** In the order of their ids, which begin with 1. `follows` names the quest before, `again` the hours until it is open once more. */
export const QUESTS = [
  quest('First harvest', 'harvest', 4, { gold: 6n, xp: 20, item: 13, itemAmount: 2 }),
  quest('See the world', 'travel', 8, { gold: 4n, xp: 15 }),
  quest('A roof of your own', 'build', 1, { gold: 12n, xp: 30, item: 2, itemAmount: 8 }, { follows: 1 }),
  quest('Handiwork', 'craft', 3, { gold: 8n, xp: 25, item: 6, itemAmount: 1 }, { follows: 1 }),
  quest('To market', 'trade', 2, { gold: 5n, xp: 15 }),
  quest('The first hunt', 'hunt', 1, { gold: 8n, xp: 30, item: 14, itemAmount: 1 }),
  quest('A good harvest', 'harvest', 30, { gold: 10n, xp: 40 }, { follows: 1, again: 20 }),
  quest('Master builder', 'build', 5, { gold: 40n, xp: 120, item: 50, itemAmount: 1 }, { level: 2, follows: 3 }),
  quest(
    'Monster hunter',
    'hunt',
    5,
    { gold: 25n, xp: 90, item: 50, itemAmount: 1 },
    { level: 2, follows: 6, again: 20 },
  ),
  quest('A matter of honour', 'duel', 1, { gold: 15n, xp: 50 }, { level: 2 }),
  quest('For the guild', 'donate', 10, { gold: 5n, xp: 60 }),
  quest('A new friend', 'hatch', 1, { gold: 10n, xp: 40 }, { level: 2 }),
]

function recipe(name: string, inputs: [number, number][], output: number, { amount = 1, energy = 2, skill = 0 } = {}) {
  const items = [0, 1, 2, 3].map((at) => inputs[at]?.[0] ?? 0)
  const amounts = [0, 1, 2, 3].map((at) => inputs[at]?.[1] ?? 0)
  return [title(name), items, amounts, output, amount, energy, skill, false]
}

/** In the order of their ids. */
export const RECIPES = [
  recipe('Bread', [[4, 2]], 13, { energy: 1 }),
  recipe('Planks', [[1, 2]], 10),
  recipe('Bricks', [[2, 2]], 11),
  recipe(
    'Ingot',
    [
      [3, 3],
      [1, 1],
    ],
    12,
    { energy: 3 },
  ),
  recipe('Potion', [[5, 3]], 14, { energy: 2 }),
  recipe(
    'Bow',
    [
      [10, 3],
      [5, 2],
    ],
    21,
    { energy: 6 },
  ),
  recipe(
    'Sword',
    [
      [12, 3],
      [10, 1],
    ],
    20,
    { energy: 8 },
  ),
  recipe(
    'Staff',
    [
      [10, 2],
      [6, 1],
    ],
    22,
    { energy: 6 },
  ),
  recipe(
    'Shield',
    [
      [10, 4],
      [12, 1],
    ],
    30,
    { energy: 6 },
  ),
  recipe('Armor', [[12, 6]], 31, { energy: 12, skill: 2 }),
  recipe(
    'Pickaxe',
    [
      [12, 2],
      [10, 2],
    ],
    40,
    { energy: 8, skill: 1 },
  ),
  recipe(
    'Crystal',
    [
      [2, 10],
      [5, 5],
    ],
    6,
    { energy: 10, skill: 1 },
  ),
]

function monster(
  name: string,
  attack: number,
  defence: number,
  health: number,
  energy: number,
  xp: number,
  gold: bigint,
  loot: number,
  chance: number,
) {
  return [title(name), attack, defence, health, energy, xp, gold * GOLD, loot, chance]
}

/** In the order of their ids. */
export const MONSTERS = [
  monster('Marsh rat', 4, 2, 15, 6, 8, 1n, 5, 40),
  monster('Wolf', 9, 5, 30, 8, 16, 2n, 5, 60),
  monster('Bandit', 14, 9, 45, 10, 28, 5n, 12, 25),
  monster('Stone troll', 22, 16, 90, 14, 60, 9n, 6, 30),
  monster('Wyvern', 34, 24, 160, 18, 130, 20n, 50, 15),
]

/** In the order of their ids. */
export const ACHIEVEMENTS = [
  [title('Farmer'), deed('harvest'), 100, 10n * GOLD],
  [title('Wanderer'), deed('travel'), 100, 10n * GOLD],
  [title('Smith'), deed('craft'), 50, 15n * GOLD],
  [title('Slayer'), deed('hunt'), 25, 25n * GOLD],
]

/** What the exchange begins with: item, how many, and gold. */
export const POOLS: readonly (readonly [item: number, items: bigint, gold: bigint])[] = [
  [1, 400n, 200n * GOLD],
  [2, 300n, 200n * GOLD],
  [4, 400n, 160n * GOLD],
  [13, 200n, 200n * GOLD],
  [14, 100n, 250n * GOLD],
]
