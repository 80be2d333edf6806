type Child = Node | string | number | null | undefined

/** An element with attributes and children. Text is always text: nothing that the node answers is read as HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  for (const child of children)
    if (child !== null && child !== undefined) element.append(child instanceof Node ? child : String(child))
  return element
}

export function link(path: string, text: string, className = 'mono'): HTMLAnchorElement {
  return el('a', { href: `#/${path}`, class: className }, text)
}

/** A card with a heading. */
export function card(title: string, ...content: Child[]): HTMLElement {
  return el('section', { class: 'card' }, el('div', { class: 'head' }, el('h2', {}, title)), ...content)
}

/** Names and values, one below the other; entries without a value are left out. */
export function fields(entries: [name: string, value: Child][]): HTMLElement {
  const list = el('dl', { class: 'fields' })
  for (const [name, value] of entries)
    if (value !== null && value !== undefined) list.append(el('dt', {}, name), el('dd', {}, value))
  return list
}

export function table(columns: string[], rows: Child[][]): HTMLElement {
  const head = el('tr', {}, ...columns.map((name) => el('th', { scope: 'col' }, name)))
  const body = rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell))))
  return el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)))
}
