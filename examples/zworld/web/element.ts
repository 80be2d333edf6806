type Properties<Tag extends keyof HTMLElementTagNameMap> = Omit<Partial<HTMLElementTagNameMap[Tag]>, 'attributes'> & {
  readonly attributes?: Readonly<Record<string, string>>
}

type Child = Node | string | undefined | false

/** An element with properties and children; text is text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties<Tag> = {} as Properties<Tag>,
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const { attributes, ...rest } = properties
  const made = Object.assign(document.createElement(tag), rest)
  for (const [name, value] of Object.entries<string>(attributes ?? {})) made.setAttribute(name, value)
  made.append(...children.filter((child) => child !== undefined && child !== false))
  return made
}

/** A card with a heading. */
export const card = (heading: string, ...children: Child[]) =>
  element('section', { className: 'card' }, element('h2', {}, heading), ...children)

/** A line with text on the left and buttons on the right. */
export const row = (left: Child[], right: Child[] = []) =>
  element('div', { className: 'row' }, element('div', {}, ...left), element('div', { className: 'actions' }, ...right))

export const muted = (text: string) => element('p', { className: 'muted' }, text)
