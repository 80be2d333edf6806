/**
 * In intermediate code the address of an external library is `linkersymbol("file:Name")`. solc writes it wherever the source names a library,
 * also for a constant or an internal function of it; then the variable that takes the address is never read, and nothing has to be linked.
 */
const SYMBOL = /(?:\blet (\w+) := )?linkersymbol\("((?:[^"\\]|\\.)+)"\)/g
const VARIABLE = /(\blet )?\b(expr_\d+_address)\b/g

/** The libraries that intermediate code calls, each once. */
export function linkSymbols(ir: string): string[] {
  const read = variablesRead(ir)
  const called = [...ir.matchAll(SYMBOL)].filter(([, variable]) => isRead(variable, read))
  return [...new Set(called.map(([, , library]) => library!))]
}

/** Writes the addresses of libraries into intermediate code. `addressOf` may throw for one that it does not know. */
export function writeAddresses(ir: string, addressOf: (library: string) => string): string {
  const read = variablesRead(ir)
  return ir.replaceAll(SYMBOL, (_, variable: string | undefined, library: string) => {
    const address = isRead(variable, read) ? addressOf(library).toLowerCase() : '0x00'
    return variable === undefined ? address : `let ${variable} := ${address}`
  })
}

function variablesRead(ir: string): Set<string> {
  return new Set([...ir.matchAll(VARIABLE)].filter(([, declared]) => !declared).map(([, , name]) => name!))
}

/** A variable that does not look like what solc names the address of an expression counts as read. */
function isRead(variable: string | undefined, read: ReadonlySet<string>): boolean {
  return variable === undefined || !/^expr_\d+_address$/.test(variable) || read.has(variable)
}
