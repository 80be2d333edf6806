/** What all commands of `zos-store` share: no flag or word passes in silence, and whatever goes wrong is one line and exit code 1. */
import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty'
import { StorageError } from '../errors.ts'

/** A command. `run` may throw anything. */
export function storeCommand<const T extends ArgsDef>(command: {
  meta: { readonly name: string; readonly description: string }
  args: T
  run: (context: { args: ParsedArgs<T> }) => Promise<void> | void
}): CommandDef<T> {
  return defineCommand({
    meta: command.meta,
    args: command.args,
    async run({ args }) {
      try {
        refuseUnknown(args, command.args)
        await command.run({ args })
      } catch (error) {
        console.error(`zos-store: ${error instanceof Error ? error.message : String(error)}`)
        if (process.env.ZOS_STORE_DEBUG && error instanceof Error) console.error(error.stack)
        // Nodes and servers that were opened by then would keep the process alive.
        process.exit(1)
      }
    },
  })
}

/** A command that is loaded when it is run: `--help` of those above it answers without loading libp2p or a store. */
export function lazy(load: () => Promise<{ default: unknown }>): () => Promise<CommandDef> {
  return () => load().then((module) => module.default as CommandDef)
}

function refuseUnknown(given: Readonly<Record<string, unknown>>, known: ArgsDef): void {
  const flags = new Set(Object.keys(known).flatMap((name) => [name, camel(name)]))
  for (const name of Object.keys(given))
    if (name !== '_' && !flags.has(name)) throw invalid(`there is no flag --${name}; see --help`)
  const words = Object.values(known).filter(({ type }) => type === 'positional').length
  const extra = (given._ as string[])[words]
  if (extra !== undefined) throw invalid(`"${extra}" is not expected here; see --help`)
}

function camel(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** The number that `text` is. @throws StorageError `STORAGE_INVALID_ARGUMENT` when it is none or out of bounds */
export function numberOf(
  flag: string,
  text: string,
  { least, most = Number.MAX_SAFE_INTEGER, whole = true }: { least: number; most?: number; whole?: boolean },
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || value < least || value > most || (whole && !Number.isInteger(value))) {
    const upTo = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw invalid(`--${flag} takes a ${whole ? 'whole ' : ''}number ${upTo}, not "${text}"`)
  }
  return value
}

/** A TCP port; 0 is any that is free. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function portOf(text: string): number {
  return numberOf('port', text, { least: 0, most: 65_535 })
}

function invalid(message: string): StorageError {
  return new StorageError('STORAGE_INVALID_ARGUMENT', message)
}
