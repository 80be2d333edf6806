/** Ends the process with one line that says what is wrong. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  console.error(`zos: ${message}`)
  if (error instanceof Error && error.name !== 'NodeError' && process.env.ZOS_LOG === 'debug')
    console.error(error.stack)
  process.exit(1)
}

/** Refuses flags that the command does not have, and words beside them (`_`): a misspelt one should not pass in silence. */
export function refuseUnknown(args: Record<string, unknown>, known: readonly string[]): void {
  for (const name of Object.keys(args)) {
    if (name !== '_' && !known.includes(name) && !known.some((flag) => camel(flag) === name))
      fail(new Error(`there is no flag --${name}; see --help`))
  }
  const [extra] = (args._ ?? []) as string[]
  if (extra !== undefined) fail(new Error(`"${extra}" is not expected here; see --help`))
}

function camel(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
