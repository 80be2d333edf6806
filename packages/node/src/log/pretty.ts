/** Log lines for people: time, level, message, then what belongs to it. */

const NAMES: Record<number, string> = {
  20: '\x1b[90mdebug\x1b[0m',
  30: '\x1b[32minfo \x1b[0m',
  40: '\x1b[33mwarn \x1b[0m',
  50: '\x1b[31merror\x1b[0m',
}
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg'])

export function prettyLine(json: string): string {
  const entry = JSON.parse(json) as { level: number; time: number; msg?: string } & Record<string, unknown>
  const rest = Object.entries(entry)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => ` \x1b[90m${name}=\x1b[0m${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const time = new Date(entry.time).toTimeString().slice(0, 8)
  return `${time} ${NAMES[entry.level] ?? entry.level} ${entry.msg ?? ''}${rest.join('')}\n`
}

/** A destination for pino that writes lines for people to `out`. */
export function prettyStream(out: { write(text: string): unknown }): { write(json: string): void } {
  return { write: (json) => void out.write(prettyLine(json)) }
}
