/** What the commands have in common: their flags, one line for an error, lines for an application. */

import type { BuildProgress } from '../build/build.ts'
import { isZlibError, ZlibError } from '../errors.ts'
import type { SplitContract } from '../split/split.ts'

/** Flags of the commands that compile. */
export const SOURCE_ARGS = {
  file: { type: 'positional', description: 'Solidity file below the current folder', required: true },
  contract: { type: 'string', description: 'Contract of the file; default: the one with its name' },
  'max-bytes': { type: 'string', description: 'Largest facet, bytes; default: 24576' },
  json: { type: 'boolean', description: 'Print the result as one line of JSON' },
} as const

/** Flag of all commands that have a result. */
export const JSON_ARG = SOURCE_ARGS.json

/** Runs a command; an error becomes one line on stderr and exit code 1. */
export async function run(
  args: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, { readonly type?: string }>>,
  command: () => Promise<void> | void,
): Promise<void> {
  try {
    refuseUnknown(args, known)
    await command()
  } catch (error) {
    process.stderr.write(`zlib: ${oneLine(error)}\n`)
    process.exitCode = 1
  }
}

/** An error in one line; of solc's many lines the place and the message. */
export function oneLine(error: unknown): string {
  if (isZlibError(error, 'ZLIB_COMPILE')) {
    const [first] = error.context.errors as string[]
    const place = /--> ([^\n]+?):?\n/.exec(first ?? '')?.[1]
    const message = (first ?? '').trim().split('\n')[0]!
    return place ? `${place}: ${message}` : message
  }
  // What ethers adds in brackets (the whole transaction, among others) is of no use in a terminal.
  const text =
    (error as { shortMessage?: string }).shortMessage ?? (error instanceof Error ? error.message : String(error))
  return text.replaceAll(/\s*\n\s*/g, ' ')
}

/** Prints a line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Prints a result: as JSON when `--json` was given (amounts as decimal strings), else in lines. */
export function report(args: Readonly<Record<string, unknown>>, result: unknown, lines: readonly string[]): void {
  if (args.json === true)
    print(JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)))
  else for (const line of lines) print(line)
}

/** Shows how far a build is, in one line on stderr that is written over; nothing where nobody looks. */
export function showProgress(progress: BuildProgress): void {
  if (!process.stderr.isTTY) return
  const text =
    progress.stage === 'compiling'
      ? `compiling ${progress.contract} …`
      : progress.stage === 'splitting'
        ? `facet ${progress.facets}, ${progress.functionsLeft} functions left …`
        : ''
  process.stderr.write(`\r\x1b[2K${text}`)
}

/** Reads `--max-bytes`. */
export function maxBytesOf(flag: string | undefined): { maxBytes?: number } {
  if (flag === undefined) return {}
  if (!/^[1-9]\d{0,8}$/.test(flag))
    throw new ZlibError('ZLIB_INVALID_ARGUMENT', `--max-bytes must be a whole number, not "${flag}"`)
  return { maxBytes: Number(flag) }
}

/** What an application consists of, a line a piece. */
export function pieceLines(split: SplitContract): string[] {
  const line = (what: string, where: string, size: number, rest: string) =>
    `  ${what.padEnd(7)} ${where.padEnd(42)}  ${String(size).padStart(6)} bytes${rest}`
  return [
    ...split.libraries.map(({ address, size, name }) => line('library', address, size, `  ${name}`)),
    ...split.facets.map(({ address, size, selectors }) =>
      line('facet', address, size, `  ${selectors.length} functions`),
    ),
    line('router', '(at deployment)', split.routerSize, ''),
  ]
}

/** A misspelt flag should not pass in silence, nor a word too many. */
function refuseUnknown(
  args: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, { readonly type?: string }>>,
): void {
  const camel = (flag: string) => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const names = new Set(Object.keys(known).flatMap((name) => [name, camel(name)]))
  for (const name of Object.keys(args))
    if (name !== '_' && !names.has(name))
      throw new ZlibError('ZLIB_INVALID_ARGUMENT', `there is no flag --${name}; see --help`)
  const positional = Object.values(known).filter(({ type }) => type === 'positional').length
  const extra = (args._ as string[])[positional]
  if (extra !== undefined) throw new ZlibError('ZLIB_INVALID_ARGUMENT', `"${extra}" is not expected here; see --help`)
}
