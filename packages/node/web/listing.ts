/** A table that is filled page by page from the node's index. */
import { el } from './element.ts'
import type { Listing } from './ledger.ts'
import { call } from './rpc.ts'

type Cell = Node | string | number | null | undefined

/** `row` may ask for more about an entry. Resolves to undefined when the node keeps no index. */
export async function listing<Entry>(
  columns: string[],
  empty: string,
  method: string,
  leading: unknown[],
  row: (entry: Entry) => Cell[] | Promise<Cell[]>,
): Promise<HTMLElement | undefined> {
  const body = el('tbody')
  const more = el('button', { type: 'button', class: 'more', hidden: '' }, 'Show older')
  let next: Listing<Entry>['next'] = null
  const load = async () => {
    const page = await call<Listing<Entry>>(method, ...leading, { before: next, limit: 25 })
    next = page.next
    more.hidden = next === null
    const rows = await Promise.all(page.entries.map(row))
    body.append(...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, cell)))))
  }
  try {
    await load()
  } catch {
    return undefined
  }
  more.addEventListener('click', () => {
    more.disabled = true
    load()
      .catch(() => {})
      .finally(() => {
        more.disabled = false
      })
  })
  if (body.children.length === 0) return el('p', { class: 'empty' }, empty)
  const head = el('tr', {}, ...columns.map((name) => el('th', { scope: 'col' }, name)))
  return el('div', {}, el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), body)), more)
}

export const NO_INDEX = 'This node keeps no index of accounts (zos start --index FILE).'
