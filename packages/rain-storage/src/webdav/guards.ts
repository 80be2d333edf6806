/** What must hold before a request changes something: its conditions (RFC 9110 §13, RFC 4918 §10.4), and the locks in its way (§7). */
import { parseTime } from '../content/time.ts'
import { matches } from '../gateway/http.ts'
import type { Call, Parts } from './call.ts'
import { DavFailure, MembersFailure } from './failure.ts'
import type { StateCondition } from './if-header.ts'
import type { Lock } from './locks.ts'
import { type DavPath, hrefOf, pathOfReference } from './path.ts'
import type { Node } from './tree.ts'

const etagOf = (node: Node | undefined): string | undefined => (node?.kind === 'file' ? `"${node.etag}"` : undefined)

/** `If-Match`: compared strongly, so a weak tag matches nothing. */
function isMatch(header: string, node: Node | undefined): boolean {
  const etag = etagOf(node)
  return header.split(',').some((part) => (part.trim() === '*' ? node !== undefined : part.trim() === etag))
}

/** True when the resource was changed after the time of a header; false for one that is no time. Times of HTTP have whole seconds. */
const isLater = (node: Node, header: string | null) =>
  Math.floor(node.modifiedMs / 1000) * 1000 > parseTime(header ?? '')

/**
 * The conditions of a reading request. @throws DavFailure 412
 */
export function checkRead({ headers }: Call, node: Node): 'go' | 'not modified' {
  checkTags(headers, node)
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) return matches(noneMatch, etagOf(node) ?? '') ? 'not modified' : 'go'
  const since = headers.get('if-modified-since')
  return since !== null && !Number.isNaN(parseTime(since)) && !isLater(node, since) ? 'not modified' : 'go'
}

/**
 * The conditions of a changing request on what its path names now. @throws DavFailure 412
 */
export async function checkWrite(parts: Parts, call: Call, node: Node | undefined): Promise<void> {
  await checkStates(parts, call)
  checkTags(call.headers, node)
  const noneMatch = call.headers.get('if-none-match')
  if (noneMatch === null || node === undefined) return
  if (noneMatch.trim() === '*' || matches(noneMatch, etagOf(node) ?? ''))
    throw new DavFailure(412, 'The resource is there already')
}

function checkTags(headers: Headers, node: Node | undefined): void {
  const match = headers.get('if-match')
  if (match !== null && !isMatch(match, node)) throw new DavFailure(412, 'The resource has another tag')
  if (match === null && node !== undefined && isLater(node, headers.get('if-unmodified-since')))
    throw new DavFailure(412, 'The resource was changed')
}

/** The `If` header: one of its lists must hold. @throws DavFailure 412 */
async function checkStates(parts: Parts, call: Call): Promise<void> {
  if (call.lists.length === 0) return
  const { tree, locks, prefix } = parts
  const states = new Map<string, { etag: string | undefined; tokens: Set<string> }>()
  const stateOf = async (tag: string | undefined) => {
    const known = states.get(tag ?? '')
    if (known !== undefined) return known
    const path = tag === undefined ? call.path : pathOfReference(tag, call.url, prefix)
    const etag = path && etagOf((await tree.locate(path)).node)
    const state = { etag, tokens: new Set(path && locks.covering(path).map(({ token }) => token)) }
    states.set(tag ?? '', state)
    return state
  }
  for (const { tag, conditions } of call.lists) {
    const { etag, tokens } = await stateOf(tag)
    const holds = ({ kind, value, not }: StateCondition) =>
      (kind === 'etag' ? value === etag : tokens.has(value)) !== not
    if (conditions.every(holds)) return
  }
  throw new DavFailure(412, 'No list of the If header holds')
}

/** How a request changes a path. */
export interface Touch {
  readonly path: DavPath
  /** its content or properties, or it goes away: locks that it is under count */
  readonly itself?: boolean
  /** it is added to its collection, or removed: locks of the collection count */
  readonly membership?: boolean
  /** all below it goes away: locks there count */
  readonly below?: boolean
}

/**
 * Every path that is changed must be under no lock, or the request must have submitted a token of its account's for one of those locks.
 * @throws DavFailure 423; MembersFailure when only members of a collection are locked
 */
export function checkLocks({ locks, prefix }: Parts, call: Call, touches: readonly Touch[]): void {
  const closed = (some: readonly Lock[]) =>
    some.length > 0 && !some.some(({ token, account }) => call.submitted.has(token) && account === call.account)
  const roots = (some: readonly Lock[]) => some.map((lock) => hrefOf(lock.path, prefix, false))
  for (const { path, itself, membership } of touches) {
    for (const some of [itself ? locks.covering(path) : [], membership ? locks.covering(path.slice(0, -1)) : []]) {
      if (closed(some)) throw new DavFailure(423, 'It is locked', 'lock-token-submitted', [...new Set(roots(some))])
    }
  }
  const members = touches.flatMap(({ path, below }) => (below ? locks.below(path) : []))
  const inTheWay = members.filter(({ path }) => closed(locks.covering(path)))
  if (inTheWay.length === 0) return
  const hrefs = [...new Set(roots(inTheWay))]
  throw new MembersFailure(
    hrefs.map((href) => ({ href, status: 423 })),
    'lock-token-submitted',
  )
}
