/**
 * A strict reader of the XML of requests (XML 1.0, Namespaces in XML 1.0). Without document types, hence without entities but the five of XML itself.
 * Elements keep their text as it came, because a server must give back the value of a property as it was set (RFC 4918 §4.3).
 */
import { escapeXml, unescapeXml } from '../s3/xml.ts'
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'

/** A name with its name space, which is empty for none. */
export interface XmlName {
  readonly space: string
  readonly local: string
}

/** An element. */
export interface XmlElement extends XmlName {
  readonly children: readonly XmlElement[]
  /** the element as it came, with the declarations and the `xml:lang` that it had from around it: it can stand anywhere */
  source(): string
  /** its character data without that of children */
  readonly text: string
}

const START =
  'A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C-\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
const NAME = `[${START}][${START}0-9.\\xB7\\u0300-\\u036F\\u203F-\\u2040-]*`
const QNAME = `(?:(${NAME}):)?(${NAME})`
const SPACE = '[ \\t\\r\\n]'
const sticky = (pattern: string) => new RegExp(pattern, 'uy')
const startTag = sticky(`<${QNAME}`)
const attribute = sticky(`${SPACE}+${QNAME}${SPACE}*=${SPACE}*(?:"([^<"]*)"|'([^<']*)')`)
const tagEnd = sticky(`${SPACE}*(/?)>`)
const endTag = sticky(`</${QNAME}${SPACE}*>`)
const comment = sticky('<!--(?:(?!--)[^])*-->')
const instruction = sticky(`<\\?(${NAME})(?:${SPACE}(?:(?!\\?>)[^])*)?\\?>`)
const cdata = sticky('<!\\[CDATA\\[((?:(?!\\]\\]>)[^])*)\\]\\]>')
const declaration = sticky(`<\\?xml${SPACE}+version${SPACE}*=${SPACE}*["']1\\.[0-9]["'](?:(?!\\?>)[^])*\\?>`)
const characters = sticky('[^<]+')
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
const reference = /&(?:(?:amp|lt|gt|quot|apos);|#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));)?/g

const XML_SPACE = 'http://www.w3.org/XML/1998/namespace'
const ROOT_SCOPE: ReadonlyMap<string, string> = new Map([['xml', XML_SPACE]])
/** Prefixes in scope: every element that declares one has a map of its own. */
const MAX_PREFIXES = 64
const XMLNS_SPACE = 'http://www.w3.org/2000/xmlns/'

interface Open extends XmlName {
  readonly qualified: string
  readonly start: number
  readonly nameEnd: number
  /** declarations in scope, by prefix */
  readonly scope: ReadonlyMap<string, string>
  /** prefixes, and `xml:lang`, that the start tag itself has */
  readonly own: ReadonlySet<string>
  readonly language: string | undefined
  readonly children: XmlElement[]
  text: string
}

/**
 * The root element of a document in UTF-8, or in UTF-16 with its mark.
 * @throws DavFailure 400 for what is not well-formed, 403 for a document type, 415 for another encoding
 */
export function readXml(bytes: Uint8Array): XmlElement {
  return new Reader(decode(bytes)).document()
}

function decode(bytes: Uint8Array): string {
  const wide =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined
  let text: string
  try {
    text = new TextDecoder(wide ?? 'utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw bad('the encoding')
  }
  const named = /^<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]?.toLowerCase()
  if (named !== undefined && named !== 'us-ascii' && !named.startsWith(wide === undefined ? 'utf-8' : 'utf-16'))
    throw new DavFailure(415, 'XML comes in UTF-8 or UTF-16')
  return text
}

function bad(what: string): DavFailure {
  return new DavFailure(400, `The XML is not well-formed: ${what}`)
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at = pattern.lastIndex
    return match
  }

  document(): XmlElement {
    if (NOT_XML.test(this.#text)) throw bad('a character that XML does not have')
    this.#take(declaration)
    let root: XmlElement | undefined
    const stack: Open[] = []
    while (this.#at < this.#text.length) {
      const top = stack.at(-1)
      const read = this.#take(characters)?.[0]
      if (read !== undefined) {
        if (read.includes(']]>')) throw bad('"]]>" in text')
        if (top !== undefined) top.text += expanded(read)
        else if (/[^ \t\r\n]/.test(read)) throw bad('text outside of the root')
        continue
      }
      if (this.#misc()) continue
      const literal = top && this.#take(cdata)
      if (literal) {
        top.text += literal[1]!
        continue
      }
      const end = this.#take(endTag)
      if (end !== null) {
        if (top === undefined || top.qualified !== qualified(end[1], end[2]!)) throw bad('tags do not match')
        stack.pop()
        root = this.#close(top, stack.at(-1)) ?? root
        continue
      }
      if (top === undefined && root !== undefined) throw bad('more than one root')
      const { open, empty } = this.#open(top)
      if (empty) root = this.#close(open, top) ?? root
      else if (stack.push(open) > WEBDAV_LIMITS.xmlDepth) throw bad('too many elements within elements')
    }
    if (root === undefined || stack.length > 0) throw bad('it ends too early')
    return root
  }

  /** Comments and processing instructions, which mean nothing here. */
  #misc(): boolean {
    if (this.#take(comment) !== null) return true
    if (this.#text.startsWith('<!DOCTYPE', this.#at))
      throw new DavFailure(403, 'A document type is not allowed', 'no-external-entities')
    const match = this.#take(instruction)
    if (match !== null && match[1]!.toLowerCase() === 'xml') throw bad('a second declaration')
    return match !== null
  }

  #open(parent: Open | undefined): { open: Open; empty: boolean } {
    const start = this.#at
    const tag = this.#take(startTag)
    if (tag === null) throw bad(`"${this.#text.slice(start, start + 20)}"`)
    const nameEnd = this.#at
    let scope: ReadonlyMap<string, string> = parent?.scope ?? ROOT_SCOPE
    const own = new Set<string>()
    const attributes: [string | undefined, string][] = []
    let language = parent?.language
    for (let match = this.#take(attribute); match !== null; match = this.#take(attribute)) {
      const [, prefix, local] = match
      const value = expanded(match[3] ?? match[4]!)
      if (prefix === 'xmlns' || (prefix === undefined && local === 'xmlns')) {
        const declared = prefix === undefined ? '' : local!
        if (own.has(declared)) throw bad('a declaration twice')
        if (declared === 'xmlns' || value === XMLNS_SPACE || (declared === 'xml') !== (value === XML_SPACE))
          throw bad('a reserved prefix')
        if (declared !== '' && value === '') throw bad('a prefix without a name space')
        own.add(declared)
        scope = new Map(scope).set(declared, value)
        if (scope.size > MAX_PREFIXES) throw bad('too many prefixes')
      } else attributes.push([prefix, local!])
      if (prefix === 'xml' && local === 'lang') {
        own.add('xml:lang')
        language = value
      }
    }
    const seen = new Set<string>()
    for (const [prefix, local] of attributes) {
      const name = `${prefix === undefined ? '' : spaceOf(scope, prefix)}\0${local}`
      if (seen.has(name)) throw bad('an attribute twice')
      seen.add(name)
    }
    const end = this.#take(tagEnd)
    if (end === null) throw bad('a start tag does not end')
    const [, prefix, local] = tag
    const space = prefix === undefined ? (scope.get('') ?? '') : spaceOf(scope, prefix)
    const open = {
      ...{ space, local: local!, qualified: qualified(prefix, local!), start, nameEnd },
      ...{ scope, own, language, children: [], text: '' },
    }
    return { open, empty: end[1] === '/' }
  }

  /** Hands an element to its parent, or gives it back when it is the root. */
  #close(open: Open, parent: Open | undefined): XmlElement | undefined {
    const { space, local, children, start, nameEnd, scope, own, language } = open
    const document = this.#text
    const end = this.#at
    const source = () => {
      let added = ''
      for (const [prefix, uri] of scope) {
        if (own.has(prefix) || prefix === 'xml') continue
        added += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeXml(uri)}"`
      }
      if (language !== undefined && !own.has('xml:lang')) added += ` xml:lang="${escapeXml(language)}"`
      return document.slice(start, nameEnd) + added + document.slice(nameEnd, end)
    }
    const element: XmlElement = { space, local, children, text: open.text, source }
    if (parent === undefined) return element
    parent.children.push(element)
    return undefined
  }
}

const qualified = (prefix: string | undefined, local: string) => (prefix === undefined ? local : `${prefix}:${local}`)

function spaceOf(scope: ReadonlyMap<string, string>, prefix: string): string {
  const space = scope.get(prefix)
  if (space === undefined) throw bad(`the prefix "${prefix}" is not declared`)
  return space
}

/** Character data with its references read. */
function expanded(text: string): string {
  for (const [whole, hex, decimal] of text.matchAll(reference)) {
    if (whole === '&') throw bad('an entity that is not known')
    const code = hex === undefined ? Number(decimal ?? 32) : Number.parseInt(hex, 16)
    if (code > 0x10_ffff || (code >= 0xd800 && code < 0xe000) || NOT_XML.test(String.fromCodePoint(code)))
      throw bad('a reference to what is no character')
  }
  return unescapeXml(text)
}
