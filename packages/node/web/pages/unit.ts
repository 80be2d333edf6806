import { card, el, fields, link } from '../element.ts'
import { count, time } from '../format.ts'
import type { Unit } from '../ledger.ts'
import { call, onHead } from '../rpc.ts'

export async function unitPage(id: string, signal: AbortSignal): Promise<HTMLElement | undefined> {
  const page = el('div')
  let unit = await call<Unit | null>('zos_getUnit', id)
  if (!unit) return undefined
  page.replaceChildren(...content(unit))
  onHead(async () => {
    if (!unit || unit.block !== null || unit.parents.length === 0) return
    unit = await call<Unit | null>('zos_getUnit', id).catch(() => unit)
    if (unit) page.replaceChildren(...content(unit))
  }, signal)
  return page
}

function content(unit: Unit): HTMLElement[] {
  return [
    el('h1', {}, 'Unit'),
    card(
      'Place in the ledger',
      fields([
        ['Id', el('code', {}, unit.id)],
        ['Author', unit.author === '0x' ? null : link(`address/${unit.author}`, unit.author)],
        ['Round', unit.round === null ? null : count(unit.round)],
        ['Height', count(unit.height)],
        ['Main-chain index', unit.mci === null ? 'none: not final yet' : count(unit.mci)],
        ['On the main chain', unit.mci === null ? null : unit.mainChain ? 'yes' : 'no'],
        ['Block', unit.block === null ? null : link(`block/${unit.block}`, count(unit.block))],
        ['Made', time(unit.timestampMs)],
      ]),
    ),
    card(
      unit.parents.length === 1 ? '1 parent' : `${unit.parents.length} parents`,
      unit.parents.length > 0
        ? el(
            'ul',
            { class: 'rows' },
            ...unit.parents.map((id) => el('li', {}, el('span', { class: 'grow' }, link(`unit/${id}`, id)))),
          )
        : el('p', { class: 'empty' }, 'None: this is the genesis.'),
    ),
  ]
}
