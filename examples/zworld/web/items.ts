import { ITEM_NAMES } from '../src/item-names.ts'
import { card, element, muted, row } from './element.ts'
import type { Page } from './page.ts'
import { textOf } from './world.ts'

export const nameOf = (item: number) => ITEM_NAMES[item] ?? `item ${item}`

export async function itemsPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const [count, [worn], [attack, defence]] = await Promise.all([
    world.read('recipeCount', []),
    world.read('gearOf', [world.player]),
    world.read('powerOf', [world.player]),
  ])
  const recipes = await Promise.all(
    Array.from({ length: Number(count) }, (_, at) => world.read('recipe', [BigInt(at + 1)])),
  )
  const owned = self.items.flatMap((amount, id) => (amount > 0n ? [{ id, amount }] : []))
  const useOf = (id: number) => {
    if (id === 13) return page.button('Eat', () => world.act('eat', []), { quiet: true })
    if (id === 14) return page.button('Drink', () => world.act('drink', []), { quiet: true })
    if (id >= 20 && id <= 40) return page.button('Wear', () => world.act('wear', [BigInt(id)]), { quiet: true })
    return undefined
  }
  const things = owned.map(({ id, amount }) =>
    element(
      'div',
      { className: 'item', attributes: { 'data-item': String(id) } },
      nameOf(id),
      element('b', {}, String(amount)),
      element('div', { className: 'actions' }, useOf(id)),
    ),
  )
  const makes = recipes.map((one, at) => {
    const needs = one.inputs.flatMap((item, slot) =>
      one.amounts[slot] ? [`${one.amounts[slot]} ${nameOf(item)}`] : [],
    )
    const enough = one.inputs.every((item, slot) => (self.items[item] ?? 0n) >= BigInt(one.amounts[slot]!))
    return row(
      [
        textOf(one.title),
        muted(`${needs.join(', ')} · ${one.energy} energy${one.skill ? ` · skill ${one.skill}` : ''}`),
      ],
      [page.button('Craft', () => world.act('craft', [BigInt(at + 1), 1n]), { disabled: !enough })],
    )
  })
  const gear = worn.flatMap((item) => (item ? [nameOf(Number(item))] : []))
  return [
    element(
      'div',
      { className: 'two' },
      card(
        'What you carry',
        things.length ? element('div', { className: 'items' }, ...things) : muted('Nothing yet: go and gather.'),
      ),
      card(
        'Your hero',
        element('p', {}, `Attack ${attack}, defence ${defence}`),
        muted(gear.length ? `Wears ${gear.join(', ')}` : 'Wears nothing special'),
        row([muted('10 energy, some health')], [page.button('Rest', () => world.act('rest', []), { quiet: true })]),
        self.points > 0 &&
          row(
            [`${self.points} points to give`],
            [
              page.button('Strength', () => world.act('train', [1, 0, 0]), { quiet: true }),
              page.button('Agility', () => world.act('train', [0, 1, 0]), { quiet: true }),
              page.button('Mind', () => world.act('train', [0, 0, 1]), { quiet: true }),
            ],
          ),
      ),
    ),
    card('Workshop', ...makes),
  ]
}
