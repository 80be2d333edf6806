import { card, element, muted, row } from './element.ts'
import { nameOf } from './items.ts'
import type { Page } from './page.ts'
import { gold, textOf } from './world.ts'

const SIDE = 32
const VIEW = 11
const TERRAIN = ['Plain', 'Forest', 'Hill', 'Mountain', 'Swamp', 'Lake']
const COLOURS = ['plain', 'forest', 'hill', 'mountain', 'swamp', 'lake']
const BUILDINGS = ['', 'Farm', 'Sawmill', 'Quarry', 'Mine', 'Garden', 'Tower']
/** Terrains on which each building can stand. */
const FITS: readonly (readonly number[])[] = [[], [0], [1], [2, 3], [3], [0, 4], [0, 1, 2, 3]]
/** Strokes of a 24 by 24 picture. */
const GROUND = [
  'M4 18q4-5 8 0t8 0',
  'M8 20v-4M8 16l-4-1 4-9 4 9zM16 20v-3M16 17l-3-1 3-7 3 7z',
  'M2 19q5-11 10 0M11 19q5-8 10 0',
  'M2 20 9 6l4 7 3-4 6 11z',
  'M5 20v-6M9 20v-9M13 20v-5M17 20v-8M3 21h17',
  'M3 10q3-3 6 0t6 0 6 0M3 16q3-3 6 0t6 0 6 0',
]
const HOUSE = 'M4 12 12 5l8 7M6 11v9h12v-9M10 20v-5h4v5'

let picked: { x: number; y: number } | undefined

export async function landPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const corner = (at: number) => Math.min(Math.max(at - Math.floor(VIEW / 2), 0), SIDE - VIEW)
  const [x0, y0] = [corner(self.x), corner(self.y)]
  const [parcels, price] = await Promise.all([world.read('map', [x0, y0, VIEW, VIEW]), world.read('landPrice', [])])
  if (!picked || picked.x < x0 || picked.x >= x0 + VIEW || picked.y < y0 || picked.y >= y0 + VIEW)
    picked = { x: self.x, y: self.y }
  const chosen = picked
  const mine = (holder: string) => holder.toLowerCase() === world.player.toLowerCase()
  const held = (holder: string) => BigInt(holder) !== 0n
  const tiles = parcels.map(({ x, y, terrain, holder, parcel }) => {
    const classes = ['tile']
    if (x === self.x && y === self.y) classes.push('here')
    if (x === chosen.x && y === chosen.y) classes.push('picked')
    if (held(holder)) classes.push(mine(holder) ? 'mine' : 'held')
    const what = parcel.building ? BUILDINGS[parcel.building]! : TERRAIN[terrain]!
    const tile = element('button', {
      className: classes.join(' '),
      title: `${what} (${x}, ${y})`,
      onclick: () => {
        picked = { x, y }
        page.redraw()
      },
      attributes: { 'aria-label': `${what} at ${x}, ${y}`, 'data-at': `${x},${y}` },
    })
    tile.style.background = `var(--${COLOURS[terrain]})`
    tile.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="${parcel.building ? 2 : 1.3}" stroke-linejoin="round" opacity="${parcel.building ? 1 : 0.55}"><path d="${parcel.building ? HOUSE : GROUND[terrain]}"/></svg>`
    return tile
  })
  const here = parcels.find(({ x, y }) => x === chosen.x && y === chosen.y)!
  const { x, y, terrain, holder, parcel } = here
  const standing = x === self.x && y === self.y
  const lines: Node[] = [
    element(
      'p',
      {},
      `${TERRAIN[terrain]} at (${x}, ${y}), `,
      held(holder) ? (mine(holder) ? 'yours' : `held by ${holder.slice(0, 8)}…`) : 'free',
    ),
  ]
  if (BigInt(parcel.sign) !== 0n) lines.push(muted(`“${textOf(parcel.sign)}”`))
  if (parcel.building) {
    const [item, amount] = await world.read('ripeAt', [x, y])
    lines.push(
      row(
        [
          `${BUILDINGS[parcel.building]}, level ${parcel.level}`,
          ...(item ? [muted(`${amount} ${nameOf(Number(item))} ready`)] : []),
        ],
        mine(holder) && item && standing
          ? [page.button('Harvest', () => world.act('harvest', [x, y]), { disabled: amount === 0n })]
          : [],
      ),
    )
  }
  if (!standing)
    lines.push(row([muted('You are elsewhere.')], [page.button('Travel here', () => world.act('travel', [x, y]))]))
  else
    lines.push(
      row(
        [muted('8 energy, two or three pieces')],
        [page.button('Gather', () => world.act('gather', []), { quiet: true })],
      ),
    )
  if (!held(holder) && standing && terrain !== 5)
    lines.push(row([`Claim for ${gold(price)} gold`], [page.button('Claim', () => world.act('claimLand', [x, y]))]))
  if (mine(holder))
    for (const [building, name] of BUILDINGS.entries()) {
      const level = parcel.building === building ? parcel.level + 1 : 1
      if (building === 0 || level > 10 || !FITS[building]!.includes(terrain)) continue
      if (parcel.building !== 0 && parcel.building !== building) continue
      const [wood, stone] = await world.read('buildingCost', [building, BigInt(level)])
      lines.push(
        row(
          [
            level > 1 ? `Raise the ${name.toLowerCase()} to level ${level}` : name,
            muted(`${wood} wood${stone ? `, ${stone} stone` : ''}`),
          ],
          [page.button(level > 1 ? 'Raise' : 'Build', () => world.act('build', [x, y, building]))],
        ),
      )
    }
  return [
    element(
      'div',
      { className: 'two' },
      card('The land around you', element('div', { className: 'map' }, ...tiles)),
      card('This parcel', ...lines),
    ),
  ]
}
