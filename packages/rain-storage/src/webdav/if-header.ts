/** The `If` header (RFC 4918 §10.4): lists of states that a resource must be in, and the lock tokens that a client submits. */
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'

/** One condition of a list. */
export interface StateCondition {
  readonly not: boolean
  readonly kind: 'token' | 'etag'
  /** a lock token, or an entity tag with its quotes */
  readonly value: string
}

/** One list: all its conditions together. */
export interface StateList {
  /** the resource, a URL; `undefined` for that of the request */
  readonly tag: string | undefined
  readonly conditions: readonly StateCondition[]
}

const SPACES = /[ \t]*/y
const TAG = /<([^<>\s]+)>/y
const CONDITION = /(Not[ \t]*)?(?:<([^<>\s]+)>|\[((?:W\/)?"[^"]*")\])/iy

/**
 * Reads the header; an empty list for none.
 * @throws DavFailure 400
 */
export function parseIf(header: string | null): readonly StateList[] {
  if (header === null) return []
  if (header.length > WEBDAV_LIMITS.ifCharacters) throw new DavFailure(400, 'The If header is too long')
  const lists: StateList[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  const broken = () => new DavFailure(400, `The If header is broken at character ${at}`)
  let tag: string | undefined
  let tagIsUsed = true
  for (take(SPACES); at < header.length; take(SPACES)) {
    const tagged = take(TAG)
    if (tagged !== null) {
      // all lists have a tag, or none has
      if (!tagIsUsed || (tag === undefined && lists.length > 0)) throw broken()
      tag = tagged[1]!
      tagIsUsed = false
      continue
    }
    if (header[at] !== '(') throw broken()
    at++
    const conditions: StateCondition[] = []
    for (take(SPACES); header[at] !== ')'; take(SPACES)) {
      const match = take(CONDITION)
      if (match === null) throw broken()
      const not = match[1] !== undefined
      conditions.push(
        match[2] === undefined ? { not, kind: 'etag', value: match[3]! } : { not, kind: 'token', value: match[2] },
      )
    }
    at++
    if (conditions.length === 0) throw broken()
    lists.push({ tag, conditions })
    tagIsUsed = true
  }
  if (lists.length === 0 || !tagIsUsed) throw broken()
  return lists
}

/** All tokens of the header: having said one is to have submitted it, wherever it stands. */
export function submittedTokens(lists: readonly StateList[]): ReadonlySet<string> {
  const tokens = lists.flatMap(({ conditions }) => conditions.filter(({ kind }) => kind === 'token'))
  return new Set(tokens.map(({ value }) => value))
}
