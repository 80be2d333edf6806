/**
 * One form for functions that are the same: only what is reachable, in the order in which it is reached, under names that tell nothing.
 * solc's names carry numbers of the whole program, so without this the same module cut from two applications would not be the same bytes.
 */
import { type ContractCode, callsOf, type DispatchCase } from '../yul/object.ts'
import type { Token } from '../yul/tokens.ts'

const KEYWORDS = new Set([
  'let',
  'function',
  'if',
  'switch',
  'case',
  'default',
  'for',
  'break',
  'continue',
  'leave',
  'true',
  'false',
  'hex',
])

/** Functions that `roots` reach, depth first, each once. */
export function reachable(code: ContractCode, roots: readonly Token[]): string[] {
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    for (const callee of code.functions.get(name)!.calls) visit(callee)
  }
  for (const root of callsOf(roots, code.functions)) visit(root)
  return [...found]
}

/** The tokens of `cases` (by selector) and of all functions that they and `rest` need, renamed. */
export function canonicalFunctions(
  code: ContractCode,
  cases: readonly DispatchCase[],
  rest: readonly Token[],
): { cases: DispatchCase[]; rest: Token[]; functions: Token[] } {
  const sorted = [...cases].sort((a, b) => (a.selector < b.selector ? -1 : 1))
  const names = new Map<string, string>()
  for (const name of reachable(code, [...sorted.flatMap(({ body }) => body), ...rest]))
    names.set(name, `f${names.size}`)
  return {
    cases: sorted.map(({ selector, body }) => ({ selector, body: renameLocals(body, names) })),
    // In the scope that the functions stand in: their variables must not have the same names.
    rest: renameLocals(rest, names, 'outer'),
    functions: [...names.keys()].flatMap((name) => renameLocals(code.functions.get(name)!.tokens, names)),
  }
}

/** Names variables by the order in which they appear. A word before a parenthesis that is no function of the program is a builtin. */
function renameLocals(tokens: readonly Token[], functions: ReadonlyMap<string, string>, prefix = 'v'): Token[] {
  const variables = new Map<string, string>()
  return tokens.map((token, at) => {
    if (token.kind !== 'word' || KEYWORDS.has(token.text)) return token
    const renamed = functions.get(token.text)
    if (renamed) return { kind: 'word', text: renamed }
    if (tokens[at + 1]?.text === '(') return token
    let variable = variables.get(token.text)
    if (!variable) {
      variable = `${prefix}${variables.size}`
      variables.set(token.text, variable)
    }
    return { kind: 'word', text: variable }
  })
}
