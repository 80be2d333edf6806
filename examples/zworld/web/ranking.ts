import { card, muted, row } from './element.ts'
import type { Page } from './page.ts'
import { gold, textOf } from './world.ts'

export async function rankingPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const [[id, season], [players, points, names]] = await Promise.all([
    world.read('seasonNow', []),
    world.read('leaderboard', [self.season]),
  ])
  const rows = players.map((player, at) =>
    row(
      [
        `${at + 1}. ${textOf(names[at]!) || player.slice(0, 8)}${player.toLowerCase() === world.player.toLowerCase() ? ' (you)' : ''}`,
      ],
      [String(points[at])],
    ),
  )
  const end = new Date(Number(season.end) * 1_000).toLocaleDateString()
  return [
    card(
      id ? `${textOf(season.title)}, until ${end}` : 'No season yet',
      muted(`${gold(season.prize)} gold: a half for the first, a quarter, an eighth. All that teaches scores.`),
      ...rows,
    ),
  ]
}
