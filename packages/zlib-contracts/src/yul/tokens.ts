import { ZlibError } from '../errors.ts'

/** A token of Yul (Solidity documentation, "Yul", grammar). Comments and white space are not tokens. */
export interface Token {
  readonly kind: 'word' | 'literal' | 'string' | 'symbol'
  readonly text: string
}

const WORD = /[a-zA-Z_$][a-zA-Z0-9_$.]*/y
const NUMBER = /0x[0-9a-fA-F]+|[0-9]+/y
const SYMBOLS = [':=', '->', '{', '}', '(', ')', ',', ':']

/** Cuts Yul into tokens. solc's comments hold quotes and braces of the Solidity source, so nothing less will do. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const char = source[at]!
    if (/\s/.test(char)) at++
    else if (source.startsWith('//', at)) at = endOf(source, '\n', at)
    else if (source.startsWith('/*', at)) at = endOf(source, '*/', at) + 1
    else if (char === '"') {
      const end = endOfString(source, at)
      tokens.push({ kind: 'string', text: source.slice(at, end) })
      at = end
    } else {
      const token = match(source, at)
      if (!token)
        throw new ZlibError('ZLIB_UNKNOWN_IR', `unexpected "${source.slice(at, at + 20)}" in the intermediate code`, {
          at,
        })
      tokens.push(token)
      at += token.text.length
    }
  }
  return tokens
}

/** The source text of tokens: one space between them, which is all that Yul needs. */
export function print(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join(' ')
}

/** Index of the token that closes the brace or parenthesis at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  const pair = tokens[open]!.text === '{' ? ['{', '}'] : ['(', ')']
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.kind !== 'symbol') continue
    if (tokens[at]!.text === pair[0]) depth++
    else if (tokens[at]!.text === pair[1] && --depth === 0) return at
  }
  throw new ZlibError('ZLIB_UNKNOWN_IR', `a "${pair[0]}" of the intermediate code is never closed`, { open })
}

function match(source: string, at: number): Token | undefined {
  const symbol = SYMBOLS.find((candidate) => source.startsWith(candidate, at))
  if (symbol) return { kind: 'symbol', text: symbol }
  NUMBER.lastIndex = at
  const number = NUMBER.exec(source)
  if (number) return { kind: 'literal', text: number[0] }
  WORD.lastIndex = at
  const word = WORD.exec(source)
  return word ? { kind: 'word', text: word[0] } : undefined
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from + 1)
  return end < 0 ? source.length : end + 1
}

function endOfString(source: string, open: number): number {
  for (let at = open + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === '"') return at + 1
  }
  throw new ZlibError('ZLIB_UNKNOWN_IR', 'a string of the intermediate code is never closed', { open })
}
