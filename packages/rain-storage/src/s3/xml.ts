/** The little XML that S3 needs: writing elements, and reading flat lists of them. */

/** Text escaped for XML; control characters become references, as S3 does. */
export function escapeXml(text: string): string {
  let result = ''
  for (const character of text) {
    const code = character.charCodeAt(0)
    const plain = code >= 32 ? !'&<>"\''.includes(character) : code === 9 || code === 10
    result += plain ? character : `&#${code};`
  }
  return result
}

/** A value of an element: text, children, or several elements of one name. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue }

/** An element with its children; `undefined` is left out, an array repeats the element. */
export function element(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item)).join('')
  if (typeof value === 'object') {
    return `<${name}>${Object.entries(value)
      .map(([child, inner]) => element(child, inner))
      .join('')}</${name}>`
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

/** A document of the S3 name space. */
export function xmlDocument(root: string, value: XmlValue): string {
  const body = element(root, value).replace(`<${root}>`, `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`
}

/**
 * The contents of every element `name` in `xml`, without its own markup. No entities are expanded but the five of XML and character references.
 * Cost: linear, whatever is sent: where one element does not end, no later one does.
 */
export function elementsOf(xml: string, name: string): string[] {
  const found: string[] = []
  const opening = new RegExp(`<(?:\\w+:)?${name}(?=[\\s>])`, 'g')
  const closing = new RegExp(`</(?:\\w+:)?${name}>`, 'g')
  while (opening.exec(xml) !== null) {
    const start = xml.indexOf('>', opening.lastIndex) + 1
    closing.lastIndex = start
    const end = start === 0 ? null : closing.exec(xml)
    if (end === null) break
    found.push(xml.slice(start, end.index))
    opening.lastIndex = closing.lastIndex
  }
  return found
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The text of the first element `name`, or `undefined`. */
export function textOf(xml: string, name: string): string | undefined {
  const inner = elementsOf(xml, name)[0]
  return inner === undefined ? undefined : unescapeXml(inner)
}

/** Text with its entities and character references read. */
export function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w{2,4});/g, (whole, entity: string) => {
    if (!entity.startsWith('#')) return NAMED[entity] ?? whole
    const code = entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1))
    return code <= 0x10_ffff ? String.fromCodePoint(code) : whole
  })
}
