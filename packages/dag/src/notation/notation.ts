/**
 * A text notation for DAGs, for tests, docs and failing seeds. A line is a unit and its parents:
 *
 * ```
 * g                     the genesis: the first unit, without parents
 * A1: g                 unit of validator A in round 1; its first parent is its self-parent
 * B1: g, pay            lowercase names are user units
 * A2: A1, *             * is every unit of the round before (and the self-parent only once); *-B all but B's
 * A2': A1               an apostrophe tells units of one validator and round apart
 * commit: A2, B4        leaders, in the order of their commits
 * claim coin: pay, pay2 units that spend the same thing
 * writes pay: 0x01      keys that a unit writes, for zones
 * # comment
 * ```
 */
import { DagError } from '../errors.ts'

/** One unit of a notation. */
export interface NotedUnit {
  readonly name: string
  /** In the order of the header. */
  readonly parents: readonly string[]
  /** Undefined for user units. */
  readonly validator: { readonly name: string; readonly round: number } | undefined
}

/** What a notation says. */
export interface Notation {
  /** Parents come first. */
  readonly units: readonly NotedUnit[]
  readonly commits: readonly string[]
  readonly claims: ReadonlyMap<string, readonly string[]>
  readonly writes: ReadonlyMap<string, readonly string[]>
}

const NAME = /^[A-Za-z][A-Za-z0-9_]*'*$/
const VALIDATOR = /^([A-Z]+)([1-9][0-9]*)'*$/

function list(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Reads the notation. Throws `DAG_INVALID_ARGUMENT` with the line for names that are unknown, repeated or misspelt. */
export function parseNotation(text: string): Notation {
  const units: NotedUnit[] = []
  const byName = new Map<string, NotedUnit>()
  const commits: string[] = []
  const claims = new Map<string, string[]>()
  const writes = new Map<string, string[]>()
  text.split('\n').forEach((raw, i) => {
    const fail = (what: string): never => {
      throw new DagError('DAG_INVALID_ARGUMENT', `line ${i + 1}: ${what}`, { line: i + 1, text: raw })
    }
    const known = (names: string[]) => {
      for (const name of names) if (!byName.has(name)) fail(`unit "${name}" is not defined above`)
      return names
    }
    const line = raw.replace(/#.*/, '').trim()
    if (line === '') return
    const colon = line.indexOf(':')
    const head = (colon < 0 ? line : line.slice(0, colon)).trim()
    const items = list(colon < 0 ? '' : line.slice(colon + 1))
    const [word, subject] = head.split(/\s+/) as [string, string | undefined]
    if (head === 'commit') commits.push(...known(items))
    else if (word === 'claim' && subject) claims.set(subject, [...(claims.get(subject) ?? []), ...known(items)])
    else if (word === 'writes' && subject) writes.set(known([subject])[0]!, items)
    else {
      if (!NAME.test(head)) fail(`"${head}" is not a name`)
      if (byName.has(head)) fail(`unit "${head}" is defined twice`)
      if (items.length === 0 && units.length > 0) fail(`unit "${head}" has no parents, and is not the first`)
      const match = VALIDATOR.exec(head)
      const validator = match && units.length > 0 ? { name: match[1]!, round: Number(match[2]) } : undefined
      const unit = { name: head, parents: expand(items, validator?.round ?? 0, units, fail, known), validator }
      units.push(unit)
      byName.set(head, unit)
    }
  })
  if (units.length === 0) throw new DagError('DAG_INVALID_ARGUMENT', 'the notation has no units', {})
  return { units, commits, claims, writes }
}

function expand(
  items: string[],
  round: number,
  units: readonly NotedUnit[],
  fail: (what: string) => never,
  known: (names: string[]) => string[],
): string[] {
  const without = new Set(items.filter((item) => item.startsWith('*-')).map((item) => item.slice(2)))
  const parents = items.flatMap((item) => {
    if (!item.startsWith('*')) return known([item])
    if (item !== '*' && !item.startsWith('*-')) fail(`"${item}" is neither * nor *-X`)
    const before = units.filter(({ validator }) => validator?.round === round - 1 && !without.has(validator.name))
    return before.map(({ name }) => name)
  })
  return [...new Set(parents)]
}

/** Writes the notation, one unit a line. `parseNotation` reads it back. */
export function formatNotation(notation: Pick<Notation, 'units'> & Partial<Notation>): string {
  const lines = notation.units.map(({ name, parents }) =>
    parents.length === 0 ? name : `${name}: ${parents.join(', ')}`,
  )
  if (notation.commits?.length) lines.push(`commit: ${notation.commits.join(', ')}`)
  for (const [key, names] of notation.claims ?? []) lines.push(`claim ${key}: ${names.join(', ')}`)
  for (const [name, keys] of notation.writes ?? []) lines.push(`writes ${name}: ${keys.join(', ')}`)
  return `${lines.join('\n')}\n`
}
