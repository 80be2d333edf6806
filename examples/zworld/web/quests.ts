import { card, element, muted, row } from './element.ts'
import { nameOf } from './items.ts'
import type { Page } from './page.ts'
import { gold, textOf } from './world.ts'

const ASKS = [
  'pieces harvested or gathered',
  'things crafted',
  'monsters beaten',
  'duels won',
  'parcels travelled',
  'trades at the exchange',
  'levels built',
  'gold given to your guild',
  'caravans raided',
  'creatures hatched',
]

export async function questsPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const [count, open, [streak, last]] = await Promise.all([
    world.read('questCount', []),
    world.read('openQuests', [world.player]),
    world.read('streakOf', [world.player]),
  ])
  const ids = Array.from({ length: Number(count) }, (_, at) => BigInt(at + 1))
  const quests = await Promise.all(
    ids.map(async (id) => {
      const [one, [active, done, goal, completed]] = await Promise.all([
        world.read('quest', [id]),
        world.read('questProgress', [world.player, id]),
      ])
      return { id, one, active, done, goal, completed }
    }),
  )
  const reward = ({ one }: (typeof quests)[number]) =>
    [
      `${gold(one.gold)} gold`,
      `${one.xp} experience`,
      ...(one.itemAmount ? [`${one.itemAmount} ${nameOf(Number(one.item))}`] : []),
    ].join(', ')
  const active = quests.filter((quest) => quest.active)
  const available = quests.filter(({ id }) => open.includes(id))
  const later = quests.filter(({ id, active, completed }) => !active && completed === 0n && !open.includes(id))
  const completed = quests.filter((quest) => quest.completed > 0n)
  const today = BigInt(Math.floor(Date.now() / 86_400_000))
  return [
    card(
      'Today',
      row(
        [
          'A gift for each day you come',
          muted(streak ? `${streak} in a row` : 'a gold more for each day in a row, up to ten'),
        ],
        [page.button('Collect', () => world.act('collectDaily', []), { disabled: last === today })],
      ),
    ),
    element(
      'div',
      { className: 'two' },
      card(
        'Your quests',
        ...(active.length ? active : []).map((quest) => {
          const bar = element('progress', { max: Number(quest.goal), value: Number(quest.done) })
          return row(
            [
              `${textOf(quest.one.title)}: ${quest.done} of ${quest.goal} ${ASKS[quest.one.deed]}`,
              bar,
              muted(reward(quest)),
            ],
            [
              page.button('Complete', () => world.act('completeQuest', [quest.id]), {
                disabled: quest.done < quest.goal,
              }),
            ],
          )
        }),
        active.length === 0 && muted('None: accept one.'),
      ),
      card(
        'To accept',
        ...available.map((quest) =>
          row(
            [textOf(quest.one.title), muted(`${quest.goal} ${ASKS[quest.one.deed]} · ${reward(quest)}`)],
            [page.button('Accept', () => world.act('acceptQuest', [quest.id]), { quiet: true })],
          ),
        ),
        later.length > 0 && muted(`${later.length} more open with your level (${self.level}) and deeds.`),
        completed.length > 0 && muted(`Completed: ${completed.map(({ one }) => textOf(one.title)).join(', ')}`),
      ),
    ),
  ]
}
