/** The `_redirects` file of a site (specs.ipfs.tech/http-gateways/web-redirects-file). */
import { StorageError } from '../errors.ts'

/** Largest file, as the specification has it. */
export const MAX_REDIRECTS_BYTES = 64 * 1024
const STATUSES: readonly number[] = [200, 301, 302, 303, 307, 308, 404, 410, 451]

/** A rule. */
export interface Redirect {
  readonly from: string
  readonly to: string
  readonly status: number
}

/**
 * Reads the rules; comments and empty lines are skipped.
 * @throws StorageError `STORAGE_LIMIT`, `STORAGE_MALFORMED`; both messages begin with "could not parse _redirects:"
 */
export function parseRedirects(bytes: Uint8Array): Redirect[] {
  if (bytes.length > MAX_REDIRECTS_BYTES)
    throw new StorageError(
      'STORAGE_LIMIT',
      `could not parse _redirects: redirects file size cannot exceed ${MAX_REDIRECTS_BYTES} bytes`,
      { length: bytes.length },
    )
  const rules: Redirect[] = []
  for (const [i, line] of new TextDecoder().decode(bytes).split(/\r?\n/).entries()) {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
    if (words.length === 0) continue
    const [from, to, status = '301'] = words
    const problem =
      words.length < 2 || words.length > 3
        ? 'a rule is "from to [status]"'
        : !from!.startsWith('/')
          ? 'the path begins with /'
          : /\*./.test(from!)
            ? 'an asterisk stands at the end only'
            : !STATUSES.includes(Number(status)) || !/^\d+$/.test(status)
              ? `status "${status}" is not supported`
              : !to!.startsWith('/') && !/^[a-z][a-z0-9+.-]*:\/\//i.test(to!)
                ? 'the target is a path or a URL'
                : undefined
    if (problem !== undefined)
      throw new StorageError('STORAGE_MALFORMED', `could not parse _redirects: line ${i + 1}: ${problem}`, {
        line: i + 1,
      })
    rules.push({ from: from!, to: to!, status: Number(status) })
  }
  return rules
}

/** The first rule for `path`, which is percent-encoded segment by segment, with its placeholders filled in as they stand there. */
export function findRedirect(rules: readonly Redirect[], path: string): Redirect | undefined {
  for (const rule of rules) {
    const values = match(rule.from, path)
    if (values === undefined) continue
    const to = rule.to.replace(/:([a-zA-Z][\w]*)/g, (all, name: string) => values.get(name) ?? all)
    return { ...rule, to }
  }
  return undefined
}

/** What the placeholders of `pattern` stand for in `path`; `undefined` when it does not fit. */
function match(pattern: string, path: string): Map<string, string> | undefined {
  const values = new Map<string, string>()
  const wanted = trim(pattern).split('/')
  const given = trim(path).split('/')
  for (const [i, part] of wanted.entries()) {
    if (part === '*') {
      values.set('splat', given.slice(i).join('/'))
      return values
    }
    const word = given[i]
    if (word === undefined) return undefined
    if (part.startsWith(':')) {
      if (word === '') return undefined
      values.set(part.slice(1), word)
    } else if (part !== word && part !== decodeURIComponent(word)) return undefined
  }
  return wanted.length === given.length ? values : undefined
}

function trim(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
