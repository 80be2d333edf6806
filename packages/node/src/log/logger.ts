import { type Level, pino } from 'pino'
import type { Logger } from '../node-api.ts'
import { prettyStream } from './pretty.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export interface LoggerOptions {
  name: string
  level: string
  /** Where lines go. Default: standard output. */
  file?: string
  /** Lines for people; JSON otherwise. */
  pretty?: boolean
}

/** The logger of a process: JSON by pino, or lines for people on a terminal. */
export function createLogger({ name, level, file, pretty = false }: LoggerOptions): Logger {
  const known = (LEVELS as readonly string[]).includes(level) ? (level as Level) : 'info'
  const destination = pretty ? prettyStream(process.stdout) : pino.destination({ dest: file ?? 1, sync: false })
  const log = pino({ name, level: known }, destination)
  const at =
    (kind: keyof Logger) =>
    (message: string, context: Record<string, unknown> = {}) =>
      log[kind](context, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
