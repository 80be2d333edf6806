/**
 * Typed settings from four places: a flag wins over an environment variable, that over the configuration file, that over the default.
 * Each wrong value is reported with the place it came from.
 */
import { NodeError } from '../errors.ts'

export type SettingKind = 'text' | 'number' | 'switch' | 'list'

export interface Setting {
  kind: SettingKind
  description: string
  /** What stands for the value in the help. */
  hint?: string
  default?: string | number | boolean
  required?: boolean
  /** Of a number. */
  min?: number
  max?: number
}

export type Settings = Readonly<Record<string, Setting>>

type ValueOf<S extends Setting> = S['kind'] extends 'number'
  ? number
  : S['kind'] extends 'switch'
    ? boolean
    : S['kind'] extends 'list'
      ? string[]
      : string

type IsSet<S extends Setting> = S extends { required: true }
  ? true
  : S extends { default: string | number | boolean }
    ? true
    : false

/** Values by name. What has neither a default nor `required` may be undefined; lists are empty, switches false. */
export type ValuesOf<T extends Settings> = {
  readonly [Name in keyof T]: T[Name]['kind'] extends 'list' | 'switch'
    ? ValueOf<T[Name]>
    : IsSet<T[Name]> extends true
      ? ValueOf<T[Name]>
      : ValueOf<T[Name]> | undefined
}

export interface Sources {
  /** Flags as the command line gave them; unknown ones are refused before. */
  flags: Readonly<Record<string, unknown>>
  env: Readonly<Record<string, string | undefined>>
  /** The parsed configuration file and its name. */
  file?: { name: string; values: Readonly<Record<string, unknown>> }
}

/** `round-interval` is `ZOS_ROUND_INTERVAL` in the environment and `roundInterval` in a file (or `round-interval`). */
export function envName(name: string): string {
  return `ZOS_${name.toUpperCase().replaceAll('-', '_')}`
}

export function fileName(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** Reads every setting of `settings`. Errors: `NODE_INVALID_ARGUMENT` naming the flag, variable or field that is wrong. */
export function readSettings<T extends Settings>(settings: T, sources: Sources): ValuesOf<T> {
  const values: Record<string, unknown> = {}
  refuseUnknownFields(settings, sources)
  for (const [name, setting] of Object.entries(settings)) {
    const found = find(name, sources)
    if (found) values[name] = parse(setting, found.value, found.source)
    else if (setting.default !== undefined) values[name] = parse(setting, setting.default, `--${name}`)
    else if (setting.required)
      throw invalid(`--${name} is needed (or ${envName(name)}, or ${fileName(name)} in the configuration file)`, name)
    else values[name] = setting.kind === 'list' ? [] : setting.kind === 'switch' ? false : undefined
  }
  return values as ValuesOf<T>
}

function find(name: string, { flags, env, file }: Sources): { value: unknown; source: string } | undefined {
  if (flags[name] !== undefined) return { value: flags[name], source: `--${name}` }
  const variable = envName(name)
  if (env[variable] !== undefined) return { value: env[variable], source: variable }
  for (const field of [fileName(name), name])
    if (file && Object.hasOwn(file.values, field))
      return { value: file.values[field], source: `${field} in ${file.name}` }
  return undefined
}

function refuseUnknownFields(settings: Settings, { file }: Sources): void {
  if (!file) return
  const known = new Set(Object.keys(settings).flatMap((name) => [name, fileName(name)]))
  for (const field of Object.keys(file.values))
    if (!known.has(field)) throw invalid(`there is no setting ${field} (in ${file.name})`, field)
}

function parse({ kind, min, max }: Setting, value: unknown, source: string): unknown {
  if (kind === 'number') {
    const number = typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isFinite(number))
      throw invalid(`${source} must be a whole number, not ${JSON.stringify(value)}`, source)
    if (number < (min ?? 0) || number > (max ?? Number.MAX_SAFE_INTEGER))
      throw invalid(`${source} must be ${min ?? 0} to ${max}`, source)
    return number
  }
  if (kind === 'switch') {
    if (typeof value === 'boolean') return value
    if (value === 'true' || value === '1') return true
    if (value === 'false' || value === '0' || value === '') return false
    throw invalid(`${source} must be true or false, not ${JSON.stringify(value)}`, source)
  }
  if (kind === 'list') {
    const items = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : undefined
    if (!items?.every((item) => typeof item === 'string'))
      throw invalid(`${source} must be a list of texts, not ${JSON.stringify(value)}`, source)
    return items.map((item) => item.trim()).filter((item) => item !== '')
  }
  if (typeof value !== 'string' || value === '')
    throw invalid(`${source} must be a text, not ${JSON.stringify(value)}`, source)
  return value
}

function invalid(message: string, setting: string): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message, { setting })
}
